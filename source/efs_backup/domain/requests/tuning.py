"""How the operator wants a copy to be done, where the machine and the tree shall not decide."""

from dataclasses import dataclass
from enum import StrEnum

from efs_backup.domain.errors import WrongUsage

JOBS_LIMIT = 64
"""Requests that a Linux NFS client sends at a time over one mount (its session's slot table)."""


class Copier(StrEnum):
    """The way in which files are brought: by our own workers, and rsync for the rest; or by rsync alone."""

    LINKS = "links"
    RSYNC = "rsync"


@dataclass(frozen=True)
class Tuning:
    """Workers or parts at a time, threads in each worker, files in a part, operations a second in all; None: chosen.

    Threads are the links copier's only. Raises WrongUsage.
    """

    copier: Copier = Copier.LINKS
    jobs: int | None = None
    threads: int | None = None
    files_per_part: int | None = None
    operations_per_second: float | None = None

    def __post_init__(self) -> None:
        _check("jobs", self.jobs, JOBS_LIMIT)
        _check("threads", self.threads, JOBS_LIMIT)
        if self.files_per_part is not None and self.files_per_part < 1:
            raise WrongUsage(f"A part must have at least 1 file, not {self.files_per_part}.")
        if self.operations_per_second is not None and not 1 <= self.operations_per_second < float("inf"):
            raise WrongUsage(f"At least 1 operation a second is needed, not {self.operations_per_second:g}.")
        if self.operations_per_second is not None and self.copier is Copier.RSYNC:
            raise WrongUsage("Operations of rsync alone are not counted and cannot be limited: use --copier links.")


def _check(name: str, number: int | None, most: int) -> None:
    if number is not None and not 1 <= number <= most:
        raise WrongUsage(f"The number of {name} must be 1 to {most}, not {number}.")
