"""Rules: how a file that the target has not is made there."""

import stat

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Attributes(Protocol):
        """The kernel's attributes of an entry: os.stat_result, or anything like it; sizes in bytes, times in ns."""

        @property
        def st_mode(self) -> int: ...  # noqa: D102
        @property
        def st_uid(self) -> int: ...  # noqa: D102
        @property
        def st_gid(self) -> int: ...  # noqa: D102
        @property
        def st_size(self) -> int: ...  # noqa: D102
        @property
        def st_blocks(self) -> int: ...  # noqa: D102
        @property
        def st_rdev(self) -> int: ...  # noqa: D102
        @property
        def st_mtime_ns(self) -> int: ...  # noqa: D102
        @property
        def st_atime_ns(self) -> int: ...  # noqa: D102


SMALL_FILE_SIZE = 256 * 1024
"""Bytes up to which a new file is read and written at once, by one thread."""

LARGE_FILE_SIZE = 16 * 1024 * 1024
"""Bytes from which a new file is copied so that the next backup can go on with it."""

WRITE, SYMLINK, LARGE, RSYNC = "write", "symlink", "large", "rsync"
"""How a new entry is made: a small file written, a symlink made, a large file so that it can be continued; all else is
left to rsync."""

_GIVEN_AWAY = stat.S_ISUID | stat.S_ISGID
_SMALLEST_HOLE = 4096
_BLOCK = 512
_PERMISSIONS = 0o777


def comparing(time_step_ns: int, *, owners: bool) -> "Callable[[Attributes], tuple[int, ...]]":
    """Choose what of an entry has to be the same in source and target.

    mtime (to the nanosecond, or as exactly as the target's file system keeps it), size, type and mode, owner, number of
    a device. Without `owners`, for a user who cannot give files away, nothing that only an owner decides; the group is
    compared apart (`keeps_group`).
    """
    if owners:
        return lambda found: (
            found.st_mtime_ns // time_step_ns, found.st_size, found.st_mode, found.st_uid, found.st_gid, found.st_rdev,
        )  # fmt: skip
    return lambda found: (
        found.st_mtime_ns // time_step_ns, found.st_size, found.st_mode & ~_GIVEN_AWAY, found.st_rdev,
    )  # fmt: skip


def is_equal(source: "Attributes", reference: "Attributes", time_step_ns: int = 1) -> bool:
    """Whether the reference has this very file, as far as attributes tell; a symlink's target has to be compared too.

    Type and mode, owner, size, and mtime to the nanosecond, or as exactly as the reference's file system keeps it; the
    number for devices.
    """
    compared = comparing(time_step_ns, owners=True)
    return compared(source) == compared(reference)


def way_of(source: "Attributes") -> str:
    """How a new entry is made."""
    if stat.S_ISLNK(source.st_mode):
        return SYMLINK
    if not stat.S_ISREG(source.st_mode) or has_holes(source):
        return RSYNC
    if source.st_size >= LARGE_FILE_SIZE:
        return LARGE
    return WRITE if source.st_size <= SMALL_FILE_SIZE else RSYNC


def has_holes(source: "Attributes") -> bool:
    """Whether the file takes less space than its size; one of a page or less has no hole worth keeping."""
    return source.st_size > _SMALLEST_HOLE and source.st_blocks * _BLOCK < source.st_size


def first_mode(wanted: int) -> int:
    """The mode to make a directory with, so that most need no other later: its owner may fill it in any case."""
    return stat.S_IMODE(wanted) & _PERMISSIONS | stat.S_IRWXU
