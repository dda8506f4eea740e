"""History: what the changes and the manifests of a series tell of its past, for commands and pages that ask.

Nothing is guessed: what cannot be told is noted.
"""

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from efs_backup.copy_worker.attributes import Attributes, attributes_of
from efs_backup.copy_worker.mtree import escaped, line_of
from efs_backup.domain.snapshots.lineage import Lineage
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.versions import State
from efs_backup.engine.proof.index import Index
from efs_backup.engine.proof.manifests import CHANGES, MANIFEST, Manifests
from efs_backup.engine.proof.packed_text import pieces, since_of_night
from efs_backup.engine.proof.reader import reading
from efs_backup.engine.trees.tree import Tree


class History:
    """The stored history of the series in this directory. kept: the snapshots that are there, and where each lies.

    `note` gets a sentence about each thing that cannot be read, once.
    """

    def __init__(self, series: Path, kept: Mapping[SnapshotName, Path], note: Callable[[str], None]) -> None:
        self._manifests = Manifests(series)
        self._places = {str(name): path for name, path in kept.items()}
        self._tell = note
        self._told: set[str] = set()
        self._torn: set[str] = set()

    @cached_property
    def kept(self) -> list[str]:
        """The snapshots that are there, the oldest first."""
        return sorted(self._places)

    @cached_property
    def lineage(self) -> Lineage:
        """From which snapshot the changes of each night begin; without those that cannot be read."""
        since = dict[str, str | None]()
        for night in self._manifests.names(CHANGES):
            with self.tolerating(night):
                since[night] = since_of_night(self._manifests, night)
        return Lineage(since, self.kept, self._manifests.names(MANIFEST))

    @property
    def is_whole(self) -> bool:
        """Whether all changes could be read so far."""
        return not self._torn

    def nights(self, after: str = "") -> list[str]:
        """The nights whose changes can be read, and that are younger than this name, the newest first."""
        return sorted((night for night in self.lineage.since if night > after), reverse=True)

    def readable(self) -> dict[str, str | None]:
        """See `Lineage.since`, without the nights that have turned out to be torn."""
        return {night: base for night, base in self.lineage.since.items() if night not in self._torn}

    def changes(self, night: str) -> Iterator[bytes]:
        """The lines of a night, in pieces. What is torn ends early, and is noted."""
        if night not in self._torn:
            with self.tolerating(night):
                yield from pieces(self._manifests, f"{night}{CHANGES}")

    @contextmanager
    def tolerating(self, night: str) -> Iterator[None]:
        """Note that the changes of a night are torn where they cannot be read (OSError), or understood (ValueError)."""
        try:
            yield
        except (OSError, ValueError) as error:
            self._tell_torn(night, error)

    def is_torn(self, night: str) -> bool:
        """Whether the changes of a night have turned out to be torn."""
        return night in self._torn

    def index(self, name: str) -> Index | None:
        """The index of a snapshot's manifest; None where there is none that can be read."""
        if name not in self.lineage.proven:
            return None
        try:
            return self._manifests.index(name)
        except (OSError, ValueError) as error:
            self._note(f"The manifest of {name} cannot be read: {error}.")
            return None

    def state_by_manifest(self, name: str, path: bytes) -> tuple[State | None] | None:
        """(the state of a path in a snapshot, None for nothing); None where there is no manifest that can be read."""
        if name not in self.lineage.proven:
            return None
        try:
            return (self._proven_state(name, path),)
        except (OSError, ValueError) as error:
            self._note(f"The manifest of {name} cannot be read: {error}.")
            return None

    def state_on_disk(self, name: str, path: bytes) -> tuple[State | None] | None:
        """(the state of a path in a snapshot that is there, by a look at it, without a hash); None where it fails."""
        text, link = os.fsdecode(path), b""
        try:
            with Tree(self._places[name]) as tree:
                found = tree.find(text)
                if found and stat.S_ISLNK(found.st_mode):
                    link = os.fsencode(tree.read_link(text))
        except OSError as error:
            self._note(f"The snapshot {name} cannot be read: {error.strerror}.")
            return None
        return (state_of(attributes_of(found, link), found.st_ino) if found else None,)

    def has(self, name: str, path: bytes) -> bool:
        """Whether a snapshot that is there has this path, by a look at it."""
        found = self.state_on_disk(name, path)
        return found is not None and found[0] is not None

    def _proven_state(self, name: str, path: bytes) -> State | None:
        with reading(self._manifests, name) as reader:
            if path and (entry := reader.find(path)):
                return state_of(entry.attributes, entry.inode)
            directory = next(iter(reader.directory(path)), None)
            return state_of(directory.directory) if directory and directory.directory else None

    def _note(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._tell(text)

    def _tell_torn(self, night: str, error: Exception) -> None:
        self._torn.add(night)
        self._note(f"The changes of {night} cannot be read, or not to their end: {error}.")


def state_of(found: Attributes, inode: int = 0) -> State:
    """The state that attributes tell."""
    return State.of(fields_of(found, inode))


def fields_of(found: Attributes, inode: int = 0) -> bytes:
    """The fields of a line of changes that tells these attributes."""
    return b"%b inode=%d" % (line_of(b"", found).lstrip(b" "), inode)


def place_of(path: bytes) -> bytes:
    """A raw path, b"" for the root, as lines have it."""
    return b"./" + escaped(path) if path else b"."
