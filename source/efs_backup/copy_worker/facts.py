"""Facts: what of a file's attributes decides whether the target has it as the source has it."""

import errno
import os
import stat
import sys

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable

    from efs_backup.copy_worker.rules import Attributes

    Known = tuple[tuple[int, ...], int, int, int, int, int, int]
    """(what is compared, inode, links, ctime in ns, mode, group, size) of an entry that is there already."""


def known(found: os.stat_result, compared: "Callable[[Attributes], tuple[int, ...]]") -> "Known":
    """Keep of an entry what is needed: a stat_result takes three times the memory."""
    return (
        compared(found), found.st_ino, found.st_nlink, found.st_ctime_ns, found.st_mode, found.st_gid, found.st_size,
    )  # fmt: skip


def directory_facts(found: os.stat_result) -> tuple[int, int, int, int, int]:
    """(mode, owner, group, mtime and atime in ns) of a directory."""
    return found.st_mode, found.st_uid, found.st_gid, found.st_mtime_ns, found.st_atime_ns


class DirectoryFacts:
    """The facts of a directory under the names of a stat_result."""

    __slots__ = ("st_atime_ns", "st_gid", "st_mode", "st_mtime_ns", "st_uid")

    def __init__(self, facts: tuple[int, ...]) -> None:
        self.st_mode, self.st_uid, self.st_gid, self.st_mtime_ns, self.st_atime_ns = facts


def refused_attributes(wanted: "tuple[int, ...]", why: str) -> str:
    """Say that a directory's attributes are refused."""
    mode, user, group = wanted[:3]
    return f"the owner {user}:{group} or the mode {stat.S_IMODE(mode):o} could not be given: {why}"


def open_to_owner(descriptor: int) -> bool:
    """Let its owner do everything in an open directory; False where nothing had to be done for that.

    By a path, for a directory that may not be entered has no `.`, and a descriptor to go through cannot be chmodded.
    """
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    if mode & stat.S_IRWXU == stat.S_IRWXU:
        return False
    os.chmod(f"/proc/self/fd/{descriptor}", mode | stat.S_IRWXU)
    return True


def set_directory_attributes(descriptor: int, wanted: "Attributes | DirectoryFacts") -> None:
    """Give an open directory the owner, mode and times of another; what is right already is not written again.

    Only root can give files away; for others the owner stays. The times come first, for a mode may close the directory
    to its owner. Raises PermissionError also where a server has refused the owner without a word.
    """
    found = os.fstat(descriptor)
    if found.st_mtime_ns != wanted.st_mtime_ns:
        os.utime(".", ns=(wanted.st_atime_ns, wanted.st_mtime_ns), dir_fd=descriptor)
    if os.geteuid() == 0 and (found.st_uid, found.st_gid) != (wanted.st_uid, wanted.st_gid):
        os.chown(".", wanted.st_uid, wanted.st_gid, dir_fd=descriptor)
        found = os.fstat(descriptor)
        if (found.st_uid, found.st_gid) != (wanted.st_uid, wanted.st_gid):
            raise PermissionError(errno.EPERM, "the server keeps another owner")
    if stat.S_IMODE(found.st_mode) != stat.S_IMODE(wanted.st_mode):
        os.chmod(".", stat.S_IMODE(wanted.st_mode), dir_fd=descriptor)


_GET_FLAGS = 0x80086601
_IMMUTABLE, _APPEND_ONLY = 0x10, 0x20
"""FS_IOC_GETFLAGS and what it tells (ioctl_iflags(2)), the same on x86-64 and arm64."""


def is_frozen(directory: int) -> bool:
    """Tell whether an open directory is immutable or append-only (chattr), where its file system knows of that."""
    from fcntl import ioctl  # noqa: PLC0415 - rarely needed

    flags = bytearray(8)
    try:
        listed = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)
        try:
            ioctl(listed, _GET_FLAGS, flags, True)
        finally:
            os.close(listed)
    except OSError:
        return False
    return bool(int.from_bytes(flags[:4], sys.byteorder) & (_IMMUTABLE | _APPEND_ONLY))
