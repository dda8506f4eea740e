"""Clocks that have jumped."""

from datetime import UTC, datetime, timedelta

import pytest

from efs_backup.domain.snapshots.clock import clock_fault
from efs_backup.domain.snapshots.names import Interval, SnapshotName

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("server", "newest", "interval", "said"),
    [
        (None, None, Interval.DAILY, ""),
        (timedelta(0), timedelta(days=-1), Interval.DAILY, ""),
        (timedelta(hours=23), timedelta(hours=23), Interval.DAILY, ""),
        (timedelta(hours=-23), timedelta(days=-31), Interval.DAILY, ""),
        (timedelta(hours=25), None, Interval.DAILY, "the backup file system's 2026-11-23 03:00:00"),
        (timedelta(days=-4000), timedelta(days=-1), Interval.DAILY, "the backup file system's 2015"),
        (None, timedelta(hours=25), Interval.DAILY, "lies in the future"),
        (None, timedelta(days=-32), Interval.DAILY, "is 32 days old"),
        (None, timedelta(days=-60), Interval.MONTHLY, ""),
        (None, timedelta(days=-62), Interval.MONTHLY, "is 62 days old"),
        (None, timedelta(days=-36), Interval.WEEKLY, ""),
    ],
)
def test_a_clock_that_has_jumped_is_named(
    server: timedelta | None, newest: timedelta | None, interval: Interval, said: str
) -> None:
    """By the file system's own time, by a snapshot of the future, by a silence; a day is no jump."""
    fault = clock_fault(
        NOW, NOW + server if server is not None else None, SnapshotName.of(NOW + newest) if newest else None, interval
    )
    assert said in fault
    assert bool(said) == bool(fault)
