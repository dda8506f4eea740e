"""The snapshot that a command names."""

from datetime import UTC, datetime
from pathlib import Path

from efs_backup.domain.errors import NothingThere, WrongUsage
from efs_backup.domain.snapshots.names import FolderLabel, Interval, SnapshotName, backup_number
from efs_backup.domain.snapshots.selection import Selection
from efs_backup.engine.series.series import Series

HELP = "a name such as 20261122T020000Z or its beginning, a backup number such as daily.1 or 1, or latest"
_LATEST = "latest"


def series_of(backup: str, label: str, interval: str) -> Series:
    """The series that a command means. Raises NothingThere."""
    series = Series(Path(backup).absolute(), FolderLabel(label), Interval(interval), datetime.now(UTC))
    if not series.exists:
        raise NothingThere(f"There is no {interval} snapshot in {str(series.label_path)!r}.")
    return series


def chosen(series: Series, text: str) -> SnapshotName:
    """The snapshot of this name, number or beginning. Raises NothingThere and WrongUsage."""
    names = [snapshot.name for snapshot in series.snapshots()]
    number = 0 if text == _LATEST else backup_number(series.interval, text)
    if number is not None:
        return Selection(number=number).choose(names)
    begun = [name for name in names if text and str(name).startswith(text)]
    if len(begun) > 1:
        raise WrongUsage(f"{text!r} is the beginning of {len(begun)} snapshots: {begun[-1]} and others.")
    return begun[0] if begun else Selection(name=text).choose(names)
