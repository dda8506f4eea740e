"""`efs-backup list`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from efs_backup.cli import options
from efs_backup.cli.commands.hold import hold_lines
from efs_backup.cli.output import answered, print_json, print_line, print_notes, print_table
from efs_backup.domain.humanize import as_fields
from efs_backup.domain.snapshots.hold import LabelHold
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.engine.series.found_series import find_series, nothing_there
from efs_backup.engine.series.hold import label_hold
from efs_backup.engine.series.reasons import told_of
from efs_backup.engine.series.series import Series, Snapshot


@click.command("list", cls=options.Command)
@options.backup
@options.any_label
@options.any_interval
@options.as_json
def list_snapshots(*, backup: str, label: str | None, interval: str | None, as_json: bool) -> int:
    """List the snapshots in BACKUP, newest first."""
    found, closed = find_series(
        Path(backup).absolute(),
        FolderLabel(label) if label is not None else None,
        Interval(interval) if interval else None,
        datetime.now(UTC),
    )
    rows = [row for series in found for row in _rows(series)]
    rows.sort(key=lambda row: row.snapshot.name, reverse=True)
    if as_json:
        print_json([row.as_json() for row in rows])
    elif rows:
        notes = ("NOTE",) if any(row.note for row in rows) else ()
        columns = ("SNAPSHOT", "NUMBER", "LABEL", "TIME", "PATH", "KEPT BY", *notes)
        print_table(columns, [row.as_row()[: len(columns)] for row in rows])
    print_notes(held_lines({series.label_path: label_hold(series.label_path) for series in found}))
    for directory in closed:
        print_line(f"efs-backup: {directory}", to_stderr=True)
    if not rows:
        what = " ".join(str(part) for part in (label, interval) if part)
        raise nothing_there(f"There is no {what + ' ' if what else ''}snapshot in {backup!r}", closed)
    return answered()


def held_lines(holds: Mapping[Path, LabelHold]) -> list[str]:
    """A line for each hold, by the directories of its labels."""
    return [f"Held, {str(path.name)!r} {line}" for path, held in holds.items() for line in hold_lines(held)]


@dataclass(frozen=True)
class _Row:
    """A snapshot with its number in its series, why it is kept, and the note on it."""

    series: Series
    number: int
    snapshot: Snapshot
    reason: str
    note: str

    def as_json(self) -> dict[str, object]:
        return {
            "name": str(self.snapshot.name),
            "number": self.number,
            "time": self.snapshot.name.time.isoformat().replace("+00:00", "Z"),
            **as_fields("path", str(self.snapshot.path)),
            "label": str(self.series.label),
            "interval": self.series.interval,
            "reason": self.reason,
            "note": self.note,
        }

    def as_row(self) -> tuple[str, ...]:
        name, time = self.snapshot.name, self.snapshot.name.time.strftime("%Y-%m-%d %H:%M:%S UTC")
        number, label = f"{self.series.interval}.{self.number}", str(self.series.label)
        return (str(name), number, label, time, str(self.snapshot.path), self.reason, self.note)


def _rows(series: Series) -> list[_Row]:
    told = told_of(series)
    return [
        _Row(series, number, one, told.reasons.get(one.name, ""), told.notes.get(one.name, ""))
        for number, one in enumerate(series.snapshots())
    ]
