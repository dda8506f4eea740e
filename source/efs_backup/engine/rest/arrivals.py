"""A look at every name that another program was asked to bring, and a second try by ourselves for what is not there."""

import os
import stat
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from efs_backup.copy_worker.error_numbers import NOT_THERE
from efs_backup.copy_worker.references import WORTH_A_LISTING
from efs_backup.copy_worker.throttle import NAMES_IN_A_REQUEST, Throttle
from efs_backup.domain.copying.arrival import Cause, Fidelity, Trouble, may_be_remains, was_read_before
from efs_backup.engine.machine.patience import for_each
from efs_backup.engine.trees.bring import Bringer, Brought
from efs_backup.engine.trees.delete import delete_content
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.trees.tree_walk import joined


@dataclass
class Settled:
    """The outcome of some names: how many have vanished from the source, or were brought by us, and what is in trouble.

    brought_size: bytes of what we have read.
    """

    vanished: int = 0
    brought: int = 0
    brought_size: int = 0
    troubles: list[Trouble] = field(default_factory=list)

    def count(self, outcome: Brought | Trouble | None) -> None:
        """Count what came of one second try."""
        if outcome is None:
            self.vanished += 1
        elif isinstance(outcome, Trouble):
            self.troubles.append(outcome)
        else:
            self.brought += 1
            self.brought_size += outcome.size


class Arrivals:
    """Compares names in source and target, and brings what differs.

    keeps_remains: what the target has of a name that cannot be brought is left alone, as a restore has to.
    """

    def __init__(
        self, source: Tree, target: Tree, bringer: Bringer, fidelity: Fidelity, *, keeps_remains: bool
    ) -> None:
        self._source = source
        self._target = target
        self._bringer = bringer
        self._fidelity = fidelity
        self._keeps_remains = keeps_remains
        self._lock = threading.Lock()
        self.settled = Settled()

    def settle(self, paths: Iterable[str], *, trusted: bool) -> None:
        """Look at these names, and bring those that are not in the target as they are in the source.

        trusted: whoever brought them had nothing to complain about, so that an older version is one that was read
        before the source changed; it stays where a newer one cannot be read as a whole. Raises Stopped, and OSError
        where the target is full.
        """
        below = defaultdict[str, list[str]](list)
        for path in paths:
            directory, _, name = path.rpartition("/")
            below[directory].append(name)
        for_each(
            below.items(),
            lambda directory, names: self._settle_directory(directory, names, trusted=trusted),
            threads=self._target.concurrency.changing_threads,
            activity=lambda: self._source.throttle.paid + self._target.throttle.paid,
        )

    def clear_remains(self, paths: Iterable[str]) -> None:
        """Remove what an rsync that was killed over these names has left beside them. Raises as `settle`."""
        for_each(
            ((directory, None) for directory in {path.rpartition("/")[0] for path in paths}),
            lambda directory, _: self._clear_remains(directory),
            threads=self._target.concurrency.changing_threads,
            activity=lambda: self._source.throttle.paid + self._target.throttle.paid,
        )

    def _clear_remains(self, directory: str) -> None:
        with suppress(FileNotFoundError, NotADirectoryError):
            for name in filter(may_be_remains, self._target.names(directory)):
                path = joined(directory, name)
                found = self._target.find(path)
                if found and stat.S_ISREG(found.st_mode) and not self._source.find(path):
                    self._target.unlink(path)

    def bring(self, paths: Iterable[str], pulse: Callable[[], None] = lambda: None) -> None:
        """Bring these names, which nobody else was asked for; `pulse` is called meanwhile. Raises as `settle`."""
        for_each(
            ((path, path) for path in paths),
            lambda path, _: self._bring_one(path),
            threads=self._target.concurrency.changing_threads,
            activity=lambda: self._source.throttle.paid + self._target.throttle.paid,
            pulse=pulse,
        )

    def _bring_one(self, path: str) -> None:
        outcome = self._bring(path)
        with self._lock:
            self.settled.count(outcome)

    def _settle_directory(self, directory: str, names: list[str], *, trusted: bool) -> None:
        source, unknown = _attributes(self._source, directory, names)
        target, _ = _attributes(self._target, directory, names)
        for name in names:
            path, there = joined(directory, name), target.get(name)
            if there and name not in unknown and self._has_come(path, source.get(name), there, trusted=trusted):
                continue
            outcome = self._bring(path)
            if there and not isinstance(outcome, Brought):
                if trusted and _is_older(outcome, source.get(name), there):
                    continue
                self._remove_remains(path)
            with self._lock:
                self.settled.count(outcome)

    def _has_come(self, path: str, source: os.stat_result | None, target: os.stat_result, *, trusted: bool) -> bool:
        """Whether the target has the name as it is in the source."""
        if source is None or stat.S_ISDIR(source.st_mode):
            return trusted
        if self._fidelity.losses(source, target):
            return False
        return not stat.S_ISLNK(source.st_mode) or self._leads_alike(path)

    def _bring(self, path: str) -> Brought | Trouble | None:
        outcome = self._bringer.bring(path)
        if isinstance(outcome, Trouble) and not self._keeps_remains and self._clear_the_way(path):
            outcome = self._bringer.bring(path)
        if isinstance(outcome, Brought) and stat.S_ISDIR(outcome.attributes.st_mode):
            self._leave_to_the_next_time(path)
            return None
        return outcome

    def _leave_to_the_next_time(self, path: str) -> None:
        """Have nothing of a name that became a directory since it was listed: of what is in it nobody has a list."""
        if not self._keeps_remains:
            with suppress(OSError):
                self._target.remove_directory(path)

    def _clear_the_way(self, path: str) -> bool:
        """Remove a directory in a name's place, or what is none on the way to it; whether there was anything."""
        with self._lock, suppress(OSError):
            for above in accumulate(path.split("/")[:-1], joined):
                found = self._target.find(above)
                if found and not stat.S_ISDIR(found.st_mode):
                    self._target.unlink(above)
                    return True
            found, wanted = self._target.find(path), self._source.find(path)
            if found and wanted and stat.S_ISDIR(found.st_mode) and not stat.S_ISDIR(wanted.st_mode):
                above, name = os.path.split(path)
                delete_content(Path(self._target.root) / above, name, throttle=self._target.throttle)
                self._target.remove_directory(path)
                return True
        return False

    def _leads_alike(self, path: str) -> bool:
        try:
            return self._source.read_link(path) == self._target.read_link(path)
        except OSError:
            return False

    def _remove_remains(self, path: str) -> None:
        """Remove what is not whole: no snapshot may publish it, and no later backup take it for done."""
        if not self._keeps_remains:
            with suppress(IsADirectoryError, FileNotFoundError):
                self._target.unlink(path)


