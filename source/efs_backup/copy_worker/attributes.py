"""What the survey has seen of each entry, as it is handed to the copies. Lean, for the copy tool."""

import struct

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from efs_backup.copy_worker.rules import Attributes

_FORM = struct.Struct("<IIIIqqQqq")

NOT_SURVEYED = bytes(_FORM.size)
"""In the place of attributes that nobody needs or has; a copy asks for all of a directory in which one is missing."""


class SurveyedAttributes:
    """What the kernel told of an entry; sizes in bytes, times in ns. directory_mode: of the directory it lies in."""

    __slots__ = (
        "directory_mode", "st_atime_ns", "st_blocks", "st_gid", "st_mode", "st_mtime_ns", "st_rdev", "st_size",
        "st_uid",
    )  # fmt: skip

    def __init__(self, raw: bytes) -> None:
        (
            self.directory_mode, self.st_mode, self.st_uid, self.st_gid, self.st_size, self.st_blocks, self.st_rdev,
            self.st_mtime_ns, self.st_atime_ns,
        ) = _FORM.unpack(raw)  # fmt: skip


def packed(found: "Attributes", directory_mode: int) -> bytes:
    """The attributes of an entry in a directory of this mode, from which `SurveyedAttributes` are made.

    Nothing of an entry whose time is after 2262 or before 1678, for which 64 bits of nanoseconds are too few.
    """
    try:
        return _FORM.pack(
            directory_mode, found.st_mode, found.st_uid, found.st_gid, found.st_size, found.st_blocks, found.st_rdev,
            found.st_mtime_ns, found.st_atime_ns,
        )  # fmt: skip
    except struct.error:
        return NOT_SURVEYED


def each_packed(raw: bytes) -> "list[bytes]":
    """The attributes of each entry, of all that were packed one after the other."""
    return [raw[begin : begin + _FORM.size] for begin in range(0, len(raw), _FORM.size)]
