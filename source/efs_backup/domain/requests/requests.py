"""The operator's requests for a backup and for a restore."""

from dataclasses import dataclass
from enum import StrEnum

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.requests.excludes import ExcludePattern
from efs_backup.domain.requests.tuning import Tuning
from efs_backup.domain.snapshots.names import DEFAULT_LABEL, FolderLabel, Interval
from efs_backup.domain.snapshots.retention import DEFAULT_RETENTION, Retention
from efs_backup.domain.snapshots.scrubbing import DEFAULT_SCRUB, ScrubRule
from efs_backup.domain.snapshots.selection import Selection


@dataclass(frozen=True)
class Named:
    """The ids of both file systems, for one who has mounted them himself; the source's with the directory in it."""

    source_file_system: str
    source: str
    backup_file_system: str


@dataclass(frozen=True)
class Asked:
    """The wishes about a series; None and False where nothing was said.

    init: a first backup is meant. source_moved, backup_moved: the change is meant. saves: what is given becomes the
    series' own rule instead of holding for once. confirms: a new rule may drop more than half of the snapshots.
    """

    retention: Retention | None = None
    excludes: tuple[ExcludePattern, ...] | None = None
    window_minutes: float | None = None
    init: bool = False
    source_moved: bool = False
    backup_moved: bool = False
    saves: bool = False
    confirms: bool = False
    named: Named | None = None


@dataclass(frozen=True)
class BackupRequest:
    """One backup: from where to where, under which label, and how many snapshots stay. Raises WrongUsage.

    retention and excludes are settled by what was asked and what the series knows.
    with_content: compare contents, not only attributes. tolerated_unreadable: so many names that cannot be read are
    left out of a snapshot that is published all the same. keeps_spare: the newest snapshot that is dropped stays on the
    disk, to become the next partial. scrub: how much of what is stored is read again afterwards.
    """

    source: str
    backup: str
    label: FolderLabel = FolderLabel(DEFAULT_LABEL)
    interval: Interval = Interval.DAILY
    retention: Retention = DEFAULT_RETENTION
    tuning: Tuning = Tuning()
    excludes: tuple[ExcludePattern, ...] = ()
    allow_empty: bool = False
    with_content: bool = False
    tolerated_unreadable: int = 0
    one_file_system: bool = False
    keeps_spare: bool = True
    scrub: ScrubRule = DEFAULT_SCRUB
    asked: Asked = Asked()

    def __post_init__(self) -> None:
        if self.tolerated_unreadable < 0:
            raise WrongUsage(f"Only 0 or more unreadable files can be tolerated, not {self.tolerated_unreadable}.")


class RestoreMode(StrEnum):
    """The rights of a restore over what the target holds already."""

    OVERLAY = "overlay"
    MIRROR = "mirror"
    NEW = "new"


@dataclass(frozen=True)
class RestoreRequest:
    """One restore: which snapshot of which series, which parts of it (none: all), to where and how. Raises WrongUsage.

    with_content: whether contents are compared; None: where the target's file was touched after the snapshot was made.
    chosen: only these paths of the one part, each at its own place in the target, a directory with all that is in it;
    None: all of it. A name among them that the snapshot has not is not brought, and no failure.
    new_name: what the one file of `paths` is called in the target; None: as in the snapshot. keeps_replaced: an overlay
    moves what it replaces to a quarantine too, and notes what it makes, so that it can be undone. within: the root of
    the target's file system, from which no symlink may lead to the target, whoever makes one meanwhile.
    """

    backup: str
    target: str
    label: FolderLabel = FolderLabel(DEFAULT_LABEL)
    interval: Interval = Interval.DAILY
    selection: Selection = Selection()
    paths: tuple[str, ...] = ()
    mode: RestoreMode = RestoreMode.OVERLAY
    tuning: Tuning = Tuning()
    with_content: bool | None = None
    chosen: tuple[str, ...] | None = None
    new_name: str | None = None
    keeps_replaced: bool = False
    within: str | None = None

    @property
    def has_quarantine(self) -> bool:
        """Whether what makes way is moved aside instead of being overwritten."""
        return self.mode is RestoreMode.MIRROR or self.keeps_replaced

    def __post_init__(self) -> None:
        for path in (*self.paths, *(self.chosen or ())):
            if ".." in path.split("/"):
                raise WrongUsage(f"The path {path!r} leads out of the snapshot.")
        if len(self.paths) > 1 and self.mode is RestoreMode.MIRROR:
            raise WrongUsage(
                "A mirror of several paths into one TARGET is refused: each would delete what only the others have."
                " Mirror each into a directory of its own, or use --mode overlay."
            )
