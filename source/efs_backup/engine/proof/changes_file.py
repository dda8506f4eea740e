"""Files of changes: what is other than in the snapshot before, in lines that `zcat` and `grep` read."""

import gzip
from collections.abc import Callable, Iterable

from efs_backup.domain.snapshots.changes import ChangeCounter, ChangeCounts
from efs_backup.domain.snapshots.file_changes import FileTally

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
    snapshot: str, since: str | None, blocks: Iterable[bytes], write: Callable[[bytes], object],
    tally: FileTally | None = None,
) -> ChangeCounts:  # fmt: skip
    """Write the changes, given in pieces of whole lines; give what they are in figures. Raises OSError.

    tally: counts those of files, too.
    """
    counter = ChangeCounter()
    with gzip.GzipFile(filename="", mode="wb", fileobj=Written(write), compresslevel=1, mtime=0) as packed:
        packed.write(_HEAD.format(snapshot, since or "-").encode())
        lines = (line for block in blocks for line in block.splitlines())
        for line in counter.pass_through(lines):
            packed.write(line + b"\n")
            if tally:
                tally.add(line)
    return counter.counts


def since_told(head: bytes) -> str | None:
    """The snapshot that a file of changes begins from, by its first line; None for a first one. Raises ValueError."""
    words = head.decode().split()
    if words[:3] != ["#", "efs-backup", "changes"] or words[-2] != "since":
        raise ValueError(f"{head!r} does not begin a file of changes")
    return None if words[-1] == "-" else words[-1]
