"""Bring an old copy of a tree up to date with as few operations as can be: `SOURCE TARGET PREVIOUS`.

As many processes as there are processors share the directories, with 64 threads in all. Both sides are listed and
compared; what differs is removed, and linked from PREVIOUS or written. Nothing else is checked; see bound.py.
"""

import os
import queue
import stat
import sys
import threading

THREADS = 64


def main() -> None:
    """Share the directories of the first two levels among the processes, and do those above them at last."""
    source, target, previous = sys.argv[1:]
    os.umask(0)
    processes = min(os.cpu_count() or 1, 8)
    update = Update(source, target, previous)
    shares = update.level("")
    shares = [below for path in shares for below in (update.level(path) or [])]
    children = []
    for number in range(processes):
        child = os.fork()
        if not child:
            update.run(shares[number::processes], THREADS // processes)
            os._exit(0)
        children.append(child)
    for child in children:
        if os.waitpid(child, 0)[1]:
            sys.exit("a process failed")


class Update:
    """One tree brought up to date from another."""

    def __init__(self, source: str, target: str, previous: str) -> None:
        self._source, self._target, self._previous = source, target, previous

    def level(self, path: str) -> list[str]:
        """Do one directory; the paths of those in it."""
        return self._do(path, os.stat(self._at(self._source, path)))

    def run(self, paths: list[str], threads: int) -> None:
        """Do these directories and all below them."""
        waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        left, lock = [len(paths)], threading.Lock()
        for path in paths:
            waiting.put(path)

        def work() -> None:
            while (path := waiting.get()) is not None:
                below = self.level(path)
                with lock:
                    left[0] += len(below) - 1
                    is_done = not left[0]
                for found in [*below, *([None] * threads if is_done else [])]:
                    waiting.put(found)

        workers = [threading.Thread(target=work) for _ in range(threads if paths else 0)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def _do(self, path: str, wanted: os.stat_result) -> list[str]:
        source, is_changed, below = _listed(self._at(self._source, path)), False, []
        try:
            target = _listed(self._at(self._target, path))
        except FileNotFoundError:
            os.mkdir(self._at(self._target, path))
            target, is_changed = {}, True
        for name, attributes in source.items():
            inside, before = os.path.join(path, name), target.pop(name, None)
            if stat.S_ISDIR(attributes.st_mode):
                below.append(inside)
                continue
            if before is not None and _is_equal(attributes, before) and self._leads_alike(inside, attributes):
                continue
            is_changed = True
            if before is not None:
                os.unlink(self._at(self._target, inside))
            self._make(inside, attributes)
        for name in target:
            is_changed = True
            os.unlink(self._at(self._target, os.path.join(path, name)))
        if is_changed:
            os.utime(self._at(self._target, path), ns=(wanted.st_mtime_ns,) * 2)
        return below

    def _leads_alike(self, path: str, attributes: os.stat_result) -> bool:
        if not stat.S_ISLNK(attributes.st_mode):
            return True
        return os.readlink(self._at(self._source, path)) == os.readlink(self._at(self._target, path))

    def _make(self, path: str, attributes: os.stat_result) -> None:
        source, target, previous = (self._at(root, path) for root in (self._source, self._target, self._previous))
        try:
            if _is_equal(attributes, os.lstat(previous)):
                os.link(previous, target, follow_symlinks=False)
                return
        except FileNotFoundError:
            pass
        if stat.S_ISLNK(attributes.st_mode):
            os.symlink(os.readlink(source), target)
        else:
            with open(source, "rb", buffering=0) as file:
                content = file.read(attributes.st_size)
            made = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IMODE(attributes.st_mode))
            os.write(made, content)
            os.close(made)
        os.utime(target, ns=(attributes.st_mtime_ns,) * 2, follow_symlinks=False)

    @staticmethod
    def _at(root: str, path: str) -> str:
        return f"{root}/{path}" if path else root


def _listed(path: str) -> dict[str, os.stat_result]:
    with os.scandir(path) as entries:
        return {entry.name: entry.stat(follow_symlinks=False) for entry in entries}


def _is_equal(one: os.stat_result, other: os.stat_result) -> bool:
    return all(
        getattr(one, name) == getattr(other, name) for name in ("st_mtime_ns", "st_size", "st_mode", "st_uid", "st_gid")
    )


if __name__ == "__main__":
    main()
