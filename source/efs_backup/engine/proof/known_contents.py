"""Whether two files of two snapshots have the same content, by the hashes of their manifests."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from efs_backup.copy_worker.blocks import Entry
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.engine.proof.manifests import Manifests
from efs_backup.engine.proof.reader import ManifestReader, reading

KnownEqual = Callable[[str, os.stat_result, os.stat_result], bool | None]


@contextmanager
def known_contents(manifests: Manifests, old: SnapshotName, new: SnapshotName) -> Iterator[KnownEqual]:
    """A function of a path and the attributes of both files: whether they are equal; None where nobody knows.

    A hash counts for a file that has the inode, size and mtime of its line, and no other.
    """
    with ExitStack() as stack:
        try:
            both = [_Side(stack.enter_context(reading(manifests, name))) for name in (old, new)]
        except (OSError, ValueError):
            both = []
        yield lambda path, *found: _is_equal(both, os.fsencode(path), found)


def _is_equal(both: list["_Side"], path: bytes, found: tuple[os.stat_result, ...]) -> bool | None:
    if not both:
        return None
    first, second = (side.sha256(path, seen) for side, seen in zip(both, found, strict=True))
    return first == second if first and second else None


class _Side:
    """A manifest; of the directories that threads are at, one each is in memory."""

    def __init__(self, reader: ManifestReader) -> None:
        self._reader = reader
        self._at = threading.local()

    def sha256(self, path: bytes, seen: os.stat_result) -> bytes:
        """The hash of a file; b"" where it is not known, or that of another one."""
        above, _, name = path.rpartition(b"/")
        if getattr(self._at, "path", None) != above:
            self._at.path, self._at.entries = above, self._entries(above)
        entry: Entry | None = self._at.entries.get(name)
        if entry is None or entry.inode != seen.st_ino:
            return b""
        told = entry.attributes
        return told.sha256 if (told.size, told.mtime_ns) == (seen.st_size, seen.st_mtime_ns) else b""

    def _entries(self, directory: bytes) -> dict[bytes, Entry]:
        try:
            return {one.name: one for block in self._reader.directory(directory) for one in block.entries}
        except (OSError, ValueError):
            return {}
