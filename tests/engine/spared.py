"""A series with snapshots by name."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from efs_backup.domain.snapshots.names import FolderLabel, Interval, SnapshotName
from efs_backup.engine.series.series import Series
from tests.support.builders import write

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)


def name_of(day: int) -> SnapshotName:
    """The name of a snapshot of so many days ago."""
    return SnapshotName.of(NOW - timedelta(days=day))


def a_series(backup: Path, *days: int) -> Series:
    """A series with snapshots of so many days ago."""
    backup.mkdir(exist_ok=True)
    series = Series(backup, FolderLabel("web"), Interval.DAILY, NOW)
    series.prepare()
    for day in days:
        write(series.path / str(name_of(day)) / "directory/file", f"of {day} days ago")
        (series.path / str(name_of(day))).chmod(0o755)
    return series
