"""Vanished names: what went, in which night, and the newest snapshot that still holds it."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from efs_backup.copy_worker.mtree import unescaped
from efs_backup.domain.snapshots.changes import ADDED, REMOVED, RENAMED
from efs_backup.domain.snapshots.versions import State, lines_below
from efs_backup.engine.proof.history import History, place_of


@dataclass(frozen=True)
class Vanished:
    """A name that went.

    fields: of its last line. night: in which it was gone. last: the snapshot that was the last one known to have it,
    kept or not. still_in: the newest snapshot that is there and has it. becomes: what it was renamed to. back: the
    night in which its path was there again, the same one where something of another type has taken its place.
    """

    path: bytes
    fields: bytes
    night: str
    last: str
    still_in: str | None
    becomes: bytes | None
    back: str | None

    @cached_property
    def state(self) -> State | None:
        """The name as it was; None where its line is torn."""
        try:
            return State.of(self.fields)
        except ValueError:
            return None

    @property
    def is_directory(self) -> bool:
        """Whether it was a directory."""
        return self.fields.startswith(b"type=dir ")


@dataclass(frozen=True)
class _Night:
    """A night, its base, and the snapshots that are there and older than it, the newest first.

    number: its place, and that of what is newer than its base, among those of `_Births`. ancestors: what its base is
    known from. renamed: (old place, new place).
    """

    name: str
    last: str
    older: list[str]
    ancestors: set[str]
    number: int
    behind_last: int
    renamed: dict[bytes, bytes]


class Vanishing:
    """The names that went in the nights after `after`, at and below a raw path, b"" for everything.

    wants: tells of a raw path, and whether it was a directory, if it is to be told.
    """

    def __init__(
        self, history: History, path: bytes, after: str = "",
        wants: Callable[[bytes, bool], bool] = lambda _path, _is_directory: True,
    ) -> None:  # fmt: skip
        self._wants = wants
        self._history = history
        self._after = after
        self._below = place_of(path)
        self._nights: list[str] = []
        self._with_renames: set[str] = set()
        self._births: dict[int, tuple[int, ...]] = {}

    def __iter__(self) -> Iterator[Vanished]:
        """Give a line at a time, the newest night first, and in each of them in order of directories."""
        self._learn_births()
        for name in self._history.nights(self._after):
            if last := self._history.lineage.since[name]:
                with self._history.tolerating(name):
                    yield from self._of_night(self._night(name, last))

    def _of_night(self, night: _Night) -> Iterator[Vanished]:
        for lines in self._lines(night.name):
            for line in lines_below(lines, REMOVED, self._below):
                _, place, fields = line.split(b" ", 2)
                if self._wants(_path(place), fields.startswith(b"type=dir ")):
                    yield self._vanished(place, fields, night)

    def _lines(self, night: str) -> Iterator[list[bytes]]:
        return (text.split(b"\n") for text in self._history.changes(night))

    def _learn_births(self) -> None:
        """Learn in which nights something new was at each place, as far back as a snapshot is there.

        By the hash of a place, which takes some 90 bytes; the place itself would take twice as many.
        """
        oldest = min(self._history.kept, default=self._after)
        self._nights, births = self._history.nights(min(self._after, oldest))[::-1], self._births
        for number, night in enumerate(self._nights):
            once = (number,)
            for lines in self._lines(night):
                with self._history.tolerating(night):
                    for line in lines_below(lines, ADDED, self._below):
                        key = hash(line[2 : line.index(b" ", 2)])
                        births[key] = births[key] + once if key in births else once
                if lines_below(lines, RENAMED, self._below):
                    self._with_renames.add(night)

    def _night(self, name: str, last: str) -> _Night:
        renamed = dict[bytes, bytes]()
        for lines in self._lines(name) if name in self._with_renames else ():
            words = (line.split(b" ") for line in lines_below(lines, RENAMED, self._below))
            renamed.update((old, new) for _, old, new in words)
        return _Night(
            name, last, [one for one in reversed(self._history.kept) if one < name],
            {*self._history.lineage.ancestors(last)}, bisect_left(self._nights, name), bisect_right(self._nights, last),
            renamed,
        )  # fmt: skip

    def _vanished(self, place: bytes, fields: bytes, night: _Night) -> Vanished:
        path = _path(place)
        born = self._births.get(hash(place), ())
        birth = next((self._nights[one] for one in reversed(born) if one < night.behind_last), "")
        back = next((self._nights[one] for one in born if one >= night.number), None)
        becomes = night.renamed.get(place)
        return Vanished(
            path, fields, night.name, night.last, self._still_in(night, path, birth),
            _path(becomes) if becomes else None, back,
        )  # fmt: skip

    def _still_in(self, night: _Night, path: bytes, birth: str) -> str | None:
        """The newest snapshot that has it, since its birth; one of which nothing is told is looked at itself."""
        for name in night.older:
            if name == night.last:
                return name
            if name in night.ancestors and self._history.is_whole:
                return name if name >= birth else None
            if self._history.has(name, path):
                return name
        return None


def _path(place: bytes) -> bytes:
    return unescaped(place.removeprefix(b".").removeprefix(b"/"))
