"""Whether a stack may begin a series on its backup file system."""

from dataclasses import dataclass

from efs_backup.domain.errors import SeriesMissing
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.snapshots.names import FolderLabel


@dataclass(frozen=True)
class LabelFacts:
    """Facts about a label on the backup file system.

    has_snapshots: of this label, or partials. has_expected: any label holds the snapshot of the newest success on
    record. is_begun: the label's file is there, and knows of no snapshot: somebody began it by hand, or its first
    backup did not end. has_lost: the file knows of one.
    """

    has_snapshots: bool
    has_expected: bool
    is_begun: bool
    has_lost: bool = False


def may_begin(newest: BackupRecord | None, facts: LabelFacts, label: FolderLabel, file_system: str) -> bool:
    """Whether this is a first backup; False where the series is there. `newest`: the newest success on record.

    Raises SeriesMissing where this stack has made snapshots, and nothing shows that this is the file system that has
    them. Another label beside them, or a series begun by hand, is meant.
    """
    if facts.has_snapshots:
        return False
    is_meant = newest is None or facts.has_expected or facts.is_begun
    if is_meant and not facts.has_lost:
        return True
    raise SeriesMissing(
        f"{file_system} holds no backup of the label {label}, though {_known(newest)}.",
        "Find out whether that file system was replaced: give its id as ExistingBackupEFS to have it back. If a new one"
        f" is meant, begin on it by hand: mount it anywhere and run `efs-backup init SOURCE BACKUP --label {label}`.",
    )


def _known(newest: BackupRecord | None) -> str:
    if newest is None:
        return "its series.json knows of a snapshot"
    made = newest.snapshot or newest.start_time.isoformat()
    return f"this stack has made the snapshot {made} on {newest.backup or 'its backup file system'}"
