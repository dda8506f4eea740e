"""A second file equal to a first one, made beside it by the descriptor of their directory."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_MAKING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PRIVATE = stat.S_IRUSR | stat.S_IWUSR
_BLOCK = 128 * 1024


def duplicate(directory: int, name: str, beside: str, pay: Callable[[], None] = lambda: None) -> None:
    """Make a file, symlink, FIFO or device anew under another name of the same directory; holes stay holes.

    pay: is called for each block of content. Nobody else can read it before it is whole. Raises OSError after what was
    begun is removed again.
    """
    found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    try:
        if stat.S_ISREG(found.st_mode):
            _make_file(directory, name, beside, pay)
        elif stat.S_ISLNK(found.st_mode):
            _make_symlink(directory, os.readlink(name, dir_fd=directory), beside, found)
        else:
            _make_node(directory, beside, found)
    except FileExistsError:
        raise
    except OSError:
        with suppress(FileNotFoundError):
            os.unlink(beside, dir_fd=directory)
        raise


def _make_file(directory: int, name: str, beside: str, pay: Callable[[], None]) -> None:
    """The times come last, when the content is accepted: what has the right times passes for whole."""
    with _opened(name, _READING, directory) as source, _opened(beside, _MAKING, directory) as target:
        found = os.fstat(source)
        _copy_content(source, target, pay)
        if os.geteuid() == 0:
            os.chown(target, found.st_uid, found.st_gid)
        os.chmod(target, stat.S_IMODE(found.st_mode))
        os.fsync(target)
        os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))


def _make_symlink(directory: int, leads_to: str, beside: str, seen: os.stat_result) -> None:
    os.symlink(leads_to, beside, dir_fd=directory)
    _give(directory, beside, seen)
    _date(directory, beside, seen)


def _make_node(directory: int, beside: str, seen: os.stat_result) -> None:
    """A mode can only be given by a descriptor without following a symlink, and this one is only there to hold it."""
    os.mknod(beside, stat.S_IFMT(seen.st_mode) | _PRIVATE, seen.st_rdev, dir_fd=directory)
    _give(directory, beside, seen)
    with _opened(beside, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, directory) as made:
        if stat.S_IFMT(os.fstat(made).st_mode) != stat.S_IFMT(seen.st_mode):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), beside)
        os.chmod(f"/proc/self/fd/{made}", stat.S_IMODE(seen.st_mode))
    _date(directory, beside, seen)


def _give(directory: int, name: str, wanted: os.stat_result) -> None:
    """Only root can give files away."""
    if os.geteuid() == 0:
        os.chown(name, wanted.st_uid, wanted.st_gid, dir_fd=directory, follow_symlinks=False)


def _date(directory: int, name: str, wanted: os.stat_result) -> None:
    os.utime(name, ns=(wanted.st_atime_ns, wanted.st_mtime_ns), dir_fd=directory, follow_symlinks=False)


@contextmanager
def _opened(name: str, flags: int, directory: int) -> Iterator[int]:
    descriptor = os.open(name, flags, _PRIVATE, dir_fd=directory)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _copy_content(source: int, target: int, pay: Callable[[], None]) -> None:
    end = 0
    while (begin := _next_data(source, end)) is not None:
        hole = os.lseek(source, begin, os.SEEK_HOLE)
        block = os.pread(source, min(_BLOCK, hole - begin), begin)
        if not block:
            break  # it has become shorter
        end = begin + len(block)
        pay()
        _write(target, block, begin)
    os.ftruncate(target, os.fstat(source).st_size)


def _next_data(file: int, begin: int) -> int | None:
    """Where the next content is that is no hole; None where only a hole is left."""
    try:
        return os.lseek(file, begin, os.SEEK_DATA)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return None


def _write(target: int, block: bytes, begin: int) -> None:
    if not block.strip(b"\0"):
        return  # left as a hole
    while block:
        written = os.pwrite(target, block, begin)
        block, begin = block[written:], begin + written
