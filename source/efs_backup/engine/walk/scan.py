"""Scan: how much there is in a source, for a plan that touches nothing."""

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from stat import S_ISDIR, S_ISREG

from efs_backup.copy_worker.error_numbers import NOT_THERE
from efs_backup.domain.copying.arrival import Cause, Trouble, cause_in_source
from efs_backup.domain.cost.tree_figures import TreeFigures
from efs_backup.engine.machine.os_errors import source_errors_named
from efs_backup.engine.trees.left_out import LeftOut
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.trees.tree_walk import TreeWalk, joined


@dataclass
class Scan:
    """Counts of a tree: files are everything that is no directory; size is the bytes of their contents.

    troubles: names that could not be looked at, or not listed. figures: as much of it as its cost depends on.
    """

    files: int = 0
    directories: int = 0
    size: int = 0
    troubles: list[Trouble] = field(default_factory=list)
    figures: TreeFigures = field(default_factory=TreeFigures)


def scan(source: Tree, left_out: LeftOut, should_stop: Callable[[], bool] = lambda: False, tolerated: int = 0) -> Scan:
    """List every directory once. Raises SourceUnreadable where more is unreadable than is tolerated, and Stopped."""
    scanning = _Scanning(source, left_out, tolerated)
    TreeWalk(
        scanning.enter, threads=source.concurrency.threads, should_stop=should_stop,
        activity=lambda: source.throttle.paid,
    ).run()  # fmt: skip
    return scanning.found


class _Scanning:
    def __init__(self, source: Tree, left_out: LeftOut, tolerated: int) -> None:
        self.found = Scan()
        self._source = source
        self._left_out = left_out
        self._tolerated = tolerated
        self._lock = threading.Lock()

    def enter(self, directory: str) -> Iterable[str]:
        """Count what is in a directory; the names to go down into."""
        below: list[str] = []
        names = 0
        with source_errors_named(self._source.root, directory):
            try:
                for batch in self._source.batches(directory, self._left_out, self._tolerate):
                    files = [found for _, found in batch if not S_ISDIR(found.st_mode)]
                    below += [
                        name for name, found in batch
                        if S_ISDIR(found.st_mode) and not self._left_out.met(joined(directory, name), found)
                    ]  # fmt: skip
                    names += len(batch)
                    self._count(files)
            except OSError as error:
                if error.errno not in NOT_THERE:  # removed, or replaced, in the meantime
                    self._tolerate(directory, error)
        with self._lock:
            self.found.directories += len(below)
            self.found.figures.add_directory(names)
        return below

    def _count(self, files: Sequence[os.stat_result]) -> None:
        """Count what is no directory."""
        sizes = [found.st_size for found in files if S_ISREG(found.st_mode)]
        with self._lock:
            self.found.files += len(files)
            self.found.size += sum(found.st_size for found in files)
            self.found.figures.add_names(sizes, len(files) - len(sizes))

    def _tolerate(self, path: str, error: OSError) -> None:
        """Note that something can be left out; else SourceUnreadable."""
        with self._lock, source_errors_named(self._source.root, path):
            cause = cause_in_source(error.errno or 0) or Cause.SHAPE
            unreadable = sum(trouble.cause is Cause.UNREADABLE for trouble in self.found.troubles)
            if cause is Cause.UNREADABLE and unreadable >= self._tolerated:
                raise error
            self.found.troubles.append(Trouble(path or ".", cause, f"cannot be listed: {error.strerror}"))
