"""What the operator asks for."""

from dataclasses import dataclass
from enum import StrEnum

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.excludes import ExcludePattern
from efs_backup.domain.parts import JOBS_LIMIT
from efs_backup.domain.snapshots import DEFAULT_LABEL, FolderLabel, Interval, Retention, Selection


@dataclass(frozen=True)
class BackupOrder:
    """One backup: from where to where, under which label, and how many snapshots stay. Raises WrongUsage."""

    source: str
    backup: str
    label: FolderLabel = FolderLabel(DEFAULT_LABEL)
    interval: Interval = Interval.DAILY
    retention: Retention = Retention(7)
    jobs: int | None = None
    excludes: tuple[ExcludePattern, ...] = ()
    allow_empty: bool = False

    def __post_init__(self) -> None:
        _check_jobs(self.jobs)


class RestoreMode(StrEnum):
    """What a restore may do to what the target holds already."""

    OVERLAY = "overlay"
    MIRROR = "mirror"
    NEW = "new"


@dataclass(frozen=True)
class RestoreOrder:
    """One restore: which snapshot of which series, which part of it, to where and how."""

    backup: str
    target: str
    label: FolderLabel = FolderLabel(DEFAULT_LABEL)
    interval: Interval = Interval.DAILY
    selection: Selection = Selection()
    path: str = ""
    mode: RestoreMode = RestoreMode.OVERLAY
    jobs: int | None = None

    def __post_init__(self) -> None:
        _check_jobs(self.jobs)
        if ".." in self.path.split("/"):
            raise WrongUsage(f"The path {self.path!r} leads out of the snapshot.")


def _check_jobs(jobs: int | None) -> None:
    if jobs is not None and not 1 <= jobs <= JOBS_LIMIT:
        raise WrongUsage(f"The number of jobs must be 1 to {JOBS_LIMIT}, not {jobs}.")
