"""The proofs of the copy workers in one backup, gathered for its manifest."""

import errno
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from efs_backup.copy_worker.blocks import NO_SOURCE, KnownBlock, path_key, slice_of, unpacked
from efs_backup.copy_worker.hash_store import HashRecord
from efs_backup.copy_worker.receipts import BlockProof, is_as_before
from efs_backup.engine.proof.index import Index

Facts = tuple[int, ...]
_SPOOLED_AT_ONCE = 2**20


@dataclass(frozen=True)
class Base:
    """The manifest of the snapshot before, open to be read."""

    snapshot: str
    descriptor: int
    index: Index

    @cached_property
    def first_positions(self) -> Mapping[int, int]:
        """See Index."""
        return self.index.first_positions()

    def block(self, position: int) -> bytes:
        """The member of a block. Raises OSError."""
        return os.pread(self.descriptor, self.index.length_of(position), self.index.start_of(position))

    def known(self, position: int) -> KnownBlock:
        """The digest, start and length of a block, as a worker needs them."""
        start = self.index.start_of(position)
        return self.index.digests[position], start, self.index.ends[position] - start


@dataclass(frozen=True)
class Stored:
    """A block that is new, in the spool. changes: where its lines of changes are, (offset, length)."""

    offset: int
    length: int
    digest: int
    counts: tuple[int, int, int, int]
    parts: int
    changes: tuple[int, int]

    @property
    def end(self) -> int:
        """Where the spool has to reach."""
        return max(self.offset + self.length, sum(self.changes))

    def moved(self, by: int) -> "Stored":
        """The same in a spool that has so many bytes before it."""
        first, length = self.changes
        return replace(self, offset=self.offset + by, changes=(first + by, length))


@dataclass
class Pending:
    """Names of a part of a directory that are to be proved once more; None: all of it, whatever it holds."""

    wanted: Facts
    names: dict[str, tuple[int, int, bytes]] | None


