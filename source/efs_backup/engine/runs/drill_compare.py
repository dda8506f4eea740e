"""The restored files of a drill, held against the manifest."""

import os
import threading
from collections.abc import Callable, Iterable, Sequence

from efs_backup.copy_worker.attributes import Attributes
from efs_backup.domain.copying.arrival import Fidelity
from efs_backup.domain.drill.result import Finding, Group, Place, Tallies, Verdict
from efs_backup.engine.machine.patience import for_each
from efs_backup.engine.proof.against import Against, has_content
from efs_backup.engine.proof.census import Located, path_in
from efs_backup.engine.proof.reader import ManifestReader
from efs_backup.engine.runs.drill_choice import Choice
from efs_backup.engine.trees.time_step import time_step_of
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.trees.tree_walk import Stopped


class Comparer:
    """Compares what lies in directories of `place`, which are named as the groups, and counts it.

    Where something differs, the snapshot itself is looked at too: it may have been so already.
    """

    def __init__(self, snapshot: Tree, place: Tree, tallies: Tallies, should_stop: Callable[[], bool]) -> None:
        self._snapshot = snapshot
        self._place = place
        self._tallies = tallies
        self._should_stop = should_stop
        self._fidelity = Fidelity(os.geteuid() == 0, time_step_of(place.descriptor))
        self._sealed = Against(snapshot, Fidelity(owners=True), should_stop)
        self._lock = threading.Lock()

    def run(self, choice: Choice, reader: ManifestReader) -> None:
        """Compare everything. Raises Stopped, Hung, OSError, and ValueError of a torn manifest."""
        for group in Group:
            self._compare(group, choice.files.get(group, ()))
        for position in choice.blocks:
            block = reader.block(position)
            self._compare(Group.PINNED, [Located(path_in(block, one.name), one) for one in block.entries])
            if block.directory:
                self._compare_directory(block.path, block.directory)
        for path in choice.absent:
            self._tallies.add(Group.PINNED, 0, Finding(path, Group.PINNED, Verdict.MISSING, Place.SNAPSHOT))

    def _compare(self, group: Group, files: Sequence[Located]) -> None:
        if not files:
            return
        with self._opened(group) as restored:
            against = Against(restored, self._fidelity, self._should_stop)
            for_each(
                self._named(files),
                lambda path, wanted: self._count(group, wanted, self._finding(group, path, wanted, against)),
                threads=restored.concurrency.threads,
                activity=lambda: restored.throttle.paid + self._snapshot.throttle.paid,
            )

    def _opened(self, group: Group) -> Tree:
        """Open the restored tree of a group; it is empty where its restore could not even begin."""
        path = os.path.join(self._place.root, group)
        os.makedirs(path, exist_ok=True)
        return Tree(path, self._place.throttle)

    def _named(self, files: Iterable[Located]) -> Iterable[tuple[str, Attributes]]:
        return ((os.fsdecode(one.path), one.entry.attributes) for one in files)

    def _compare_directory(self, path: bytes, wanted: Attributes) -> None:
        """A directory that is as it should be is not counted, for it is no file."""
        with self._opened(Group.PINNED) as restored:
            against = Against(restored, self._fidelity, self._should_stop)
            if finding := self._finding(Group.PINNED, os.fsdecode(path), wanted, against):
                self._tallies.add(Group.PINNED, 0, finding)

    def _finding(self, group: Group, path: str, wanted: Attributes, restored: Against) -> Finding | None:
        if self._should_stop():
            raise Stopped
        aspects = restored.aspects(path, wanted)
        if aspects == ():
            return None
        in_snapshot = self._sealed.aspects(path, wanted)
        place = Place.RESTORE if in_snapshot == () else Place.SNAPSHOT
        if aspects is None:
            return Finding(path, group, Verdict.MISSING, place)
        return Finding(path, group, Verdict.DIFFERENT, place, aspects)

    def _count(self, group: Group, wanted: Attributes, finding: Finding | None) -> None:
        has_hash = bool(wanted.sha256) or not has_content(wanted)
        with self._lock:
            self._tallies.add(group, wanted.size, finding, has_hash=has_hash)
