"""The index of a manifest: where each block lies and what it holds in figures. The manifest has all that it says."""

import struct
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from efs_backup.copy_worker.blocks import path_key

_MAGIC = b"EFSBIDX1"
_HEAD = struct.Struct("<8sQQ")
_CHECK = struct.Struct("<I")
_COLUMNS = ("keys", "digests", "ends", "sizes", "lines", "files", "unknown", "parts", "order")


@dataclass(frozen=True)
class Row:
    """A block. key: of its path; digest: see `digest_of`; length: of its member in bytes; counts: see `Block.counts`.

    parts: how many blocks the directory has.
    """

    key: int
    digest: int
    length: int
    counts: tuple[int, int, int, int]
    parts: int = 1


class Index:
    """The blocks of a manifest in order. `begin`: where the first one lies; paths: raw, one for each block."""

    def __init__(self, begin: int = 0) -> None:
        self.begin = begin
        self.keys, self.digests, self.ends, self.sizes = (array("Q") for _ in range(4))
        self.lines, self.files, self.unknown, self.parts = (array("I") for _ in range(4))
        self.order = array("I")
        self._packed_paths = zlib.compress(b"")

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def end(self) -> int:
        """Where the manifest ends, in bytes."""
        return self.ends[-1] if self.ends else self.begin

    def start_of(self, position: int) -> int:
        """Where a block begins."""
        return self.ends[position - 1] if position else self.begin

    def length_of(self, position: int) -> int:
        """The bytes of a block's member."""
        return self.ends[position] - self.start_of(position)

    def append(self, row: Row) -> None:
        """Add a block at the end."""
        self.ends.append(self.end + row.length)
        self.keys.append(row.key)
        self.digests.append(row.digest)
        lines, files, size, unknown = row.counts
        self.lines.append(lines)
        self.files.append(files)
        self.sizes.append(size)
        self.unknown.append(unknown)
        self.parts.append(row.parts)

    def extend(self, other: "Index", first: int, last: int) -> None:
        """Add the blocks from `first` up to `last`, which is not added, of another index."""
        shift = self.end - other.start_of(first)
        self.ends.extend(end + shift for end in other.ends[first:last])
        for name in ("keys", "digests", "sizes", "lines", "files", "unknown", "parts"):
            getattr(self, name).extend(getattr(other, name)[first:last])

    def finish(self, paths: "Iterable[bytes] | Index") -> None:
        """Name the blocks, or say that they are those of another index, in the same order."""
        if isinstance(paths, Index):
            self._packed_paths, self.order = paths._packed_paths, paths.order  # noqa: SLF001 - of our own kind
            return
        self._packed_paths = zlib.compress(b"\0".join(paths), 1)
        self.order = array("I", sorted(range(len(self)), key=self.keys.__getitem__))

    def paths(self) -> list[bytes]:
        """The raw path of each block's directory. It takes some memory."""
        return zlib.decompress(self._packed_paths).split(b"\0") if len(self) else []

    def first_positions(self) -> dict[int, int]:
        """Where the first block of each directory is, by its key: for whoever asks for nearly all of them."""
        last_first = range(len(self) - 1, -1, -1)
        return dict(zip(reversed(self.keys), last_first, strict=True))

    def positions(self, path: bytes) -> Sequence[int]:
        """The positions of a directory's blocks."""
        first = self.position_of(path_key(path))
        return () if first is None else range(first, first + self.parts[first])

    def position_of(self, key: int) -> int | None:
        """The position of the first block of the directory with this key; None where there is none."""
        at = bisect_left(self.order, key, key=self.keys.__getitem__)
        return None if at == len(self.order) or self.keys[self.order[at]] != key else self.order[at]

    def packed(self) -> bytes:
        """The index as it is stored."""
        columns = [getattr(self, name).tobytes() for name in _COLUMNS]
        body = b"".join([_HEAD.pack(_MAGIC, len(self), self.begin), *columns, self._packed_paths])
        return body + _CHECK.pack(zlib.crc32(body))

    @classmethod
    def unpacked(cls, content: bytes) -> "Index":
        """An index as it was stored. Raises ValueError."""
        body, check = content[: -_CHECK.size], content[-_CHECK.size :]
        if len(body) < _HEAD.size or _CHECK.pack(zlib.crc32(body)) != check:
            raise ValueError("the index is torn")
        magic, number, begin = _HEAD.unpack_from(body)
        if magic != _MAGIC:
            raise ValueError("it is no index of a manifest")
        index, at = cls(begin), _HEAD.size
        for name in _COLUMNS:
            column = getattr(index, name)
            end = at + number * column.itemsize
            column.frombytes(body[at:end])
            at = end
        index._packed_paths = body[at:]
        return index


def totals(index: Index) -> tuple[int, int, int, int]:
    """(lines, files, bytes, regular files without a hash) of a whole manifest."""
    return sum(index.lines), sum(index.files), sum(index.sizes), sum(index.unknown)


def runs(seen: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """(first, behind the last) of each run of positions that are marked with 1."""
    first = seen.find(1)
    while first >= 0:
        behind = seen.find(0, first)
        behind = len(seen) if behind < 0 else behind
        yield first, behind
        first = seen.find(1, behind)
