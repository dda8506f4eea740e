"""Growth by directory: from the indexes of two manifests, or where one is gone from the changes up to the other."""

from collections.abc import Iterable
from dataclasses import dataclass

from efs_backup.copy_worker.mtree import unescaped
from efs_backup.domain.snapshots.growth import Row, Tally, rows_of
from efs_backup.domain.snapshots.lineage import Step
from efs_backup.engine.proof.history import History
from efs_backup.engine.proof.index import Index


@dataclass(frozen=True)
class Growth:
    """The growth from one snapshot to another. rows: the directories, those first that have grown most."""

    then: str
    now: str
    rows: list[Row]


def growth(history: History, depth: int, since: str | None = None) -> Growth | None:
    """How the directories at a depth have grown up to the newest snapshot of which that can be told.

    since: a name; from the newest snapshot that is not younger, or the next one that can be told; None: from the oldest
    snapshot that is there. None where nothing can be told.
    """
    names, tallies = history.lineage.names, _Tallies(history, depth)
    wanted = min(history.kept, default="") if since is None else history.lineage.at(since) or ""
    now = tallies.first(reversed(names))
    then = tallies.first(name for name in names if name >= wanted)
    return Growth(then[0], now[0], rows_of(then[1], now[1])) if then and now else None


class _Tallies:
    """The tallies of snapshots, by their own manifests or from the nearest one that has one."""

    def __init__(self, history: History, depth: int) -> None:
        self._history = history
        self._depth = depth
        self._proven: dict[str, Tally | None] = {}

    def first(self, names: Iterable[str]) -> tuple[str, Tally] | None:
        """The first of these snapshots of which something can be told."""
        return next(((name, tally) for name in names if (tally := self._of(name))), None)

    def _of(self, name: str) -> Tally | None:
        if tally := self._of_manifest(name):
            return tally
        ways = ((anchor, self._history.lineage.route(anchor, name)) for anchor in self._anchors())
        for anchor, steps in sorted(((anchor, way) for anchor, way in ways if way), key=lambda way: len(way[1])):
            tally, change = self._of_manifest(anchor), self._change(steps)
            if tally and change:
                return tally.plus(change)
        return None

    def _anchors(self) -> list[str]:
        return [name for name in self._history.kept if name in self._history.lineage.proven]

    def _of_manifest(self, name: str) -> Tally | None:
        if name not in self._proven:
            index = self._history.index(name) if name in self._anchors() else None
            self._proven[name] = tally_of(index, self._depth) if index else None
        return self._proven[name]

    def _change(self, steps: list[Step]) -> Tally | None:
        """The difference that some nights make; None where one of them is torn."""
        change = Tally(self._depth)
        for step in steps:
            night = Tally(self._depth)
            with self._history.tolerating(step.night):
                for text in self._history.changes(step.night):
                    night.change(text, 1 if step.is_forward else -1)
                change = change.plus(night.renamed(unescaped))
            if self._history.is_torn(step.night):
                return None
        return change


def tally_of(index: Index, depth: int) -> Tally:
    """Files and bytes of a whole snapshot by directory, down to a depth."""
    tally = Tally(depth)
    for path, files, size in zip(index.paths(), index.files, index.sizes, strict=True):
        tally.add(path, files, size)
    return tally
