"""The arrival of a copied snapshot: its names held against the manifest that it had where it came from.

Its names and attributes are those that the workers have found; hashes are those of the bytes that were written. What
was linked from another snapshot of the copy has the hash that the manifest of that one says, as was compared before.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from efs_backup.copy_worker.attributes import Attributes
from efs_backup.copy_worker.blocks import Entry, skimmed, text_of
from efs_backup.copy_worker.hashing import sha256_of
from efs_backup.copy_worker.rules import LARGE_FILE_SIZE
from efs_backup.domain.copying.arrival import Fidelity
from efs_backup.domain.snapshots.verification import Aspect, Difference, differing
from efs_backup.engine.proof.brought_history import HASH
from efs_backup.engine.proof.gathered import Gathered
from efs_backup.engine.proof.reader import ManifestReader
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.trees.tree_walk import joined


@dataclass
class Arrived:
    """The files that have arrived. proved: those whose hash is the one that is wanted; unproved: without any.

    differences: of names; directories: of directories' own attributes.
    """

    proved: int = 0
    unproved: int = 0
    differences: list[Difference] = field(default_factory=list)
    directories: list[Difference] = field(default_factory=list)


@dataclass(frozen=True)
class Place:
    """Where it has arrived.

    target: the tree; references: the snapshots from which files were linked; fidelity: how exactly it can hold what it
    gets. is_fresh: nothing was there before, so that what has no hash of its own was linked, and is no large file.
    """

    target: Tree
    references: Sequence[Tree]
    fidelity: Fidelity
    is_fresh: bool


class Arrival:
    """Holds what was gathered against a manifest.

    troubles: why names could not be read, by their paths. Everything raises OSError, and ValueError of what is torn.
    """

    def __init__(
        self, wanted: ManifestReader, gathered: Gathered, place: Place, *, troubles: Mapping[str, str],
        pulse: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._wanted = wanted
        self._gathered = gathered
        self._place = place
        self._troubles = troubles
        self._pulse = pulse
        self._arrived = Arrived()

    def run(self) -> Arrived:
        """Compare all."""
        keys = _keys_by_directory(self._gathered)
        missing = ""
        for raw, positions in _directories(self._wanted):
            path = os.fsdecode(raw)
            if raw not in keys:
                if not missing or not path.startswith(f"{missing}/"):
                    missing = path
                    self._arrived.differences.append(self._missing(path or "."))
                continue
            self._compare_directory(path, self._said(positions), self._there(keys.pop(raw)))
            self._pulse()
        self._arrived.differences += [Difference(os.fsdecode(raw), Aspect.EXTRA) for raw in _topmost(keys)]
        self._arrived.differences.sort()
        return self._arrived

    def _said(self, positions: Sequence[int]) -> "_Names":
        return _Names([self._wanted.text(position) for position in positions])

    def _there(self, keys: Sequence[tuple[bytes, int]]) -> "_Names":
        return _Names([text_of(self._gathered.member(key)) for key in keys])

    def _compare_directory(self, path: str, said: "_Names", there: "_Names") -> None:
        arrived = self._arrived
        if said.directory and there.directory:
            arrived.directories += self._differing(path or ".", said.directory, there.directory, 0)
        for name, entry in said.entries.items():
            found = there.entries.pop(name, None)
            place = joined(path, os.fsdecode(name))
            if found is None:
                arrived.differences.append(self._missing(place, entry.inode))
            else:
                self._compare(place, entry, found)
        arrived.differences += [
            Difference(joined(path, os.fsdecode(name)), Aspect.EXTRA, inode=one.inode)
            for name, one in there.entries.items()
        ]

    def _missing(self, path: str, inode: int = 0) -> Difference:
        why = self._troubles.get(path, "")
        return Difference(path, Aspect.UNREADABLE if why else Aspect.MISSING, found=why, inode=inode)

    def _compare(self, path: str, said: Entry, found: Entry) -> None:
        text, _, wanted = said.line.partition(HASH)
        known, _, sha256 = found.line.partition(HASH)
        if text != known and (others := [*self._differing(path, said.attributes, found.attributes, found.inode)]):
            self._arrived.differences += others
            return
        if b" size=" not in text:
            return  # no regular file
        if not sha256 and not self._is_linked(path, said, found):
            sha256 = self._read(path)
        if not wanted:
            self._arrived.unproved += 1
        elif sha256 in {b"", wanted}:
            self._arrived.proved += 1
        else:
            self._arrived.differences.append(
                Difference(path, Aspect.CONTENT, wanted.decode(), sha256.decode(), found.inode)
            )

    def _differing(self, path: str, said: Attributes, there: Attributes, inode: int) -> Iterator[Difference]:
        step = self._place.fidelity.time_step_ns
        for aspect, expected, found in differing(said, there):
            is_coarse = aspect is Aspect.TIME and said.mtime_ns // step == there.mtime_ns // step
            if not is_coarse and (self._place.fidelity.owners or aspect is not Aspect.OWNER):
                yield Difference(path, aspect, expected, found, inode)

    def _is_linked(self, path: str, said: Entry, found: Entry) -> bool:
        """Whether the file is that of a reference, whose manifest has the same hash."""
        if self._place.is_fresh and said.attributes.size < LARGE_FILE_SIZE:
            return True
        there = [tree.find(path) for tree in self._place.references]
        return any(one and one.st_ino == found.inode for one in there)

    def _read(self, path: str) -> bytes:
        """The hash of what is in the target, in digits."""
        with self._place.target.above(path) as (directory, name):
            return sha256_of(directory, name, self._place.target.throttle)[0].hex().encode()


class _Names:
    """The directory itself, and its names that are no directories, of all of its blocks."""

    def __init__(self, texts: Sequence[bytes]) -> None:
        blocks = [skimmed(text) for text in texts]
        self.directory = next((block.directory for block in blocks if block.directory), None)
        self.entries = {one.name: one for block in blocks for one in block.entries}


def _directories(manifest: ManifestReader) -> Iterator[tuple[bytes, list[int]]]:
    """(raw path, positions of its blocks) of each directory, in order."""
    raw, positions = b"", list[int]()
    for position, path in enumerate(manifest.index.paths()):
        if positions and path != raw:
            yield raw, positions
            positions = []
        raw = path
        positions.append(position)
    if positions:
        yield raw, positions


def _keys_by_directory(gathered: Gathered) -> dict[bytes, list[tuple[bytes, int]]]:
    found = dict[bytes, list[tuple[bytes, int]]]()
    for key in gathered.new:
        found.setdefault(key[0], []).append(key)
    return found


def _topmost(paths: Mapping[bytes, object]) -> Iterator[bytes]:
    """Those that are not below another one."""
    for raw in paths:
        parts = raw.split(b"/")
        if not any(b"/".join(parts[:number]) in paths for number in range(1, len(parts))):
            yield raw
