"""What becomes of one file of a part. Lean, for the copy tool starts many times: no dataclasses, no enums."""

import stat

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    class Attributes(Protocol):
        """What the kernel tells of an entry: os.stat_result, or anything like it; sizes in bytes, times in ns."""

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

WRITE, POINT, GO_ON, HAND_OVER = "write", "point", "go on", "hand over"
"""How a new entry is made: a small file written, a symlink pointed, a large file continued, all else left to rsync."""

_BYTES_WORTH_AN_RSYNC = 16 * 1024 * 1024
_THREADS_FOR_AN_RSYNC = 8
_SMALLEST_HOLE = 4096
_BLOCK = 512
_PERMISSIONS = 0o777


def is_equal(source: "Attributes", reference: "Attributes", time_step_ns: int = 1) -> bool:
    """Whether the reference has this very file, as far as attributes tell; a symlink's target has to be compared too.

    Type and mode, owner, size, and mtime to the nanosecond, or as exactly as the reference's file system keeps it; the
    number for devices.
    """
    return (
        source.st_mtime_ns // time_step_ns == reference.st_mtime_ns // time_step_ns
        and source.st_size == reference.st_size
        and source.st_mode == reference.st_mode
        and source.st_uid == reference.st_uid
        and source.st_gid == reference.st_gid
        and source.st_rdev == reference.st_rdev
    )


def way_of(source: "Attributes", *, is_root: bool) -> str:
    """How a new entry is made. Only root can give files away: for others rsync knows what to do about owners."""
    if not is_root:
        return HAND_OVER
    if stat.S_ISLNK(source.st_mode):
        return POINT
    if not stat.S_ISREG(source.st_mode) or has_holes(source):
        return HAND_OVER
    if source.st_size >= LARGE_FILE_SIZE:
        return GO_ON
    return WRITE if source.st_size <= SMALL_FILE_SIZE else HAND_OVER


def has_holes(source: "Attributes") -> bool:
    """Whether the file takes less space than its size; one of a page or less has no hole worth keeping."""
    return source.st_size > _SMALLEST_HOLE and source.st_blocks * _BLOCK < source.st_size


def first_mode(wanted: int) -> int:
    """The mode to make a directory with, so that most need no other later: its owner may fill it in any case."""
    return stat.S_IMODE(wanted) & _PERMISSIONS | stat.S_IRWXU


def by_directory(entries: "Iterable[tuple[str, bytes]]") -> "dict[str, dict[str, bytes]]":
    """The names in each directory ("" for the root) that a part lists as `./directory/name`, each once, in order.

    With each name is what comes with its path. What ends in a slash is a directory in which nothing is to be copied.
    """
    found: dict[str, dict[str, bytes]] = {}
    for entry, attributes in entries:
        directory, _, name = entry.removeprefix("./").rpartition("/")
        names = found.setdefault(directory, {})
        if name not in {"", "."}:
            names[name] = attributes
    return found


def rsyncs_for(files: int, size: int, threads: int) -> int:
    """How many rsyncs at a time bring what is left of a part: one for so many bytes, but not one for each thread."""
    worth = -(-size // _BYTES_WORTH_AN_RSYNC)
    return max(1, min(worth, files, threads // _THREADS_FOR_AN_RSYNC))


def worst_code(codes: "list[int]") -> int:
    """The exit code of a part of which pieces ended with these: rsync's own order of gravity.

    Whatever is neither done (0) nor about single files (23, 24) says most; then 23, for something is missing.
    """
    grave = [code for code in codes if code not in {0, 23, 24}]
    return next((code for code in (*grave, 23, 24) if code in codes), 0)
