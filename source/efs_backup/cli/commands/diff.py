"""`efs-backup diff`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from efs_backup.cli import options
from efs_backup.cli.output import answered, print_json, print_line
from efs_backup.domain.copying.comparison import Difference, Kind
from efs_backup.domain.errors import NothingThere
from efs_backup.domain.humanize import as_fields, as_value
from efs_backup.domain.snapshots.names import FolderLabel, Interval, backup_number
from efs_backup.domain.snapshots.selection import Selection
from efs_backup.engine.series.series import Series, Snapshot
from efs_backup.engine.trees.compare import Comparison
from efs_backup.engine.trees.tree import Tree

_SIGNS = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.CHANGED: "M"}


@click.command(cls=options.Command)
@options.backup
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@options.label
@options.interval
@options.as_json
def diff(*, backup: str, old: str, new: str, label: str, interval: str, as_json: bool) -> int:
    """Show what was added, removed and changed from snapshot OLD to NEW.

    OLD and NEW are names such as 20261122T020000Z, or backup numbers such as 1.
    """
    series = Series(Path(backup).absolute(), FolderLabel(label), Interval(interval), datetime.now(UTC))
    if not series.exists:
        raise NothingThere(f"There is no {interval} snapshot in {str(series.label_path)!r}.")
    first, second = _find(series, old), _find(series, new)
    found: list[Difference] = []
    with Tree(first.path) as old_tree, Tree(second.path) as new_tree:
        Comparison(old_tree, new_tree, found.append, reads=lambda _old, _new: True).run()
    found.sort()
    if as_json:
        print_json(_as_json(first, second, found))
    else:
        _print(first, second, found)
    return answered()


def _find(series: Series, text: str) -> Snapshot:
    snapshots = {snapshot.name: snapshot for snapshot in series.snapshots()}
    number = backup_number(series.interval, text)
    selection = Selection(name=text) if number is None else Selection(number=number)
    return snapshots[selection.choose(list(snapshots))]


def _as_json(first: Snapshot, second: Snapshot, found: list[Difference]) -> dict[str, Any]:
    return {
        "old": str(first.name),
        "new": str(second.name),
        "added": [as_value(difference.path) for difference in found if difference.kind is Kind.ADDED],
        "removed": [as_value(difference.path) for difference in found if difference.kind is Kind.REMOVED],
        "changed": [
            {**as_fields("path", difference.path), "what": list(difference.aspects)}
            for difference in found
            if difference.kind is Kind.CHANGED
        ],
    }


def _print(first: Snapshot, second: Snapshot, found: list[Difference]) -> None:
    for difference in found:
        slash = "/" if difference.is_directory else ""
        what = f" ({', '.join(difference.aspects)})" if difference.aspects else ""
        print_line(f"{_SIGNS[difference.kind]} {difference.path}{slash}{what}")
    counts = ", ".join(f"{sum(one.kind is kind for one in found)} {kind}" for kind in Kind)
    print_line(f"{first.name} to {second.name}: {counts}")
