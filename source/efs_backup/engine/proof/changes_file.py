"""Files of changes: what is other than in the snapshot before, in lines that `zcat` and `grep` read."""

import errno
import gzip
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

from efs_backup.domain.snapshots.changes import ChangeCounter, ChangeCounts

FORMAT = 1
_HEAD = f"# efs-backup changes {FORMAT}, snapshot {{}}, since {{}}\n"


class Written:
    """Passes what a gzip file writes on to a function."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write

    def write(self, content: bytes) -> int:
        """Pass it on."""
        self._write(bytes(content))
        return len(content)

    def flush(self) -> None:
        """Nothing waits here."""


def write_changes(
    snapshot: str, since: str | None, blocks: Iterable[bytes], write: Callable[[bytes], object]
) -> ChangeCounts:
    """Write the changes, given in pieces of whole lines; give what they are in figures. Raises OSError."""
    counter = ChangeCounter()
    with gzip.GzipFile(filename="", mode="wb", fileobj=Written(write), compresslevel=1, mtime=0) as packed:
        packed.write(_HEAD.format(snapshot, since or "-").encode())
        lines = (line for block in blocks for line in block.splitlines())
        for line in counter.pass_through(lines):
            packed.write(line + b"\n")
    return counter.counts


def _opened(path: Path) -> IO[bytes]:
    """A regular file and nothing else: a FIFO would never end, a link leads elsewhere. Raises OSError of those."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    return open(descriptor, "rb")


def read_changes(path: Path) -> Iterator[bytes]:
    """The lines of a file of changes but for the first, each without its end. Raises OSError, and EOFError if torn."""
    with _opened(path) as file, gzip.open(file) as lines:
        next(lines, None)
        for line in lines:
            yield line.rstrip(b"\n")


def since_of(path: Path) -> str | None:
    """The snapshot that a file of changes begins from; None for a first one.

    Raises OSError, EOFError and ValueError.
    """
    with _opened(path) as file, gzip.open(file) as lines:
        return since_told(lines.readline())


def since_told(head: bytes) -> str | None:
    """The same, from the first line. Raises ValueError."""
    words = head.decode().split()
    if words[:3] != ["#", "efs-backup", "changes"] or words[-2] != "since":
        raise ValueError(f"{head!r} does not begin a file of changes")
    return None if words[-1] == "-" else words[-1]