class Gathered:
    """The blocks of one backup: which are as they were, and the new ones in a spool.

    What is gathered in vain, for the temporary files are full for example, is no failure of the backup: `fault` says
    why there is nothing. is_late: whether hashes that the manifest before lacks may be known by now, in a directory of
    this key. remark: a line of text for the manifest's head. several: the only paths that may be one file with others;
    None where nobody knows.
    """

    def __init__(self, base: Base | None, spool: Path, is_late: Callable[[int], bool] = lambda _key: False) -> None:
        self.base = base
        self._is_late = is_late
        self.remark = ""
        self.several: Collection[str] | None = None
        self.fault = ""
        self.seen = bytearray(len(base.index) if base else 0)
        self.new: dict[tuple[bytes, int], Stored] = {}
        self.pending: dict[tuple[bytes, int], Pending] = {}
        self._spool: IO[bytes] = open(spool, "w+b", buffering=0)  # noqa: SIM115 - closed by `close`
        self._end = 0
        self._under_way: dict[str, Sequence[int]] = {}
        self._first = base.first_positions if base else {}

    def close(self) -> None:
        """Nothing more is wanted of it."""
        self._spool.close()

    def before(self, path: str) -> tuple[KnownBlock, ...]:
        """The blocks that a directory had in the snapshot before."""
        if self.base is None or self.fault:
            return ()
        positions = self._under_way[path] = self.positions(os.fsencode(path))
        return tuple([_known(self.base, one, self._is_late) for one in positions])

    def take(self, path: str, wanted: Facts, proofs: Iterable[tuple[Any, ...]]) -> None:
        """Keep what was proved of a directory. proofs: as `BlockProof.packed` gives them."""
        if self.fault:
            return
        try:
            for fields in proofs:
                positions = self._under_way.get(path) or self.positions(os.fsencode(path))
                if is_as_before(fields):
                    self.seen[positions[fields[0]]] = 1
                else:
                    self._store_block(os.fsencode(path), wanted, BlockProof.of(fields), positions)
        except OSError as error:
            self.fault = f"the temporary files cannot be written: {error.strerror}"

    def _store_block(self, raw: bytes, wanted: Facts, proof: BlockProof, positions: Sequence[int]) -> None:
        key = raw, proof.part
        self.pending.pop(key, None)
        for position in positions[proof.part : proof.part + 1]:
            self.seen[position] = 0
        offset, changes = self._store(proof.member), self._store(proof.changes)
        self.new[key] = Stored(
            offset, len(proof.member), proof.digest, proof.counts, proof.parts, (changes, len(proof.changes))
        )
        if proof.pending:
            self.pending[key] = Pending(
                wanted, {name: (inode, ctime, sha256) for name, inode, ctime, sha256 in proof.pending}
            )

    def forget(self, path: str) -> None:
        """Forget what a worker has said of a directory before it died."""
        raw = os.fsencode(path)
        for key in self._keys(raw):
            self.new.pop(key, None)
            self.pending.pop(key, None)
        for position in self.positions(raw):
            self.seen[position] = 0

    def hashed(self, path: str, sha256: bytes) -> None:
        """Note the hash of a file that was brought after its directory was proved."""
        above, _, name = path.rpartition("/")
        for key in self._keys(os.fsencode(above)) if sha256 else ():
            pending = self.pending.get(key)
            if pending and pending.names and name in pending.names:
                inode, ctime_ns, _ = pending.names[name]
                pending.names[name] = inode, ctime_ns, sha256

    def amend(self, paths: Iterable[str]) -> None:
        """Have names proved once more that were replaced by others after their directory was proved."""
        try:
            for path in [] if self.fault else paths:
                above, _, name = path.rpartition("/")
                self._amend(os.fsencode(above), name)
        except (OSError, ValueError) as error:
            self.fault = f"the temporary files cannot be read: {error}"

    def doubt(self, path: str, wanted: Facts) -> None:
        """Have a whole directory proved once more, whatever a worker has said of it."""
        self.forget(path)
        self.pending[os.fsencode(path), 0] = Pending(wanted, None)

    def settle(self, path: str, wanted: Facts) -> None:
        """Doubt a directory of which nothing was proved, as of one that cannot be listed."""
        positions = self._under_way.pop(path, None)
        if positions and self.seen[positions[0]]:
            return
        keys = self._keys(os.fsencode(path))
        if not (self.fault or any(key in self.new for key in keys) or any(self._seen(*key) for key in keys)):
            self.doubt(path, wanted)

    def tasks(self) -> Iterator[tuple[str, Facts, tuple[KnownBlock, ...], BlockProof]]:
        """(path, facts, blocks before, what is known) of each block that is to be proved once more. Raises OSError."""
        for key, pending in [*self.pending.items()]:
            raw, part = key
            stored = self.new.get(key)
            proof = BlockProof(part, stored.parts if stored else max(1, len(self.positions(raw))))
            if pending.names is not None:
                proof.member = self.member(key)
                proof.pending = [(name, *known) for name, known in pending.names.items()]
            path = os.fsdecode(raw)
            yield path, pending.wanted, self.before(path), proof

    def _amend(self, raw: bytes, name: str) -> None:
        keys = self._keys(raw)
        key = keys[slice_of(os.fsencode(name), len(keys))]
        if key not in self.new and not self._seen(*key):
            return
        block = unpacked(self.member(key))
        sources = (one.source for one in block.entries if one.name == os.fsencode(name))
        pending = self.pending.setdefault(key, Pending(self._facts(key), {}))
        if pending.names is not None:
            pending.names.setdefault(name, (*next(sources, NO_SOURCE), b""))

    def _facts(self, key: tuple[bytes, int]) -> Facts:
        """The facts of a directory, as its first block has them."""
        directory = unpacked(self.member((key[0], 0))).directory
        return (directory.mode, directory.uid, directory.gid, directory.mtime_ns) if directory else ()

    def _keys(self, raw: bytes) -> list[tuple[bytes, int]]:
        """The keys that the blocks of a directory may have."""
        first = self.new.get((raw, 0))
        parts = max(first.parts if first else 1, len(self.positions(raw)))
        return [(raw, part) for part in range(parts)]

    def _seen(self, raw: bytes, part: int) -> bool:
        positions = self.positions(raw)
        return part < len(positions) and bool(self.seen[positions[part]])

    def member(self, key: tuple[bytes, int]) -> bytes:
        """The member of a block, new or as it was. Raises OSError."""
        stored = self.new.get(key)
        if stored is None and self.base:
            return self.base.block(self.positions(key[0])[key[1]])
        if stored is None:
            raise KeyError(key)
        return os.pread(self._spool.fileno(), stored.length, stored.offset)

    def changes(self, key: tuple[bytes, int]) -> bytes:
        """The lines of changes of a new block. Raises OSError."""
        offset, length = self.new[key].changes
        return os.pread(self._spool.fileno(), length, offset)

    def spooled(self) -> Iterator[bytes]:
        """All that is in the spool, for somebody else's. Raises OSError."""
        position = 0
        while position < self._end:
            content = os.pread(self._spool.fileno(), min(_SPOOLED_AT_ONCE, self._end - position), position)
            if not content:
                raise OSError(errno.EIO, "The spool is shorter than it was")
            position += len(content)
            yield content

    def take_in(self, blocks: Iterable[tuple[bytes, int, Stored]], seen: Iterable[int], spool: Iterable[bytes]) -> None:
        """Have what somebody else has proved by the same base, of directories of which nothing was proved here.

        blocks: (raw path, part, where it lies in their spool). seen: positions of blocks that are as they were. Raises
        ValueError of a position that no block has, and OSError.
        """
        begin, positions = self._end, [*seen]
        if positions and not 0 <= min(positions) <= max(positions) < len(self.seen):
            raise ValueError("the manifest before has no such block")
        for content in spool:
            self._store(content)
        moved = {(raw, part): stored.moved(begin) for raw, part, stored in blocks}
        if any(one.end > self._end for one in moved.values()):
            raise ValueError("the spool is torn")
        self.new |= moved
        for position in positions:
            self.seen[position] = 1

    def hashes(self) -> Iterator[HashRecord]:
        """Records of all hashed files of new blocks. Raises OSError and ValueError."""
        for key in self.new:
            for one in unpacked(self.member(key)).entries:
                if one.attributes.sha256 and one.source != NO_SOURCE:
                    yield HashRecord(
                        one.inode, one.attributes.size, one.attributes.mtime_ns, one.source, one.attributes.sha256
                    )

    def positions(self, raw: bytes) -> Sequence[int]:
        """The positions that a directory's blocks have in the manifest before."""
        first = self._first.get(path_key(raw))
        return range(first, first + self.base.index.parts[first]) if self.base and first is not None else ()

    def _store(self, content: bytes) -> int:
        offset, self._end = self._end, self._end + len(content)
        left = memoryview(content)
        while left:
            left = left[self._spool.write(left) :]
        return offset


def _known(base: Base, position: int, is_late: Callable[[int], bool]) -> KnownBlock:
    """The digest, start and length of a block; with no digest where a worker has to look at it in any case."""
    digest, offset, length = base.known(position)
    is_looked_at = base.index.unknown[position] and is_late(base.index.keys[position])
    return 0 if is_looked_at else digest, offset, length
