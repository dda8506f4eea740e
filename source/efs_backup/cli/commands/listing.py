"""`efs-backup list`."""

from collections.abc import Mapping
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
    numbered = [(series, number, snapshot) for series in found for number, snapshot in enumerate(series.snapshots())]
    numbered.sort(key=lambda row: row[2].name, reverse=True)
    holds = {series.label_path: label_hold(series.label_path) for series in found}
    if as_json:
        print_json([_as_json(*row, holds[row[0].label_path]) for row in numbered])
    elif numbered:
        print_table(("SNAPSHOT", "NUMBER", "LABEL", "TIME", "PATH"), [_as_row(*row) for row in numbered])
    print_notes(held_lines(holds))
    for directory in closed:
        print_line(f"efs-backup: {directory}", to_stderr=True)
    if not numbered:
        what = " ".join(str(part) for part in (label, interval) if part)
        raise nothing_there(f"There is no {what + ' ' if what else ''}snapshot in {backup!r}", closed)
    return answered()


def held_lines(holds: Mapping[Path, LabelHold]) -> list[str]:
    """A line for each hold, by the directories of its labels."""
    return [f"Held, {str(path.name)!r} {line}" for path, held in holds.items() for line in hold_lines(held)]


def _as_json(series: Series, number: int, snapshot: Snapshot, held: LabelHold) -> dict[str, object]:
    return {
        "name": str(snapshot.name),
        "number": number,
        "time": snapshot.name.time.isoformat().replace("+00:00", "Z"),
        **as_fields("path", str(snapshot.path)),
        "label": str(series.label),
        "interval": series.interval,
        "held": held.protects([snapshot.name]).get(snapshot.name),
    }


def _as_row(series: Series, number: int, snapshot: Snapshot) -> tuple[str, ...]:
    time = snapshot.name.time.strftime("%Y-%m-%d %H:%M:%S UTC")
    return (str(snapshot.name), f"{series.interval}.{number}", str(series.label), time, str(snapshot.path))
