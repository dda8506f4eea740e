"""The directories that changed most, counted from lines of changes as they pass."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from efs_backup.domain.snapshots.changes import ADDED, CHANGED, REMOVED
from efs_backup.domain.snapshots.growth import top_of

DEPTH = 2
_MOST_TALLIED = 20_000
"""Directories that are told apart; what others hold is counted for the top, so that memory has an end."""

_WORDS = frozenset({ADDED, REMOVED, CHANGED})
_PATH = len("+ ./")


@dataclass(frozen=True)
class Busy:
    """A directory by its escaped path, b"" for the top; files: new, gone or other; size: bytes that are new."""

    path: bytes
    files: int
    size: int
    nights: int


@dataclass
class Busiest:
    """Counts what changed in each directory at a depth of two names, over several nights."""

    _files: dict[bytes, int] = field(default_factory=lambda: defaultdict(int))
    _sizes: dict[bytes, int] = field(default_factory=lambda: defaultdict(int))
    _nights: dict[bytes, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, text: bytes, seen: set[bytes]) -> None:
        """Count lines of one night; seen: the directories in which it has changed something. Raises ValueError."""
        for line in text.split(b"\n"):
            if line[:1] in _WORDS and b" type=dir " not in line:
                self._count(line, seen)

    def end_night(self, seen: Iterable[bytes]) -> None:
        """Count a night for each directory in which it has changed something."""
        for path in seen:
            self._nights[path] += 1

    def _count(self, line: bytes, seen: set[bytes]) -> None:
        top = top_of(line[_PATH : line.index(b" ", _PATH)].rpartition(b"/")[0], DEPTH)
        top = top if top in self._files or len(self._files) < _MOST_TALLIED else b""
        seen.add(top)
        self._files[top] += 1
        if line[:1] != REMOVED:
            size = line.partition(b" size=")[2].partition(b" ")[0]
            self._sizes[top] += int(size) if size.isdigit() and len(size) < _DIGITS else 0

    def most(self, number: int) -> list[Busy]:
        """The `number` directories with most new bytes, those first that have most."""
        found = [Busy(path, files, self._sizes[path], self._nights[path]) for path, files in self._files.items()]
        return sorted(found, key=lambda one: (-one.size, -one.files, one.path))[:number]


_DIGITS = 19
"""No file is as large as a number of so many digits."""
