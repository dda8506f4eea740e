"""A walk over directories by many threads, for trees whose every operation waits for a network."""

import os
import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from efs_backup.engine.machine.patience import PATIENCE_SECONDS, wait_for


class Stopped(Exception):
    """The walk was asked to stop before its end."""


@dataclass
class _Directory:
    path: str
    parent: "_Directory | None"
    pending: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def one_less(self) -> bool:
        with self.lock:
            self.pending -= 1
            return self.pending == 0


class TreeWalk:
    """Visits a directory and all below it; each by one thread, a parent's `enter` before and its `leave` after them.

    enter(path) gets a path relative to the root ("" is the root itself) and returns the names to go down into.
    leave(path) is called when all below that directory is left. The newest found is visited first, so that only a few
    paths are in memory at a time. The first exception ends the walk and reaches the caller; so does Stopped.
    activity: a number that changes with what is done within a directory; where neither it nor the walk moves for long,
    the walk is Hung.
    """

    def __init__(
        self,
        enter: Callable[[str], Iterable[str]],
        leave: Callable[[str], None] | None = None,
        *,
        threads: int,
        should_stop: Callable[[], bool] = lambda: False,
        activity: Callable[[], int] = lambda: 0,
    ) -> None:
        self._enter = enter
        self._leave = leave
        self._should_stop = should_stop
        self._threads = threads
        self._activity = activity
        self._visits = 0
        self._visiting: dict[int, str] = {}
        self._found: queue.LifoQueue[_Directory | None] = queue.LifoQueue()
        self._error: BaseException | None = None

    def run(self) -> None:
        """Walk; returns when everything is left. Raises Stopped, Hung, or what `enter` or `leave` raised."""
        self._found.put(_Directory("", None))
        workers = [threading.Thread(target=self._work, daemon=True) for _ in range(self._threads)]
        for worker in workers:
            worker.start()
        wait_for(workers, lambda: self._visits + self._activity(), self._visiting, PATIENCE_SECONDS)
        if self._error:
            raise self._error

    def _work(self) -> None:
        while (directory := self._found.get()) is not None:
            try:
                self._visit(directory)
            except BaseException as error:  # noqa: BLE001 - it is raised again in the caller's thread
                self._error = self._error or error
                self._finish()
            self._visiting.pop(threading.get_ident(), None)
        self._finish()

    def _visit(self, directory: _Directory) -> None:
        self._visits += 1
        self._visiting[threading.get_ident()] = directory.path
        if self._error or self._should_stop():
            raise Stopped
        below = [_Directory(joined(directory.path, name), directory) for name in self._enter(directory.path)]
        directory.pending = len(below) + 1
        for found in below:
            self._found.put(found)
        self._leave_upwards(directory)

    def _leave_upwards(self, directory: _Directory | None) -> None:
        while directory is not None and directory.one_less():
            if self._leave:
                self._visits += 1
                self._visiting[threading.get_ident()] = directory.path
                self._leave(directory.path)
            directory = directory.parent
        if directory is None:
            self._finish()

    def _finish(self) -> None:
        self._found.put(None)


def joined(directory: str, name: str) -> str:
    """The path of a name in a directory, both relative to the same root."""
    return os.path.join(directory, name) if directory else name
