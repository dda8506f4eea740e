"""One new entry: a small file or a symlink, made where nothing is yet."""

import errno
import os
import stat

from efs_backup.copy_worker.hashing import READING, new_hash
from efs_backup.copy_worker.rules import is_equal

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from efs_backup.copy_worker.rules import Attributes
    from efs_backup.copy_worker.throttle import Payable

_MAKING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PERMISSIONS = 0o777
_BLOCK = 1024 * 1024
_OPERATIONS_OF_TWO_BLOCKS = 16
"""As a file server may count them that is read by 128 KiB."""


def write_small(
    source: int, target: int, name: str, listed: "Attributes", *, hashes: bool = False
) -> tuple[int, bytes] | None:
    """Make a file of a directory in another one; give its inode and, where it `hashes`, the SHA-256.

    None where it is no longer what was listed, or cannot be read.

    Raises FileExistsError, and OSError after what was begun is removed again.
    """
    content = _read(source, name, listed)
    if content is None:
        return None
    descriptor = os.open(name, _MAKING, stat.S_IMODE(listed.st_mode) & _PERMISSIONS, dir_fd=target)
    try:
        inode = _fill(descriptor, listed, content)
        _date(target, name, listed)
    except OSError:
        os.unlink(name, dir_fd=target)
        raise
    return inode, new_hash(content).digest() if hashes else b""


def _read(directory: int, name: str, listed: "Attributes") -> bytes | None:
    try:
        descriptor = os.open(name, READING, dir_fd=directory)
    except OSError:
        return None
    try:
        content = os.read(descriptor, listed.st_size + 1) if is_equal(os.fstat(descriptor), listed) else None
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return content if content is not None and len(content) == listed.st_size else None


def _date(directory: int, name: str, wanted: "Attributes") -> None:
    """Give times. They come last, after the close: what was written may be refused only then.

    What has the right times passes for whole in the next backup.
    """
    times = (wanted.st_atime_ns, wanted.st_mtime_ns)
    os.utime(name, ns=times, dir_fd=directory, follow_symlinks=False)


def _fill(descriptor: int, wanted: "Attributes", content: bytes) -> int:
    """Write and close; give the inode.

    The owner comes before the content, and the mode after the owner, whose change takes bits.
    """
    try:
        made = os.fstat(descriptor)
        if (made.st_uid, made.st_gid) != (wanted.st_uid, wanted.st_gid):
            os.fchown(descriptor, wanted.st_uid, wanted.st_gid)
            check_owner(os.fstat(descriptor), wanted)
        while content:
            content = content[os.write(descriptor, content) :]
        if stat.S_IMODE(made.st_mode) != stat.S_IMODE(wanted.st_mode):
            os.fchmod(descriptor, stat.S_IMODE(wanted.st_mode))
        return made.st_ino
    finally:
        os.close(descriptor)


def check_owner(made: os.stat_result, wanted: "Attributes") -> None:
    """Raise PermissionError where a server has refused an owner without a word."""
    if (made.st_uid, made.st_gid) != (wanted.st_uid, wanted.st_gid):
        raise PermissionError(errno.EPERM, "the server keeps another owner")


def make_symlink(source: int, target: int, name: str, listed: "Attributes") -> int:
    """Make a symlink of a directory in another one; give its inode.

    Raises FileExistsError, and OSError after what was begun is removed again.
    """
    os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
    try:
        made = os.stat(name, dir_fd=target, follow_symlinks=False)
        if (made.st_uid, made.st_gid) != (listed.st_uid, listed.st_gid):
            os.chown(name, listed.st_uid, listed.st_gid, dir_fd=target, follow_symlinks=False)
            check_owner(os.stat(name, dir_fd=target, follow_symlinks=False), listed)
        _date(target, name, listed)
    except OSError:
        os.unlink(name, dir_fd=target)
        raise
    return made.st_ino


def read_alike(one: int, other: int, name: str, throttle: "Payable") -> bool:
    """Whether a name is a file of the same content in two directories. Raises OSError."""
    with (
        open(os.open(name, READING, dir_fd=one), "rb") as first,
        open(os.open(name, READING, dir_fd=other), "rb") as second,
    ):
        if not all(stat.S_ISREG(os.fstat(file.fileno()).st_mode) for file in (first, second)):
            return False
        while block := first.read(_BLOCK):
            throttle.pay(_OPERATIONS_OF_TWO_BLOCKS)
            if block != second.read(_BLOCK):
                return False
        return not second.read(1)
