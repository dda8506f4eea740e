"""The facts of a series report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from efs_backup.domain.forecast import Forecast, Line, foretell, line_through, usual_nights
from efs_backup.domain.operations.past_nights import past_nights
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.series_report.days import Day, Night, days_of, sane
from efs_backup.domain.snapshots.names import Interval, SnapshotName
from efs_backup.domain.snapshots.scrubbing import Damage

_MOST_MINUTES = 525_600
"""Of a window: a year. What is more was written by nobody of us."""

_LATE = {
    Interval.HOURLY: timedelta(hours=3),
    Interval.DAILY: timedelta(hours=36),
    Interval.WEEKLY: timedelta(days=9),
    Interval.MONTHLY: timedelta(days=35),
}
"""How old the last success may be before it is told as late."""


@dataclass(frozen=True)
class Kept:
    """A snapshot that somebody has said something about: why it stays, and a note; "" for nothing."""

    snapshot: str
    pin: str = ""
    note: str = ""


@dataclass(frozen=True)
class BusyDirectory:
    """A directory by its path, "." for the top; files that changed, bytes that are new, in so many nights."""

    path: str
    files: int
    size: int
    nights: int


@dataclass(frozen=True)
class Drill:
    """A rehearsed restore; seconds: what everything would take. where: its evidence."""

    start: datetime
    status: str
    files: int | None = None
    different: int | None = None
    seconds: float | None = None
    where: str = ""


@dataclass(frozen=True)
class ScrubCoverage:
    """How much of what is stored is read again: all in so many days (0: nothing), and how many days are not done."""

    days: int
    behind: int
    is_begun: bool = True


@dataclass(frozen=True)
class SeriesReport:
    """All that the page shows.

    snapshots: how many there are. looked_at: nights whose changes were counted. holds: sentences. lacks: sentences on
    what could not be read.
    """

    label: str
    interval: Interval
    made: datetime
    program: str
    nights: Sequence[Night] = ()
    snapshots: int = 0
    oldest: str = ""
    forecast: Forecast | None = None
    line: Line | None = None
    busiest: Sequence[BusyDirectory] = ()
    looked_at: int = 0
    holds: Sequence[str] = ()
    kept: Sequence[Kept] = ()
    damaged: Sequence[Damage] = ()
    drills: Sequence[Drill] = ()
    scrub: ScrubCoverage | None = None
    lacks: Sequence[str] = ()

    @property
    def days(self) -> list[Day]:
        """Half a year at most, a day each."""
        return days_of(self.nights, self.made)

    @property
    def last(self) -> Night | None:
        """The newest backup that has ended."""
        return next((night for night in reversed(self.nights) if night.status is not BackupStatus.RUNNING), None)

    @property
    def last_success(self) -> Night | None:
        """The newest backup that made a snapshot."""
        return next((night for night in reversed(self.nights) if night.status is BackupStatus.SUCCESS), None)

    @property
    def window(self) -> float | None:
        """The window of the newest backup in seconds; None for no end."""
        return self.last.window if self.last else None

    @property
    def is_late(self) -> bool:
        """Whether the last success is older than it should be."""
        last = self.last_success
        return last is None or self.made - last.start > _LATE[self.interval]


def foretold(
    records: Sequence[BackupRecord], interval: Interval, now: datetime, window_seconds: float | None
) -> tuple[Forecast | None, Line | None]:
    """Foretell durations from the records, with the line through the past ones; None where these are too few.

    window_seconds: the window where the newest record says none.
    """
    nights = list(past_nights(records, interval))
    newest = max(records, key=lambda record: record.start_time, default=None)
    window, stop = window_seconds, window_seconds
    if newest and 0 < newest.window_minutes <= _MOST_MINUTES:
        window, stop = newest.window_minutes * 60.0, (newest.window_stop - newest.start_time).total_seconds()
    forecast = foretell(nights, now, window, stop)
    known = usual_nights(nights, now) if forecast else []
    return forecast, line_through(known, lambda night: night.seconds) if known else None


def drill_of(evidence: Mapping[str, Any], where: str, label: str, interval: Interval) -> Drill | None:
    """A drill by its evidence; None where that is of another series. Raises ValueError where it is none."""
    try:
        if (evidence["label"], evidence["interval"]) != (label, interval):
            return None
        name, seconds = SnapshotName.parse(str(evidence["drill"])), evidence["whole_tree"]["estimated_seconds"]
        if name is None:
            raise ValueError(f"{evidence['drill']!r} is no time")
        bad = int(evidence["differing_files"]) + int(evidence["missing_files"])
        files = int(evidence["chosen"]["files"])
        return Drill(name.time, str(evidence["status"]), files, bad, sane(seconds), where)
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"it is no evidence of a drill: {error}") from error


def drills_of(records: Sequence[BackupRecord]) -> list[Drill]:
    """The drills on record, the newest first."""
    found = [
        Drill(
            record.start_time, str(record.drill_result or record.status), record.drill_files, record.drill_different,
            record.estimated_restore_seconds, record.drill_evidence or "",
        )
        for record in records if record.is_drill
    ]  # fmt: skip
    return sorted(found, key=lambda drill: drill.start, reverse=True)
