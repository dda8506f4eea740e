"""Small files in a directory of our own, which may hold anything after a crash, or by somebody's hand."""

import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from efs_backup.engine.machine.regular_file import IN_PLACE, small_content
from efs_backup.engine.trees.held import held

_LOCK = ".lock"
_MOST_BYTES = 2**20
_ODD = frozenset({errno.ELOOP, errno.EISDIR, errno.ENOTDIR, errno.ENXIO, errno.ENOTEMPTY, errno.EEXIST})
"""Refusals that mean that something of another kind lies there."""


class PrivateFiles:
    """Nothing here follows a symlink, or waits for a FIFO.

    What is written is whole on the disk, or not there; what is in its way is set aside, as `NAME.odd`, and noted.
    Raises OSError.
    """

    def __init__(self, path: Path, note: Callable[[str], None]) -> None:
        self._path = path
        self._note = note

    def read(self, name: str) -> bytes:
        """The content of a file of at most a mebibyte. Raises ValueError of anything else."""
        with self._opened() as directory:
            return small_content(name, _MOST_BYTES, directory=directory)

    def write(self, name: str, content: bytes) -> None:
        """Put this content in the place of whatever has the name."""
        with self._opened() as directory:
            unfinished = f".{secrets.token_hex(8)}.new"
            try:
                _write_through(unfinished, content, directory)
                self._put(unfinished, name, directory)
            except OSError:
                with suppress(OSError):
                    os.unlink(unfinished, dir_fd=directory)
                raise
            with suppress(OSError):  # not every file system can
                os.fsync(directory)

    def remove(self, name: str) -> None:
        """Remove a file."""
        with self._opened() as directory:
            os.unlink(name, dir_fd=directory)

    def clear(self, name: str) -> None:
        """Have nothing of this name: a file is removed, and a directory, which may hold anything, is set aside."""
        try:
            self.remove(name)
        except IsADirectoryError:
            with self._opened() as directory:
                self._set_aside(name, directory)

    def names(self) -> list[tuple[int, str]]:
        """All that is there, each with its mtime in nanoseconds; nothing where there is no directory."""
        found = list[tuple[int, str]]()
        with suppress(FileNotFoundError), self._opened() as directory:
            for name in os.listdir(directory):
                with suppress(FileNotFoundError):
                    found.append((os.stat(name, dir_fd=directory, follow_symlinks=False).st_mtime_ns, name))
        return found

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only writer, for whom there is a directory."""
        os.makedirs(self._path.parent, exist_ok=True)
        self._make()
        with self._opened() as directory, held(self._open_lock(directory)) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield

    def _make(self) -> None:
        try:
            os.mkdir(self._path, 0o700)
        except FileExistsError:
            if not stat.S_ISDIR(os.lstat(self._path).st_mode):
                self._set_aside(str(self._path))
                os.mkdir(self._path, 0o700)

    def _opened(self) -> AbstractContextManager[int]:
        return held(os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | IN_PLACE))

    def _put(self, unfinished: str, name: str, directory: int) -> None:
        try:
            os.replace(unfinished, name, src_dir_fd=directory, dst_dir_fd=directory)
        except OSError as error:
            if error.errno not in _ODD:
                raise
            self._set_aside(name, directory)
            os.replace(unfinished, name, src_dir_fd=directory, dst_dir_fd=directory)

    def _open_lock(self, directory: int) -> int:
        try:
            return os.open(_LOCK, os.O_RDWR | os.O_CREAT | IN_PLACE, 0o600, dir_fd=directory)
        except OSError as error:
            if error.errno not in _ODD:
                raise
            self._set_aside(_LOCK, directory)
            return os.open(_LOCK, os.O_RDWR | os.O_CREAT | IN_PLACE, 0o600, dir_fd=directory)

    def _set_aside(self, name: str, directory: int | None = None) -> None:
        """Rename it to the first of `NAME.odd`, `NAME.odd.1`, ... that nothing has."""
        number, aside = 0, f"{name}.odd"
        while _is_there(aside, directory):
            number, aside = number + 1, f"{name}.odd.{number + 1}"
        os.rename(name, aside, src_dir_fd=directory, dst_dir_fd=directory)
        self._note(f"{str(self._path / name)!r} was in the way of the records; it is {os.path.basename(aside)!r} now.")


def _is_there(name: str, directory: int | None) -> bool:
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _write_through(name: str, content: bytes, directory: int) -> None:
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | IN_PLACE, 0o600, dir_fd=directory)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def flush_directory(path: Path) -> None:
    """Have on the disk what was named, renamed or removed in a directory. Raises OSError."""
    with held(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)) as descriptor:
        os.fsync(descriptor)
