"""The rest: what the workers have left to others, a few files to ourselves, many to fpsync and its rsyncs."""

from collections.abc import Iterator
from pathlib import Path

from efs_backup.domain.copying.parts import Piece
from efs_backup.engine.rest.part_lists import PartLists


class Rest:
    """Files that are to be brought, kept in memory while they are few, and as lists of parts when they are many."""

    def __init__(self, place: Path, most: Piece, few: Piece) -> None:
        self._place = place
        self._most = most
        self._most_few = few
        self._few: list[tuple[str, int]] = []
        self.lists: PartLists | None = None
        self.files = self.size = 0

    def add(self, directory: str, names: list[tuple[str, int]]) -> None:
        """Add (name, bytes) of files of a directory. Raises CopyFailed of the disk with the temporary files."""
        prefix = f"{directory}/" if directory else ""
        for name, size in names:
            self._add(prefix + name, size)

    def _add(self, path: str, size: int) -> None:
        self.files, self.size = self.files + 1, self.size + size
        if self.lists is None and (self.files > self._most_few.files or self.size > self._most_few.size):
            self.lists = PartLists(self._place, self._most)
            for few in self._few:
                self.lists.add(*few)
            self._few = []
        if self.lists is None:
            self._few.append((path, size))
        else:
            self.lists.add(path, size)

    def paths(self) -> Iterator[str]:
        """All paths. Raises CopyFailed of the disk with the temporary files."""
        yield from (path for path, _ in self._few)
        if self.lists:
            yield from self.lists.paths()
