"""Files of changes: what is other than in the snapshot before, in lines that `zcat` and `grep` read."""

import gzip
from collections.abc import Callable, Iterable, Iterator

from efs_backup.domain.snapshots.changes import ChangeCounter, ChangeCounts
from efs_backup.domain.snapshots.file_changes import FileTally

FORMAT = 1
_AT_ONCE = 2**16
"""Bytes of lines that are compressed at once."""
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
    snapshot: str, since: str | None, blocks: Iterable[bytes], write: Callable[[bytes], object],
    tally: FileTally | None = None,
) -> ChangeCounts:  # fmt: skip
    """Write the changes, given in pieces of whole lines; give what they are in figures. Raises OSError.

    tally: counts those of files, too.
    """
    counter = ChangeCounter()
    with gzip.GzipFile(filename="", mode="wb", fileobj=Written(write), compresslevel=1, mtime=0) as packed:
        packed.write(_HEAD.format(snapshot, since or "-").encode())
        for some in _together(blocks):
            packed.write(some)
            for line in some.splitlines():
                counter.add(line)
                if tally:
                    tally.add(line)
        packed.writelines(line + b"\n" for line in counter.renames())
    return counter.counts


def _together(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Give small pieces together, so that each costs no call of the compression."""
    some, size = list[bytes](), 0
    for block in blocks:
        some.append(block)
        size += len(block)
        if size >= _AT_ONCE:
            yield b"".join(some)
            some, size = [], 0
    yield b"".join(some)


def since_told(head: bytes) -> str | None:
    """The snapshot that a file of changes begins from, by its first line; None for a first one. Raises ValueError."""
    words = head.decode().split()
    if words[:3] != ["#", "efs-backup", "changes"] or words[-2] != "since":
        raise ValueError(f"{head!r} does not begin a file of changes")
    return None if words[-1] == "-" else words[-1]
