"""The pace of a copy: how fast it is, and whether the rest of it fits into the window."""

from dataclasses import dataclass

from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.humanize import sized

_LEAST_SECONDS = 10.0
"""Before that a pace foretells nothing."""


@dataclass(frozen=True)
class Pace:
    """How far a copy is. files, size: what the last backup had, 0 where nobody knows. seconds: since it began.

    seconds_left: until the window closes; None where there is none.
    """

    done: CopyStatistics
    seconds: float
    files: int = 0
    size: int = 0
    seconds_left: float | None = None

    @property
    def files_per_second(self) -> float:
        """Files that were looked at, linked and copied ones."""
        return self.done.number_of_files / max(self.seconds, 0.001)

    @property
    def seconds_to_go(self) -> float | None:
        """How long the rest takes at this pace; None where that cannot be told."""
        if not self.files or self.seconds < _LEAST_SECONDS or not self.done.number_of_files:
            return None
        return max(0, self.files - self.done.number_of_files) / self.files_per_second

    @property
    def files_over(self) -> int:
        """How many files will be left when the window closes; 0 where all fits, or nobody knows."""
        if self.seconds_left is None or self.seconds_to_go is None:
            return 0
        return max(0, int((self.seconds_to_go - self.seconds_left) * self.files_per_second))

    def text(self) -> str:
        """Files, bytes, their rates, and what that means for the window."""
        return f"{self.counts()}, {self.rates()}{self.forecast()}"

    def counts(self) -> str:
        """How much is done, of how much."""
        files, size = f"{self.done.number_of_files:,}", sized(self.done.total_file_size)
        if not self.files:
            return f"{files} files, {size}"
        return f"{files} of about {self.files:,} files, {size} of about {sized(self.size)}"

    def rates(self) -> str:
        """How fast that goes."""
        size = self.done.total_file_size / max(self.seconds, 0.001)
        return f"{self.files_per_second:,.0f} files/s, {sized(size)}/s"

    def forecast(self) -> str:
        """How long it takes, and whether the window is long enough, behind a comma; "" if neither is known."""
        left, to_go = self.seconds_left, self.seconds_to_go
        told = "" if to_go is None else f", about {_minutes(to_go)} to go"
        if self.files_over:
            return f"{told}, will not fit: about {self.files_over:,} files will be left when the window closes"
        return told if left is None else f"{told}, {_minutes(left)} left in the window"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min"
