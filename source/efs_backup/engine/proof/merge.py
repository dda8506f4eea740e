"""A manifest written: blocks that are as they were are copied compressed, new ones come from the spool."""

import hashlib
import os
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from efs_backup.copy_worker.blocks import path_key, unpacked
from efs_backup.engine.proof.gathered import Base, Gathered
from efs_backup.engine.proof.index import Index, Row, runs

FORMAT = 1
_GZIP = 31
_COPIED_AT_ONCE = 2**20


@dataclass(frozen=True)
class Item:
    """A new block, and where it belongs: before the block at `position` of the manifest before, or instead of it."""

    position: int
    is_instead: bool
    key: tuple[bytes, int]


class Output:
    """A file that is written, and its SHA-256."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._sha256 = hashlib.sha256()
        self.length = 0

    def add(self, content: bytes) -> None:
        """Write some bytes. Raises OSError."""
        self._write(content)
        self._sha256.update(content)
        self.length += len(content)

    @property
    def sha256(self) -> str:
        """The digest of what was written so far, in hexadecimal digits."""
        return self._sha256.hexdigest()


def head_of(snapshot: str, previous: str | None, remark: str = "") -> bytes:
    """The first member of a manifest: comments, so that it says itself what it is."""
    text = f"#mtree\n# efs-backup manifest {FORMAT}, snapshot {snapshot}, previous {previous or '-'}\n"
    text += f"# {remark}\n" if remark else ""
    return zlib.compress(text.encode(), 1, _GZIP)


def merge(gathered: Gathered, order: "Order", snapshot: str, output: Output) -> Index:
    """Write the manifest of a snapshot; give its index. Raises OSError."""
    base = gathered.base
    head = head_of(snapshot, base.snapshot if base else None, gathered.remark)
    output.add(head)
    index, at = Index(len(head)), 0
    for item in [*order.items, None]:
        until = item.position if item else len(gathered.seen)
        if base:
            _copy_seen(base, gathered.seen, (at, until), index, output)
        at = until
        if item:
            stored = gathered.new[item.key]
            output.add(gathered.member(item.key))
            index.append(Row(path_key(item.key[0]), stored.digest, stored.length, stored.counts, stored.parts))
    index.finish(_paths_of(gathered, order))
    return index


def _copy_seen(base: Base, seen: bytearray, part: tuple[int, int], index: Index, output: Output) -> None:
    first, behind = part
    for start, end in runs(seen[first:behind]):
        begin, stop = base.index.start_of(first + start), base.index.start_of(first + end)
        for offset in range(begin, stop, _COPIED_AT_ONCE):
            output.add(os.pread(base.descriptor, min(_COPIED_AT_ONCE, stop - offset), offset))
        index.extend(base.index, first + start, first + end)


class Order:
    """The order of the new blocks of a backup between those of the manifest before. Raises OSError.

    items: sorted.
    """

    def __init__(self, gathered: Gathered) -> None:
        self._base = gathered.base
        self.items = sorted(self._placed(gathered), key=lambda item: (item.position, item.is_instead, item.key))

    @cached_property
    def paths(self) -> list[bytes]:
        """The paths of the manifest before, in order: read only where a directory is new or gone."""
        return self._base.index.paths() if self._base else []

    def _placed(self, gathered: Gathered) -> Iterator[Item]:
        for key in gathered.new:
            positions = gathered.positions(key[0])
            if positions:
                yield Item(positions[min(key[1], len(positions) - 1)], True, key)
            else:
                yield Item(bisect_left(self.paths, key[0]), False, key)


def _paths_of(gathered: Gathered, order: Order) -> "Index | list[bytes]":
    """The paths of the new manifest; those of the one before, where no block is new or gone."""
    items = order.items
    replaced = {item.position for item in items if item.is_instead}
    is_same = len(replaced) == len(items) and sum(gathered.seen) + len(items) == len(gathered.seen)
    if is_same and gathered.base:
        return gathered.base.index
    found, at = list[bytes](), 0
    for item in [*items, None]:
        until = item.position if item else len(gathered.seen)
        found += [order.paths[one] for one in range(at, until) if gathered.seen[one]]
        at = until
        found += [item.key[0]] if item else []
    return found


def changes(gathered: Gathered, order: Order) -> Iterator[bytes]:
    """The lines of changes of each directory against the manifest before, in order of paths. Raises OSError."""
    base = gathered.base
    if base is None:
        return
    looked_at = {position for raw, _ in gathered.new for position in gathered.positions(raw)}
    gone = [one for one in range(len(base.index)) if not gathered.seen[one] and one not in looked_at]
    at = 0
    for item in [*order.items, None]:
        while at < len(gone) and (item is None or gone[at] < item.position):
            yield gone_lines(base.block(gone[at]))
            at += 1
        if item:
            yield gathered.changes(item.key)


def gone_lines(member: bytes) -> bytes:
    """The lines of changes of a block that is gone."""
    block = unpacked(member)
    inodes = {one.name: b" inode=%d" % one.inode for one in block.entries}
    return b"".join(b"- %b%b\n" % (line, inodes.get(name, b"")) for name, line in block.lines().items())
