"""`efs-backup stats`."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import click

from efs_backup.cli import options
from efs_backup.cli.output import answered, print_columns, print_facts, print_json, print_lines, print_notes
from efs_backup.cli.past import past_of, path_fields, shown_path
from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.humanize import sized
from efs_backup.domain.snapshots.growth import Row, Tally
from efs_backup.domain.snapshots.names import FolderLabel, Interval, SnapshotName
from efs_backup.engine.proof.alone import Alone, ManifestPlace, held_alone
from efs_backup.engine.proof.growth import Growth, growth, tally_of
from efs_backup.engine.proof.history import History
from efs_backup.engine.proof.manifests import MANIFEST, Manifests
from efs_backup.engine.series.found_series import find_series
from efs_backup.engine.series.series import Series

_MAKE = "`efs-backup manifest BACKUP --snapshot NAME --make` makes one."
_FREES = ("SNAPSHOT", "FREES FILES", "FREES BYTES", "AND DIRECTORIES")
_LARGEST = ("DIRECTORY", "FILES", "BYTES")


@click.command(cls=options.Command)
@options.backup
@click.option("--by", type=int, default=2, show_default=True, help="The depth of the directories.")
@click.option("--largest", type=int, default=10, show_default=True, metavar="N", help="How many of them.")
@options.label
@options.interval
@options.as_json
def stats(*, backup: str, by: int, largest: int, label: str, interval: str, as_json: bool) -> int:
    """Show how a series grows, what dropping each snapshot would free, and the largest directories.

    All of it comes from manifests and changes: no snapshot is walked. What dropping a snapshot frees is what it holds
    alone; what two of them share is freed by neither. A file with several names is one.
    """
    if by < 0 or largest < 0:
        raise WrongUsage("A depth, and a number of directories, counts from 0.")
    past = past_of(backup, label, interval)
    found = _Stats(_places_of(backup, label), past.notes)
    frees, grown = found.frees(Interval(interval)), growth(past.history, 0)
    rows = _largest(past.history, by)[:largest]
    if as_json:
        print_json(_as_json(frees, grown, rows) | {"by": by, "notes": past.notes})
        return answered()
    print_notes(past.notes)
    _print(frees, grown, rows)
    return answered()


def _places_of(backup: str, label: str) -> Iterator[tuple[Series, SnapshotName]]:
    """All snapshots of the label, for its series may share files, the newest of each series first."""
    for series in find_series(Path(backup).absolute(), FolderLabel(label), None, datetime.now(UTC))[0]:
        for snapshot in series.snapshots():
            yield series, snapshot.name


@dataclass
class _Stats:
    """The figures of a label's snapshots, as far as they can be told. notes: what cannot."""

    snapshots: Iterator[tuple[Series, SnapshotName]]
    notes: list[str] = field(default_factory=list)

    def frees(self, interval: Interval) -> dict[str, Alone | None]:
        """Figures of what each snapshot holds alone, the newest first; None where nobody knows."""
        places, names, lacking = list[ManifestPlace](), list[str](), list[str]()
        proven = cache(lambda series: frozenset(Manifests(series.path).names(MANIFEST)))
        for series, name in self.snapshots:
            place = ManifestPlace(Manifests(series.path), str(name))
            places.append(place)
            if series.interval is interval:
                names.append(str(name))
            if str(name) not in proven(series):
                lacking.append(f"{series.interval}/{name}")
        found = self._held(places, lacking)
        return {name: found.get((interval, name)) for name in names}

    def _held(self, places: list[ManifestPlace], lacking: list[str]) -> dict[tuple[str, str], Alone]:
        if lacking:
            self.notes.append(f"What dropping a snapshot frees is not known: {lacking[0]} has no manifest. {_MAKE}")
            return {}
        try:
            return {(place.manifests.path.parent.name, place.name): one for place, one in held_alone(places).items()}
        except (OSError, ValueError) as error:
            self.notes.append(f"What dropping a snapshot frees is not known, for a manifest cannot be read: {error}.")
            return {}


def _largest(history: History, depth: int) -> list[tuple[bytes, int, int]]:
    """(path, files, bytes) of the newest snapshot of which that can be told, the largest first."""
    indexes = (history.index(name) for name in reversed(history.kept))
    index = next(filter(None, indexes), None)
    tally = tally_of(index, depth) if index else Tally(depth)
    rows = [(path, files, tally.sizes[path]) for path, files in tally.files.items()]
    return sorted(rows, key=lambda row: (-row[2], row[0]))


def _print(frees: dict[str, Alone | None], grown: Growth | None, rows: list[tuple[bytes, int, int]]) -> None:
    print_columns(_FREES, (_frees_row(name, one) for name, one in frees.items()))
    if rows:
        print_lines([""])
        print_columns(_LARGEST, ((shown_path(path), f"{files:,}", sized(size)) for path, files, size in rows))
    if grown and grown.then != grown.now:
        print_lines([""])
        print_facts(_growth_facts(grown))


def _frees_row(name: str, one: Alone | None) -> tuple[str, ...]:
    return (name, f"{one.files:,}", sized(one.size), f"{one.directories:,}") if one else (name, "?", "?", "?")


def _growth_facts(grown: Growth) -> list[tuple[str, str]]:
    row, days = _whole(grown), _days(grown)
    a_day = f", {_signed(row.grown / days)} a day" if days >= 1 else ""
    return [
        ("from", f"{grown.then}: {row.then[0]:,} files, {sized(row.then[1])}"),
        ("to", f"{grown.now}: {row.now[0]:,} files, {sized(row.now[1])}"),
        ("grown by", f"{row.now[0] - row.then[0]:+,} files, {_signed(row.grown)}{a_day}"),
    ]


def _signed(size: float) -> str:
    return f"{'-' if size < 0 else '+'}{sized(abs(size))}"


def _whole(grown: Growth) -> Row:
    return next(iter(grown.rows), Row(b"", (0, 0), (0, 0)))


def _days(grown: Growth) -> float:
    then, now = SnapshotName.parse(grown.then), SnapshotName.parse(grown.now)
    return (now.time - then.time).total_seconds() / 86400 if then and now else 0.0


def _as_json(
    frees: dict[str, Alone | None], grown: Growth | None, rows: list[tuple[bytes, int, int]]
) -> dict[str, object]:
    return {
        "snapshots": [
            {"snapshot": name, "frees": one and {"files": one.files, "bytes": one.size, "directories": one.directories}}
            for name, one in frees.items()
        ],
        "directories": [{**path_fields("path", path), "files": files, "bytes": size} for path, files, size in rows],
        "growth": grown and _growth_json(grown),
    }


def _growth_json(grown: Growth) -> dict[str, object]:
    row = _whole(grown)
    return {
        "then": {"snapshot": grown.then, "files": row.then[0], "bytes": row.then[1]},
        "now": {"snapshot": grown.now, "files": row.now[0], "bytes": row.now[1]},
        "grown_bytes": row.grown,
        "days": round(_days(grown), 3),
    }