def _is_older(outcome: Trouble | None, source: os.stat_result | None, target: os.stat_result) -> bool:
    """Whether the target has an older version of a file that changes too fast to be read once more."""
    return (
        outcome is not None and outcome.cause is Cause.SHAPE and source is not None and was_read_before(source, target)
    )


def _attributes(tree: Tree, directory: str, names: list[str]) -> tuple[dict[str, os.stat_result], set[str]]:
    """(the attributes of those names that are there, those that cannot be looked at)."""
    try:
        with tree.opened(directory) as descriptor:
            return _look_at(descriptor, names, tree.throttle)
    except OSError as error:
        return {}, set() if error.errno in NOT_THERE else {*names}


def _look_at(directory: int, names: list[str], throttle: Throttle) -> tuple[dict[str, os.stat_result], set[str]]:
    """The same of an open directory, which is listed first where that is cheaper than to ask for each."""
    found = _listed(directory, {*names}) if len(names) >= WORTH_A_LISTING else {}
    throttle.pay(len(found) // NAMES_IN_A_REQUEST)
    unknown = set()
    for name in names:
        if name not in found:
            throttle.pay()
            try:
                found[name] = os.stat(name, dir_fd=directory, follow_symlinks=False)
            except OSError as error:
                unknown |= set() if error.errno in NOT_THERE else {name}
    return found, unknown


def _listed(directory: int, missing: set[str]) -> dict[str, os.stat_result]:
    """The attributes of those names that a listing meets; where it breaks off, of those that came until then."""
    found = dict[str, os.stat_result]()
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if entry.name in missing:
                missing.discard(entry.name)
                found[entry.name] = entry.stat(follow_symlinks=False)
            if not missing:
                break
    return found
