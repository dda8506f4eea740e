"""Growth: how many files and bytes a directory holds, down to some depth, then and now."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from efs_backup.domain.snapshots.changes import ADDED, CHANGED, REMOVED, WAS

_FILES = {ADDED: 1, REMOVED: -1, CHANGED: 0, WAS: 0}
_SIGNS = {ADDED: 1, REMOVED: -1, CHANGED: 1, WAS: -1}
_PATH = len("+ ./")
_ESCAPE = re.compile(rb"\\\d\d\d")


def top_of(path: bytes, depth: int) -> bytes:
    """The first `depth` names of a directory's path; all of it where it has fewer."""
    at = -1
    for _ in range(depth):
        at = path.find(b"/", at + 1)
        if at < 0:
            return path
    return path[: max(at, 0)]


def _size_in(line: bytes) -> int | None:
    """The bytes of what a line is about; None of a directory."""
    _, is_file, rest = line.partition(b" size=")
    if is_file:
        return int(rest.partition(b" ")[0])
    link = line.partition(b" link=")[2].partition(b" ")[0]
    return None if b" type=dir " in line else len(_ESCAPE.sub(b"x", link))


@dataclass
class Tally:
    """Files and bytes by directory; a file is whatever is no directory. depth: of the directories, 0 for one sum.

    What lies less deep is counted for the directory that it is in.
    """

    depth: int
    files: dict[bytes, int] = field(default_factory=lambda: defaultdict(int))
    sizes: dict[bytes, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, path: bytes, files: int, size: int) -> None:
        """Count what lies in a directory itself, by its path, b"" for the root."""
        top = top_of(path, self.depth)
        self.files[top] += files
        self.sizes[top] += size

    def change(self, text: bytes, sign: int) -> None:
        """Do (1) or undo (-1) lines of changes; paths are as they stand there, escaped."""
        depth, files, sizes = self.depth, self.files, self.sizes
        for line in text.split(b"\n"):
            word = line[:1]
            if word in _FILES and (size := _size_in(line)) is not None:
                top = top_of(line[_PATH : line.index(b" ", _PATH)].rpartition(b"/")[0], depth)
                files[top] += sign * _FILES[word]
                sizes[top] += sign * _SIGNS[word] * size

    def renamed(self, name: Callable[[bytes], bytes]) -> "Tally":
        """The same, with other names for the directories."""
        return Tally(
            self.depth, {name(path): files for path, files in self.files.items()},
            {name(path): size for path, size in self.sizes.items()},
        )  # fmt: skip

    def plus(self, other: "Tally") -> "Tally":
        """Both together."""
        both = Tally(self.depth, defaultdict(int, self.files), defaultdict(int, self.sizes))
        for path, files in other.files.items():
            both.files[path] += files
            both.sizes[path] += other.sizes[path]
        return both


@dataclass(frozen=True)
class Row:
    """A directory by its path, b"" for the root, with (files, bytes) then and now."""

    path: bytes
    then: tuple[int, int]
    now: tuple[int, int]

    @property
    def grown(self) -> int:
        """The bytes that it has more, or less."""
        return self.now[1] - self.then[1]


def rows_of(then: Tally, now: Tally) -> list[Row]:
    """The directories that hold, or held, something, those first that have grown most."""
    return sorted(_rows(then, now), key=lambda row: (-row.grown, row.path))


def _rows(then: Tally, now: Tally) -> Iterator[Row]:
    for path in {*then.files, *now.files}:
        row = Row(path, _of(then, path), _of(now, path))
        if any((*row.then, *row.now)):
            yield row


def _of(tally: Tally, path: bytes) -> tuple[int, int]:
    return tally.files.get(path, 0), tally.sizes.get(path, 0)
