"""The spare: the newest snapshot that the rules have dropped, kept to become the next partial.

An unchanged file of it costs the next backup no write at all, where a new partial costs a link and its deletion an
unlink. Its name says that it is no snapshot any more; nobody restores from it.
"""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from efs_backup import __version__
from efs_backup.copy_worker.beneath import open_place
from efs_backup.domain.snapshots.deletion import Undeleted
from efs_backup.domain.snapshots.names import SPARE_PREFIX, SnapshotName
from efs_backup.engine.machine.mounts import mounts_below
from efs_backup.engine.series.marks import read_mark
from efs_backup.engine.series.series import Series, Snapshot, is_mark_of_spare
from efs_backup.engine.trees.held import held

_FORMAT = 1
_PRIVATE = 0o700
_ROOT = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Spare:
    """The spare of a series: at most one tree, and beside it a mark of which snapshot and by which version."""

    def __init__(self, series: Series) -> None:
        self._series = series

    def keep(self, snapshot: Snapshot) -> bool:
        """Make the spare of a snapshot that is dropped, by a rename; False where that is not possible.

        All of it is on the disk, for it was published; the mark says so before the tree has the name.
        """
        if self._series.spares() or mounts_below(str(snapshot.path)):
            return False
        try:
            self._write_mark(snapshot.name)
            snapshot.path.rename(self._path(snapshot.name))
        except OSError:
            self._forget_mark(snapshot.name)
            return False
        with suppress(OSError), held(open_place(str(self._path(snapshot.name)), _ROOT)) as tree:
            os.fchmod(tree, _PRIVATE)  # nobody but us sees it while it is changed
        return True

    def become(self, spare: Snapshot, name: SnapshotName) -> Path:
        """Make of the spare that was found the partial of this name."""
        partial = self._series.partial_path(name)
        spare.path.rename(partial)
        self._forget_mark(spare.name)
        return partial

    def discard(self, *, but_marked: bool = False) -> tuple[Snapshot | None, list[Undeleted]]:
        """Let all that has such a name go to the trash, or all but the spare itself: (that, what cannot be moved).

        The spare has a mark that is right, for a tree without one may be anything, and nothing is mounted in it.
        """
        trees = self._series.spares()
        kept = self._find(trees) if but_marked else None
        stuck = {tree: undeleted for tree in trees if tree != kept and (undeleted := self._series.discard(tree.path))}
        self._forget_other_marks([*stuck, *([kept] if kept else [])])
        return kept, [*stuck.values()]

    def _find(self, trees: Sequence[Snapshot]) -> Snapshot | None:
        marked = (tree for tree in trees if self._is_marked(tree.name))
        return next((tree for tree in marked if not mounts_below(str(tree.path))), None)

    def _forget_other_marks(self, left: Sequence[Snapshot]) -> None:
        """Remove the marks of what went, and what a backup that was killed has left."""
        named = {f"{SPARE_PREFIX}{tree.name}.json" for tree in left}
        for mark in self._series.path.glob(f"{SPARE_PREFIX}*.*"):
            if mark.name not in named and is_mark_of_spare(mark.name):
                with suppress(OSError):
                    mark.unlink()

    def _path(self, name: SnapshotName) -> Path:
        return self._series.path / f"{SPARE_PREFIX}{name}"

    def _mark(self, name: SnapshotName) -> Path:
        return self._series.path / f"{SPARE_PREFIX}{name}.json"

    def _is_marked(self, name: SnapshotName) -> bool:
        said = read_mark(self._mark(name))
        return (said.get("format"), said.get("snapshot"), said.get("is_flushed")) == (_FORMAT, str(name), True)

    def _write_mark(self, name: SnapshotName) -> None:
        mark = {"format": _FORMAT, "snapshot": str(name), "is_flushed": True, "version": __version__}
        unfinished = self._mark(name).with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        unfinished.touch(0o600)
        unfinished.write_text(json.dumps(mark))
        unfinished.rename(self._mark(name))

    def _forget_mark(self, name: SnapshotName) -> None:
        with suppress(OSError):
            self._mark(name).unlink()
