"""Directories opened below a root so that no symlink in any component is followed.

The kernel goes down many names at once where it can be told to follow no symlink (`openat2`, Linux 5.6); else we go
name by name. A path longer than the kernel takes is gone in pieces.
"""

import errno
import os
import stat
import sys
from functools import cache

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable

PASSING = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""To go through a directory: asks nothing of a file server but its name."""

LISTING = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_FOLLOWING = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_MOST_AT_ONCE = 4000
"""Bytes of a path that the kernel takes in one piece: 4096 with the closing NUL (PATH_MAX)."""

_OPENAT2 = 437
"""The number of the system call, the same on all architectures."""
_NO_XDEV, _NO_SYMLINKS, _BENEATH = 0x01, 0x04, 0x08


def open_root(path: str) -> int:
    """A descriptor of a tree's root, to go through; by symlinks where the path has some. Any length; raises OSError."""
    return open_place(path, _FOLLOWING)


def open_place(path: str, flags: int) -> int:
    """A descriptor by a path that the operator gave, of any length; symlinks in it are followed. Raises OSError."""
    first, *more = _pieces(path, _MOST_AT_ONCE)
    held = os.open(first, _FOLLOWING if more else flags)
    for number, piece in enumerate(more, 1):
        held = _exchange(held, os.open, piece, flags if number == len(more) else _FOLLOWING)
    return held


def open_below(root: int, path: str, flags: int, *, within_mount: bool = False) -> int:
    """A descriptor of a directory below an open one; "" for that one itself.

    Raises OSError: NotADirectoryError where a component is a symlink or no directory; with within_mount EXDEV where one
    is a mount point, also of a bind mount.
    """
    if ".." in path and ".." in path.split("/"):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), path)
    opened = _within_mount if within_mount else _beneath
    first, *more = _pieces(path or ".", _MOST_AT_ONCE if "/" not in path or _openat2() else 0)
    held = opened(first, PASSING if more else flags, dir_fd=root)
    for number, piece in enumerate(more, 1):
        held = _exchange(held, opened, piece, flags if number == len(more) else PASSING)
    return held


def _exchange(held: int, opened: "Callable[..., int]", piece: str, flags: int) -> int:
    """Open the next piece from a descriptor, and close that."""
    try:
        return opened(piece, flags, dir_fd=held)
    finally:
        os.close(held)


def _pieces(path: str, most: int) -> list[str]:
    """The path in pieces of at most so many bytes, each of at least one name."""
    if most and len(os.fsencode(path)) <= most:
        return [path]
    pieces, length = list[list[str]](), most
    for name in path.split("/"):
        size = len(os.fsencode(name)) + 1
        if length + size > most:
            pieces.append([])
            length = 0
        pieces[-1].append(name)
        length += size
    return ["/".join(piece) for piece in pieces]


def _beneath(path: str, flags: int, *, dir_fd: int) -> int:
    """A single name needs no more than O_NOFOLLOW."""
    opener = _openat2() if "/" in path else None
    if opener:
        return opener(dir_fd, path, flags, _NO_SYMLINKS | _BENEATH)
    return os.open(path, flags, dir_fd=dir_fd)


def _within_mount(path: str, flags: int, *, dir_fd: int) -> int:
    if opener := _openat2():
        return opener(dir_fd, path, flags, _NO_SYMLINKS | _BENEATH | _NO_XDEV)
    descriptor = os.open(path, flags, dir_fd=dir_fd)
    if mount_of(descriptor) != mount_of(dir_fd):
        os.close(descriptor)
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), path)
    return descriptor


def mount_of(descriptor: int) -> int:
    """The number of the mount on which an open file lies; unlike the device's it tells bind mounts apart."""
    with open(f"/proc/self/fdinfo/{descriptor}", "rb") as facts:
        return next(int(line.split()[1]) for line in facts if line.startswith(b"mnt_id:"))


@cache
def _openat2() -> "Callable[[int, str, int, int], int] | None":
    """`openat2`, called with (directory, path, flags, how to resolve); None where the kernel or a sandbox has none."""
    import ctypes  # noqa: PLC0415 - 3 ms that not every part has to pay

    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    call.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_long)

    def opened(directory: int, path: str, flags: int, resolve: int) -> int:
        how = b"".join(number.to_bytes(8, sys.byteorder) for number in (flags, 0, resolve))
        while (descriptor := call(_OPENAT2, directory, os.fsencode(path), how, len(how))) < 0:
            code = ctypes.get_errno()
            if code != errno.EINTR:
                code = errno.ENOTDIR if code == errno.ELOOP else code
                raise OSError(code, os.strerror(code), path)
        return int(descriptor)

    try:
        os.close(opened(-1, "/", PASSING, _NO_SYMLINKS))
    except OSError:
        return None
    return opened


def make_below(root: int, path: str, mode: int) -> tuple[int, bool]:
    """(descriptor to go through, whether it is new) of a directory that is made where it is missing; those above too.

    Raises OSError, among them NotADirectoryError where something else is in the way.
    """
    if not path:
        return os.open(".", PASSING, dir_fd=root), False
    above, _, name = path.rpartition("/")
    parent = _open_or_make(root, above)
    try:
        is_new = _make(parent, name, mode)
        return os.open(name, PASSING, dir_fd=parent), is_new
    finally:
        os.close(parent)


def _open_or_make(root: int, path: str) -> int:
    """From the root down, each directory by the descriptor of the one above it."""
    try:
        return open_below(root, path, PASSING)
    except FileNotFoundError:
        held = os.open(".", PASSING, dir_fd=root)
    for name in path.split("/"):
        held = _exchange(held, _made, name, PASSING)
    return held


def _made(name: str, flags: int, *, dir_fd: int) -> int:
    _make(dir_fd, name, stat.S_IRWXU)
    return os.open(name, flags, dir_fd=dir_fd)


def _make(parent: int, name: str, mode: int) -> bool:
    try:
        os.mkdir(name, mode, dir_fd=parent)
    except FileExistsError:
        return False
    return True
