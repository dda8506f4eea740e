"""Lines of changes: what one snapshot has that the one before had not, as they stand in a file of changes."""

from collections.abc import Iterator
from dataclasses import dataclass

ADDED, REMOVED, CHANGED, WAS, RENAMED = b"+", b"-", b"~", b"<", b">"
"""The words that lines begin with: a new name, one that is gone, one that is other and, in the next line, what it was
before, and one that was called otherwise. What was renamed is gone and new as well."""

MOST_RENAMES = 200_000
"""Names that are gone, among which those of renamed files are looked for; the paths of more would fill the memory."""


@dataclass(frozen=True)
class ChangeCounts:
    """How many names are new, gone, other, and renamed; a directory is a name, too.

    rewritten: of the other ones those whose content is another one.
    """

    added: int = 0
    removed: int = 0
    changed: int = 0
    renamed: int = 0
    rewritten: int = 0


NO_CHANGES = ChangeCounts()


class ChangeCounter:
    """Counts lines of changes, and finds what was only renamed."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys((ADDED, REMOVED, CHANGED, RENAMED), 0)
        self._rewritten = 0
        self._gone: dict[bytes, bytes] = {}
        self._new: dict[bytes, bytes] = {}
        self._last = b""

    def add(self, line: bytes) -> None:
        """Count one line, without its end; one of a rename counts as it stands."""
        word = line[:1]
        if word in self._counts:
            self._counts[word] += 1
        if word in {ADDED, REMOVED} and (known := content_of(line)):
            found = self._new if word == ADDED else self._gone
            if len(found) < MOST_RENAMES:
                found[known[1]] = known[0]
        if word == WAS and _hash_of(line) != _hash_of(self._last):
            self._rewritten += 1
        self._last = line

    def renames(self) -> Iterator[bytes]:
        """Count what was renamed, when all lines are there; give the lines that say so, each without its end."""
        for content, old in self._gone.items():
            if new := self._new.get(content):
                self._counts[RENAMED] += 1
                yield b"%b %b %b" % (RENAMED, old, new)

    @property
    def counts(self) -> ChangeCounts:
        """The counts of all lines so far."""
        added, removed, changed, renamed = self._counts.values()
        return ChangeCounts(added, removed, changed, renamed, self._rewritten)


def content_of(line: bytes) -> tuple[bytes, bytes] | None:
    """(the path, time, size and hash in one) of a line about a file whose hash is known."""
    _, path, rest = line.split(b" ", 2)
    at = rest.find(b" time=")
    return (path, rest[at:].rpartition(b" inode=")[0]) if b" sha256digest=" in rest else None


def _hash_of(line: bytes) -> bytes:
    return line.partition(b" sha256digest=")[2].partition(b" ")[0] or line.partition(b" size=")[2]
