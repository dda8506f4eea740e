"""Whether a stack may begin a series on its backup file system."""

from dataclasses import dataclass

from efs_backup.domain.errors import SeriesMissing
from efs_backup.domain.record import Backup
from efs_backup.domain.snapshots import FolderLabel


@dataclass(frozen=True)
class LabelFacts:
    """Facts about a label on the backup file system.

    has_snapshots: of this label. is_begun: the label's file is there. has_expected: any label holds the snapshot of the
    newest success on record.
    """

    has_snapshots: bool
    is_begun: bool
    has_expected: bool


def may_begin(newest: Backup | None, facts: LabelFacts, label: FolderLabel, file_system: str) -> bool:
    """Whether this is a first backup; False where the series is there. `newest`: the newest success on record.

    Raises SeriesMissing where this stack has made snapshots, and nothing shows that this is the file system that has
    them. Another label beside them, or a series begun by hand, is meant.
    """
    if facts.has_snapshots:
        return False
    if newest is None or facts.is_begun or facts.has_expected:
        return True
    raise SeriesMissing(
        f"{file_system} holds no backup of the label {label}, though this stack has made the snapshot"
        f" {newest.snapshot or newest.start_time.isoformat()} on {newest.backup or 'its backup file system'}.",
        "Find out whether that file system was replaced: give its id as ExistingBackupEFS to have it back. If a new one"
        f" is meant, begin on it by hand: mount it anywhere and run `efs-backup init SOURCE BACKUP --label {label}`.",
    )
