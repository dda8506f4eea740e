"""`efs-backup list`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from efs_backup.cli import options
from efs_backup.cli.commands.hold import hold_lines
from efs_backup.cli.output import answered, print_json, print_line, print_notes, print_table
from efs_backup.cli.tables import Column
from efs_backup.domain.humanize import aged, as_fields, as_time, sized
from efs_backup.domain.snapshots.hold import LabelHold
from efs_backup.domain.snapshots.names import FolderLabel, Interval, SnapshotName
from efs_backup.engine.series.figures import SnapshotFigures, figures_of, freed_bytes
from efs_backup.engine.series.found_series import find_series, nothing_there
from efs_backup.engine.series.hold import label_hold
from efs_backup.engine.series.reasons import told_of
from efs_backup.engine.series.series import Series, Snapshot

_COLUMNS = (
    Column("SNAPSHOT"),
    Column("NUMBER"),
    Column("AGE", is_number=True),
    Column("FILES", is_number=True),
    Column("SIZE", is_number=True),
    Column("NEW", is_number=True),
    Column("FREES", is_number=True),
    Column("LABEL"),
    Column("NOTE"),
    Column("KEPT BY"),
    Column("PATH", is_named=False),
)


@click.command("list", cls=options.Command)
@options.backup
@options.any_label
@options.any_interval
@options.as_json
def list_snapshots(*, backup: str, label: str | None, interval: str | None, as_json: bool) -> int:
    """List the snapshots in BACKUP, newest first.

    NEW is what was read from the source for a snapshot, FREES what dropping it would free: told where a short look at
    small files is enough, and by `efs-backup stats` in any case.
    """
    place, now = Path(backup).absolute(), datetime.now(UTC)
    chosen = Interval(interval) if interval else None
    found, closed = find_series(place, FolderLabel(label) if label is not None else None, chosen, now)
    rows = [row for each in {series.label for series in found} for row in _rows(place, each, found)]
    rows.sort(key=lambda row: row.snapshot.name, reverse=True)
    if rows and as_json:
        print_json({"snapshots": [row.as_json() for row in rows]})
    elif rows:
        print_table(_COLUMNS, [row.as_row(now) for row in rows])
    print_notes(held_lines({series.label_path: label_hold(series.label_path) for series in found}))
    for directory in closed:
        print_line(f"efs-backup: {directory}", to_stderr=True)
    if not rows:
        raise nothing_there(f"There is no {_what(label, interval)}in {backup!r}", closed)
    return answered()


def _what(label: str | None, interval: str | None) -> str:
    return f"{f'{interval} ' if interval else ''}snapshot {f'of the label {label!r} ' if label else ''}"


def held_lines(holds: Mapping[Path, LabelHold]) -> list[str]:
    """A line for each hold, by the directories of its labels."""
    return [f"Held, {str(path.name)!r} {line}" for path, held in holds.items() for line in hold_lines(held)]


@dataclass(frozen=True)
class _Row:
    """A snapshot with its number in its series, its figures, what dropping it frees, why it is kept, and its note."""

    series: Series
    number: int
    snapshot: Snapshot
    figures: SnapshotFigures
    frees: int | None
    reason: str
    note: str

    def as_json(self) -> dict[str, object]:
        return {
            "snapshot": str(self.snapshot.name),
            "number": self.number,
            "time": as_time(self.snapshot.name.time),
            **as_fields("path", str(self.snapshot.path)),
            "label": str(self.series.label),
            "interval": self.series.interval,
            "files": self.figures.files,
            "bytes": self.figures.bytes,
            "new_bytes": self.figures.new_bytes,
            "frees_bytes": self.frees,
            "reason": self.reason,
            "note": self.note,
        }

    def as_row(self, now: datetime) -> tuple[str, ...]:
        name, figures = self.snapshot.name, self.figures
        sizes = (_sized(size) for size in (figures.bytes, figures.new_bytes, self.frees))
        files = "" if figures.files is None else f"{figures.files:,}"
        return (
            str(name), f"{self.series.interval}.{self.number}", aged(now - name.time), files, *sizes,
            str(self.series.label), self.note, self.reason, str(self.snapshot.path),
        )  # fmt: skip


def _sized(size: int | None) -> str:
    return "" if size is None else sized(size)


def _rows(backup: Path, label: FolderLabel, found: Sequence[Series]) -> Iterator[_Row]:
    """The snapshots of a label in the series that were found; others of it may hold the same files."""
    chosen = [series for series in found if series.label == label]
    freed = freed_bytes(find_series(backup, label, None, chosen[0].now)[0])
    for series in chosen:
        yield from _rows_of(series, freed)


def _rows_of(series: Series, freed: Mapping[tuple[Interval, SnapshotName], int]) -> list[_Row]:
    told, figures = told_of(series), figures_of(series)
    return [
        _Row(
            series, number, one, figures.get(one.name, SnapshotFigures()),
            freed.get((series.interval, one.name)), told.reasons.get(one.name, ""), told.notes.get(one.name, ""),
        )
        for number, one in enumerate(series.snapshots())
    ]  # fmt: skip
