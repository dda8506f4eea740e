"""Copy a tree with as few operations as can be: `SOURCE TARGET [PREVIOUS]`, or `--delete TREE ...`.

64 threads share the directories. Nothing is checked but what the kernel says; see bound.py.
"""

import os
import queue
import stat
import sys
import threading
from collections.abc import Callable

THREADS = 64


class Work:
    """Directories to be done, newest first; `do` gets one and returns the tasks that follow from it."""

    def __init__(self, do: Callable[[str], list[str]], done: Callable[[str], None]) -> None:
        self._do, self._done = do, done
        self._waiting: queue.LifoQueue[str | None] = queue.LifoQueue()
        self._pending: dict[str, int] = {"": 1}
        self._lock = threading.Lock()

    def run(self) -> None:
        """Do everything, the root ("") first; `done` is called for each directory when all below it is."""
        self._waiting.put("")
        workers = [threading.Thread(target=self._work) for _ in range(THREADS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def _work(self) -> None:
        while (path := self._waiting.get()) is not None:
            below = self._do(path)
            with self._lock:
                self._pending[path] = len(below) + 1
            for found in below:
                self._waiting.put(found)
            self._leave(path)
        self._waiting.put(None)

    def _leave(self, path: str) -> None:
        while True:
            with self._lock:
                self._pending[path] -= 1
                if self._pending[path]:
                    return
                del self._pending[path]
            self._done(path)
            if not path:
                self._waiting.put(None)
                return
            path = os.path.dirname(path)


class Copy:
    """One tree to another, with links into a third."""

    def __init__(self, source: str, target: str, previous: str | None) -> None:
        self._source, self._target, self._previous = source, target, previous
        self._attributes: dict[str, os.stat_result] = {"": os.stat(source)}

    def run(self) -> None:
        """Copy."""
        os.umask(0)
        Work(self._enter, self._leave).run()

    def _enter(self, path: str) -> list[str]:
        if path or not os.path.isdir(self._target):
            os.mkdir(os.path.join(self._target, path), stat.S_IMODE(self._attributes[path].st_mode) | 0o700)
        source, known = _listed(os.path.join(self._source, path)), self._known(path)
        below = []
        for name, attributes in source.items():
            inside = os.path.join(path, name)
            if stat.S_ISDIR(attributes.st_mode):
                self._attributes[inside] = attributes
                below.append(inside)
            elif self._previous and _is_equal(attributes, known.get(name)) and self._leads_alike(inside, attributes):
                os.link(self._at(self._previous, inside), self._at(self._target, inside), follow_symlinks=False)
            else:
                self._make(self._at(self._source, inside), self._at(self._target, inside), attributes)
        return below

    def _known(self, path: str) -> dict[str, os.stat_result]:
        try:
            return _listed(os.path.join(self._previous, path)) if self._previous else {}
        except FileNotFoundError:
            return {}

    def _leads_alike(self, path: str, attributes: os.stat_result) -> bool:
        if not stat.S_ISLNK(attributes.st_mode) or not self._previous:
            return True
        return os.readlink(self._at(self._source, path)) == os.readlink(self._at(self._previous, path))

    def _make(self, source: str, target: str, attributes: os.stat_result) -> None:
        if stat.S_ISLNK(attributes.st_mode):
            os.symlink(os.readlink(source), target)
        else:
            with open(source, "rb", buffering=0) as file:
                content = file.read(attributes.st_size)
            made = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IMODE(attributes.st_mode))
            os.write(made, content)
            os.close(made)
        os.utime(target, ns=(attributes.st_mtime_ns,) * 2, follow_symlinks=False)

    def _leave(self, path: str) -> None:
        attributes = self._attributes.pop(path)
        os.utime(os.path.join(self._target, path), ns=(attributes.st_mtime_ns,) * 2)

    @staticmethod
    def _at(root: str, path: str) -> str:
        return f"{root}/{path}"


def _listed(path: str) -> dict[str, os.stat_result]:
    with os.scandir(path) as entries:
        return {entry.name: entry.stat(follow_symlinks=False) for entry in entries}


def _is_equal(one: os.stat_result, other: os.stat_result | None) -> bool:
    return other is not None and all(
        getattr(one, name) == getattr(other, name) for name in ("st_mtime_ns", "st_size", "st_mode", "st_uid", "st_gid")
    )


def delete(tree: str) -> None:
    """Remove a tree."""

    def enter(path: str) -> list[str]:
        below = []
        with os.scandir(os.path.join(tree, path)) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    below.append(os.path.join(path, entry.name))
                else:
                    os.unlink(entry.path)
        return below

    Work(enter, lambda path: os.rmdir(os.path.join(tree, path))).run()


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[0] == "--delete":
        for each in arguments[1:]:
            delete(each)
    else:
        Copy(arguments[0], arguments[1], arguments[2] if arguments[2:] else None).run()
