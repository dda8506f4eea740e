"""Deletion of whole trees by a work queue of directories; it never crosses a mount point, nor follows a symlink.

The kernel itself refuses to go through a mount point here, bind mounts too (`openat2` with RESOLVE_NO_XDEV, which costs
no further call); where it cannot, the numbers of the mounts are compared. What cannot be deleted stays, all else goes.
"""

import errno
import os
import stat
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from efs_backup.copy_worker.beneath import LISTING, PASSING, open_below, open_place
from efs_backup.copy_worker.throttle import Throttle
from efs_backup.domain.copying.parts import concurrency_of
from efs_backup.domain.snapshots.deletion import NAMED, Deletion, Undeleted
from efs_backup.engine.machine.mounts import kind_of_device
from efs_backup.engine.trees.held import held
from efs_backup.engine.trees.tree_walk import Stopped, TreeWalk, joined

_FILES_AT_A_TIME = 10_000
_NOT_EMPTY = frozenset({errno.ENOTEMPTY, errno.EEXIST})


def delete_content(
    directory: Path,
    name: str,
    should_stop: Callable[[], bool] = lambda: False,
    throttle: Throttle | None = None,
) -> Deletion:
    """Delete all that lies in the directory of this name in another one; nothing where there is none.

    The directory itself stays. It must not be a symlink or a mount point, else it counts as what could not be deleted.
    Raises OSError of a file system that cannot be written at all.
    """
    undeleted = _Undeleted()
    place = open_place(str(directory), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        root = open_below(place, name, LISTING, within_mount=True)
    except FileNotFoundError:
        return Deletion()
    except OSError as error:
        undeleted.note(error, str(directory / name))
        return undeleted.deletion(was_stopped=False)
    finally:
        os.close(place)
    try:
        _Deleting(root, str(directory / name), should_stop, throttle or Throttle(), undeleted).run()
        return undeleted.deletion(was_stopped=False)
    except Stopped:
        return undeleted.deletion(was_stopped=True)
    finally:
        os.close(root)


class _Undeleted:
    """The names that stay: counted, the first named. From many threads."""

    def __init__(self) -> None:
        self._first: list[Undeleted] = []
        self._lock = threading.Lock()
        self.count = 0

    def note(self, error: OSError, path: str) -> None:
        """Raises the error where nothing at all can be deleted."""
        if error.errno == errno.EROFS:
            raise error
        with self._lock:
            self.count += 1
            if len(self._first) < NAMED:
                self._first.append(Undeleted.by(error, path))

    def deletion(self, *, was_stopped: bool) -> Deletion:
        return Deletion(was_stopped, tuple(self._first), self.count)


class _Deleting:
    """The walk over an open directory, which stays itself."""

    def __init__(
        self, root: int, path: str, should_stop: Callable[[], bool], throttle: Throttle, undeleted: _Undeleted
    ) -> None:
        self._root = root
        self._path = path
        self._should_stop = should_stop
        self._throttle = throttle
        self._undeleted = undeleted
        self._closed: set[str] = set()

    def run(self) -> None:
        """Delete. Raises Stopped, and OSError of a file system that cannot be written."""
        kind = kind_of_device(os.fstat(self._root).st_dev)
        threads = concurrency_of(kind, os.cpu_count() or 1).changing_threads
        TreeWalk(
            self._enter,
            self._leave,
            threads=threads,
            should_stop=self._should_stop,
            activity=lambda: self._throttle.paid,
        ).run()

    def _enter(self, directory: str) -> Iterable[str]:
        try:
            self._let_enter(directory)
            with self._opened(directory, LISTING) as descriptor:
                return self._remove_files(descriptor, directory)
        except OSError as error:
            self._undeleted.note(error, os.path.join(self._path, directory))
            self._closed.add(directory)
            return []

    def _leave(self, directory: str) -> None:
        if not directory or directory in self._closed:
            return
        above, name = os.path.split(directory)
        self._throttle.pay()
        try:
            with self._opened(above, PASSING) as descriptor:
                os.rmdir(name, dir_fd=descriptor)
        except FileNotFoundError:
            pass
        except OSError as error:
            if error.errno not in _NOT_EMPTY or not self._undeleted.count:  # else what is in it is noted already
                self._undeleted.note(error, os.path.join(self._path, directory))

    def _opened(self, directory: str, flags: int) -> AbstractContextManager[int]:
        return held(open_below(self._root, directory, flags, within_mount=True))

    def _let_enter(self, directory: str) -> None:
        """Give its owner the rights to empty a directory; root has them in any case."""
        if os.geteuid() == 0:
            return
        with self._opened(directory, PASSING) as descriptor:
            mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
            if mode & stat.S_IRWXU != stat.S_IRWXU:
                os.chmod(f"/proc/self/fd/{descriptor}", mode | stat.S_IRWXU)

    def _remove_files(self, descriptor: int, directory: str) -> list[str]:
        """Remove all that is no directory; the names of the directories."""
        self._throttle.pay(2)
        stuck = set[str]()
        while True:
            files, directories = _first_entries(descriptor, stuck)
            for name in files:
                if self._should_stop():
                    raise Stopped
                self._throttle.pay()
                try:
                    os.unlink(name, dir_fd=descriptor)
                except FileNotFoundError:
                    continue
                except OSError as error:
                    stuck.add(name)
                    self._undeleted.note(error, os.path.join(self._path, joined(directory, name)))
            if len(files) < _FILES_AT_A_TIME:
                return directories


def _first_entries(descriptor: int, stuck: set[str]) -> tuple[list[str], list[str]]:
    """(files, directories) but what is stuck, as far as there are not more files than a list in memory should hold."""
    files, directories = list[str](), list[str]()
    with os.scandir(descriptor) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                directories.append(entry.name)
            elif entry.name not in stuck:
                files.append(entry.name)
                if len(files) == _FILES_AT_A_TIME:
                    break
    return files, directories
