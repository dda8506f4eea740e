"""The operator's request for a second copy."""

from dataclasses import dataclass

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.requests.requests import Asked
from efs_backup.domain.requests.tuning import Copier, Tuning
from efs_backup.domain.snapshots.names import DEFAULT_LABEL, FolderLabel, Interval, SnapshotName


@dataclass(frozen=True)
class CopyRequest:
    """One second copy: from BACKUP to OTHER, of which series, and which of its snapshots. Raises WrongUsage.

    newest: only so many of the newest; only: these alone; None for both: all that the rules of OTHER keep.
    asked: `source_moved` says that BACKUP, `backup_moved` that OTHER is meant to be another than the last time.
    """

    backup: str
    other: str
    label: FolderLabel = FolderLabel(DEFAULT_LABEL)
    interval: Interval = Interval.DAILY
    newest: int | None = None
    only: frozenset[SnapshotName] | None = None
    tuning: Tuning = Tuning()
    asked: Asked = Asked()

    def __post_init__(self) -> None:
        if self.newest is not None and self.only is not None:
            raise WrongUsage("Give only one of --snapshot and --newest.")
        if self.newest is not None and self.newest < 1:
            raise WrongUsage(f"--newest is 1 or more, or `all`, not {self.newest}.")
        if self.tuning.copier is not Copier.LINKS:
            raise WrongUsage("A second copy is made by links alone: rsync cannot tell what is equal by its hash.")
