"""The snapshot, or the time, that a command names."""

from datetime import UTC, datetime
from pathlib import Path

from efs_backup.cli.output import print_notes
from efs_backup.cli.zone import LocalZone
from efs_backup.domain.errors import NothingThere
from efs_backup.domain.snapshots.names import FolderLabel, Interval, SnapshotName
from efs_backup.domain.snapshots.selection import WORDS, Selection, Words
from efs_backup.domain.snapshots.when import Edge, Reading, is_time, read_time
from efs_backup.engine.series.series import Series, Snapshot

HELP = f"{WORDS}; a day means its end"


def series_of(backup: str, label: str, interval: str) -> Series:
    """The series that a command means. Raises NothingThere."""
    series = Series(Path(backup).absolute(), FolderLabel(label), Interval(interval), datetime.now(UTC))
    if not series.exists:
        raise NothingThere(f"There is no {interval} snapshot in {str(series.label_path)!r}.")
    return series


def reading_of(now: datetime) -> Reading:
    """How times are read here and now."""
    return Reading(now, LocalZone())


def selected(series: Series, text: str | None) -> Selection:
    """The selection that a text means, the newest for None; how a time was read is said. Raises WrongUsage."""
    if text is None:
        return Selection()
    reading = reading_of(series.now)
    selection = Words(series.interval, reading, series.views()).selection(text)
    if selection.as_of:
        _say(text, selection.as_of, reading)
    return selection


def as_of(text: str, now: datetime) -> datetime:
    """The moment that a text means, a day's end; how it was read is said. Raises WrongUsage."""
    reading = reading_of(now)
    moment = read_time(text, reading)
    _say(text, moment, reading)
    return moment


def chosen(series: Series, text: str | None) -> SnapshotName:
    """The snapshot of these words; the newest for None. Raises NothingThere and WrongUsage."""
    return selected(series, text).choose([snapshot.name for snapshot in series.snapshots()])


def chosen_snapshot(series: Series, text: str | None) -> Snapshot:
    """The same, and where it lies."""
    snapshots = {snapshot.name: snapshot for snapshot in series.snapshots()}
    return snapshots[selected(series, text).choose([*snapshots])]


def since_name(series: Series, text: str) -> str:
    """The name after which all is younger than a text means, see `Words.since`; how a time was read is said."""
    reading = reading_of(series.now)
    words = Words(series.interval, reading, series.views())
    name = words.since(text, [snapshot.name for snapshot in series.snapshots()])
    if SnapshotName.parse(text) is None and is_time(text, reading):
        _say(text, name.time, reading)
    return str(name)


def since_time(text: str, now: datetime) -> datetime:
    """The moment from which a text counts, a day's first; how it was read is said. Raises WrongUsage."""
    reading = reading_of(now)
    moment = read_time(text, reading, Edge.START)
    _say(text, moment, reading)
    return moment


def _say(text: str, moment: datetime, reading: Reading) -> None:
    print_notes([f"{text!r} is read as {reading.shown(moment)}."])
