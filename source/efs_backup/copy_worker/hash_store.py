"""The hash store: SHA-256 of files of a snapshot in the making that no manifest has yet.

A backup that is cut off leaves it, so that what it has read need not be read again.
"""

import os
import struct
from bisect import bisect_left

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from efs_backup.copy_worker.blocks import Source

_RECORD = struct.Struct("<QQqQq32s")


class HashRecord:
    """A record of one file: its inode here, size, mtime in ns, what the source had, and the SHA-256."""

    __slots__ = ("inode", "mtime_ns", "sha256", "size", "source")

    def __init__(self, inode: int, size: int, mtime_ns: int, source: "Source", sha256: bytes) -> None:
        self.inode, self.size, self.mtime_ns, self.source, self.sha256 = inode, size, mtime_ns, source, sha256


def packed_records(records: "Iterable[HashRecord]") -> bytes:
    """Records as bytes, in order of their inodes."""
    return b"".join(
        _RECORD.pack(one.inode, one.size, one.mtime_ns, *one.source, one.sha256)
        for one in sorted(records, key=lambda one: one.inode)
    )


class HashStore:
    """Records that can be searched; bytes that are no whole records are passed over."""

    def __init__(self, content: bytes = b"") -> None:
        self._content = content
        self._length = len(content) // _RECORD.size

    @classmethod
    def read(cls, descriptor: int) -> "HashStore":
        """Read it from a file that is open. Raises OSError."""
        return cls(os.pread(descriptor, os.fstat(descriptor).st_size, 0))

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> "Iterator[HashRecord]":
        return map(self.record, range(self._length))

    def find(self, inode: int, found: os.stat_result) -> "HashRecord | None":
        """Find the record of this inode, if it is of the version that the source has."""
        at = bisect_left(range(self._length), inode, key=self._inode)
        while at < self._length and self._inode(at) == inode:
            record = self.record(at)
            if (record.size, record.mtime_ns, record.source) == (
                found.st_size, found.st_mtime_ns, (found.st_ino, found.st_ctime_ns),
            ):  # fmt: skip
                return record
            at += 1
        return None

    def record(self, at: int) -> HashRecord:
        """The record at a place, in order of inodes."""
        inode, size, mtime_ns, source_inode, ctime_ns, sha256 = _RECORD.unpack_from(self._content, at * _RECORD.size)
        return HashRecord(inode, size, mtime_ns, (source_inode, ctime_ns), sha256)

    def _inode(self, at: int) -> int:
        return int.from_bytes(self._content[at * _RECORD.size : at * _RECORD.size + 8], "little")
