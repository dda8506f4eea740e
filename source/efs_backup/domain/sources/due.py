"""Which rows are due, and how old the last success of each may be."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.operations.figures import Figure, window_used
from efs_backup.domain.operations.hold_requests import held_days
from efs_backup.domain.operations.record import BackupRecord, newest_success
from efs_backup.domain.snapshots.names import Interval
from efs_backup.domain.sources.row import Source

MAXIMUM_AGES = {Interval.HOURLY: 4, Interval.DAILY: 36, Interval.WEEKLY: 180, Interval.MONTHLY: 756}
"""Hours: the interval and half a day; of hourly backups, three that are missed."""


@dataclass(frozen=True)
class Due:
    """A row whose schedule has fired. `seed` is the same whenever that is found out."""

    row: Source
    planned: datetime

    @property
    def seed(self) -> str:
        """The seed that names this start."""
        return f"{self.row.identity} {self.planned.isoformat()}"


def due_rows(rows: Iterable[Source], now: datetime) -> Iterator[Due | str]:
    """The starts that are due, each found again for an hour; a sentence for a row whose schedule cannot be read."""
    for row in rows:
        try:
            planned = row.schedule.last_due(now, row.since)
        except WrongUsage as error:
            yield f"The row {row.identity} cannot start: {error.message}"
            continue
        if planned is not None:
            yield Due(row, planned)


def of_row(backups: Iterable[BackupRecord], row: Source) -> list[BackupRecord]:
    """The records of a row."""
    return [each for each in backups if (each.label, each.interval) == (str(row.label), row.interval)]


def hours_of_first(backups: Sequence[BackupRecord], now: datetime) -> float | None:
    """The hours since the last success of the first row, or since its first record; None where it has none."""
    own = [each for each in backups if each.label is None]
    newest = newest_success(own)
    first = min((each.start_time for each in own), default=None)
    since = (newest.stop_time or newest.start_time) if newest else first
    return (now - since) / timedelta(hours=1) if since else None


def hours_since_success(backups: Sequence[BackupRecord], row: Source, now: datetime) -> float:
    """The hours since a row's last success; since the row is there, where it has none."""
    newest = newest_success(of_row(backups, row))
    since = (newest.stop_time or newest.start_time) if newest else row.since
    return (now - since) / timedelta(hours=1)


def hours_past_due(backups: Sequence[BackupRecord], rows: Iterable[Source], now: datetime) -> float | None:
    """How much older than its interval lets it be the last success of the row is that lacks one most; None: no row."""
    ages = (hours_since_success(backups, row, now) - MAXIMUM_AGES[row.interval] for row in rows)
    return max(ages, default=None)


def of_all_rows(
    backups: Sequence[BackupRecord], rows: Sequence[Source], now: datetime
) -> Mapping[Figure, float | None]:  # fmt: skip
    """Figures for alarms that all further rows share: each is that of the worst row; None: of no row."""
    return {
        Figure.HOURS_PAST_DUE: hours_past_due(backups, rows, now),
        Figure.ROW_HELD_DAYS: max((_held_days(backups, row, now) for row in rows), default=None),
        Figure.ROW_WINDOW_USED: max(filter(None, (_window_used(backups, row) for row in rows)), default=None),
        Figure.ROW_DAYS_LEFT: min((days for row in rows for days in _days_left(backups, row)), default=None),
    }


def _held_days(backups: Sequence[BackupRecord], row: Source, now: datetime) -> float:
    """Only a success says whether anything is held."""
    newest = newest_success(of_row(backups, row))
    return held_days(newest, now) if newest else 0.0


def _days_left(backups: Sequence[BackupRecord], row: Source) -> Iterator[float]:
    """In how many days its window will be full, as its last success foretells it, if it does."""
    newest = newest_success(of_row(backups, row))
    if newest is not None and newest.forecast_days_left is not None:
        yield newest.forecast_days_left


def _window_used(backups: Sequence[BackupRecord], row: Source) -> float | None:
    """Of the last backup that says anything about its window."""
    said = (each for each in of_row(backups, row) if window_used(each) is not None)
    last = max(said, key=lambda each: each.start_time, default=None)
    return window_used(last) if last else None
