"""The files that each snapshot holds alone, and that dropping it frees: told from manifests, without a look at a tree.

A block of the same directory and digest in two snapshots has the same inodes in both: only what stands in a block of
one snapshot alone can be held by it alone, and of that only what no other block has. Hard links are one inode.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from efs_backup.copy_worker.blocks import Block
from efs_backup.copy_worker.mtree import numbers_of
from efs_backup.engine.proof.index import Index
from efs_backup.engine.proof.manifests import Manifests
from efs_backup.engine.proof.reader import ManifestReader, reading

_INODES = b"#inodes "
_SHARED = -1


@dataclass
class Alone:
    """Inodes that are no directories, held by one snapshot alone, and the bytes of their contents.

    directories: of the snapshot, which has all of its own.
    """

    files: int = 0
    size: int = 0
    directories: int = 0


@dataclass(frozen=True)
class ManifestPlace:
    """Where the manifest of a snapshot lies."""

    manifests: Manifests
    name: str


def held_alone(places: Sequence[ManifestPlace], pulse: Callable[[], None] = lambda: None) -> dict[ManifestPlace, Alone]:
    """Sum what each of these snapshots holds alone; all that share inodes with them must be among them.

    pulse: called for each block that is read. Raises OSError, and ValueError of a manifest that is torn.
    """
    with ExitStack() as opened:
        readers = [opened.enter_context(reading(place.manifests, place.name)) for place in places]
        search = _Search(readers, pulse)
        search.find_candidates()
        search.drop_shared()
        return dict(zip(places, search.found(), strict=True))


@dataclass
class _Search:
    """owners: of each inode that may be held alone, the number of its snapshot, and its bytes."""

    readers: Sequence[ManifestReader]
    pulse: Callable[[], None]
    owners: dict[int, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._first: dict[tuple[int, int, int], tuple[int, int]] = {}
        self._several: dict[tuple[int, int, int], tuple[int, int]] = {}
        for number, reader in enumerate(self.readers):
            for key, position in _blocks(reader.index, number):
                if key in self._first:
                    self._several[key] = self._first[key]
                self._first.setdefault(key, (number, position))

    def find_candidates(self) -> None:
        """Note each inode of a block that one snapshot alone has."""
        for key, (number, position) in self._first.items():
            if key not in self._several:
                self._note(self.readers[number].block(position), number)
                self.pulse()

    def _note(self, block: Block, number: int) -> None:
        for entry in block.entries:
            owner, _ = self.owners.setdefault(entry.inode, (number, entry.attributes.size))
            if owner != number:
                self.owners[entry.inode] = (_SHARED, 0)

    def drop_shared(self) -> None:
        """Drop what stands in a block that several snapshots have: it may have a second name there."""
        if not self.owners:
            return
        for number, position in self._several.values():
            for inode in _inodes_of(self.readers[number].text(position)):
                self.owners.pop(inode, None)
            self.pulse()

    def found(self) -> list[Alone]:
        """The sums of what is left, by snapshot."""
        sums = [Alone(directories=sum(part == 0 for part in _parts(reader.index))) for reader in self.readers]
        for number, size in self.owners.values():
            if number != _SHARED:
                sums[number].files += 1
                sums[number].size += size
        return sums


def _blocks(index: Index, number: int) -> Iterator[tuple[tuple[int, int, int], int]]:
    """Each block by what makes it the same as another, and its position; without a digest it is like no other."""
    for position, part in enumerate(_parts(index)):
        digest = index.digests[position]
        yield (index.keys[position], part, digest or ~number), position


def _parts(index: Index) -> Iterator[int]:
    """Which part of its directory each block is, from 0."""
    position = 0
    while position < len(index):
        parts = max(1, min(index.parts[position], len(index) - position))
        yield from range(parts)
        position += parts


def _inodes_of(text: bytes) -> Iterator[int]:
    """The inodes of a block as it is written. Raises ValueError."""
    for line in text.split(b"\n"):
        if line.startswith(_INODES):
            yield from numbers_of(line)
        elif not line.startswith(b"#"):
            return
