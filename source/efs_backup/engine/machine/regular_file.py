"""Regular files opened without waiting: whatever somebody has put in the place of a file of ours.

A FIFO would hold up whoever opens it, a symlink leads elsewhere, and a file may be larger than the memory.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_READ_AT_ONCE = 2**20
AT_ONCE = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
"""Flags with which nothing is waited for, whatever is opened."""
IN_PLACE = os.O_NOFOLLOW | AT_ONCE
"""The same, of what lies there itself."""


@contextmanager
def opened_regular(
    name: str | Path, *, directory: int | None = None, is_followed: bool = False
) -> Iterator[int]:  # fmt: skip
    """Open a regular file to read it, and nothing else. Raises OSError, and ValueError of anything else.

    directory: a descriptor that the name is looked up in. is_followed: a symlink is as good as the file.
    """
    descriptor = os.open(name, os.O_RDONLY | (AT_ONCE if is_followed else IN_PLACE), dir_fd=directory)
    try:
        if not is_regular(descriptor):
            raise ValueError(f"{os.path.basename(name)!r} is no regular file")
        yield descriptor
    finally:
        os.close(descriptor)


def small_content(
    name: str | Path, most: int, *, directory: int | None = None, is_followed: bool = False
) -> bytes:  # fmt: skip
    """Read a regular file of at most so many bytes. Raises as `opened_regular`, and ValueError of a larger one."""
    with opened_regular(name, directory=directory, is_followed=is_followed) as descriptor:
        return small(descriptor, os.path.basename(name), most)


def small(descriptor: int, name: str, most: int) -> bytes:
    """Read what is left of a file, which is at most so many bytes. Raises OSError, and ValueError of more."""
    content = beginning(descriptor, most + 1)
    if len(content) > most:
        raise ValueError(f"{name!r} is larger than {most:,} bytes")
    return content


def beginning(descriptor: int, most: int) -> bytes:
    """Read what is left of a file, up to so many bytes. Raises OSError."""
    pieces = list[bytes]()
    while most and (piece := os.read(descriptor, min(most, _READ_AT_ONCE))):
        pieces.append(piece)
        most -= len(piece)
    return b"".join(pieces)


def is_regular(descriptor: int) -> bool:
    """Tell whether an open file is a regular one."""
    return stat.S_ISREG(os.fstat(descriptor).st_mode)
