"""Manifests read: block by block, in order of paths, or a directory's alone."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from efs_backup.copy_worker.blocks import Block, Entry, text_of, unpacked
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.engine.proof.index import Index
from efs_backup.engine.proof.manifests import MANIFEST, Manifests


class ManifestReader:
    """A manifest that is open. Everything raises OSError, and ValueError of what is torn."""

    def __init__(self, descriptor: int, index: Index) -> None:
        self._descriptor = descriptor
        self.index = index

    def block(self, position: int) -> Block:
        """The block at a position."""
        return unpacked(self._member(position))

    def text(self, position: int) -> bytes:
        """The block at a position as it is written, for who looks for something that stands in many lines."""
        return text_of(self._member(position))

    def _member(self, position: int) -> bytes:
        return os.pread(self._descriptor, self.index.length_of(position), self.index.start_of(position))

    def blocks(self, positions: Iterable[int] | None = None) -> Iterator[Block]:
        """The blocks at these positions; all of them, in order of paths, where none are given."""
        for position in range(len(self.index)) if positions is None else positions:
            yield self.block(position)

    def directory(self, path: bytes) -> list[Block]:
        """The blocks of a directory by its raw path, b"" for the root; none where there is no such directory."""
        return [*self.blocks(self.index.positions(path))]

    def find(self, path: bytes) -> Entry | None:
        """The entry of a file, symlink or the like by its raw path."""
        above, _, name = path.rpartition(b"/")
        return next((one for block in self.directory(above) for one in block.entries if one.name == name), None)


@contextmanager
def reading(manifests: Manifests, name: SnapshotName | str) -> Iterator[ManifestReader]:
    """The manifest of a snapshot, open until the end of the block. Raises OSError, and ValueError where it is torn."""
    index = manifests.index(name)
    with manifests.opened(f"{name}{MANIFEST}") as descriptor:
        yield ManifestReader(descriptor, index)
