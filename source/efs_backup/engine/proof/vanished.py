"""Vanished names: what went, in which night, and the newest snapshot that still holds it."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from efs_backup.copy_worker.mtree import unescaped
from efs_backup.domain.snapshots.versions import State
from efs_backup.engine.proof.history import History, place_of

_RENAMED = re.compile(rb"^> (\S+) (\S+)$", re.MULTILINE)


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
    def state(self) -> State:
        """The name as it was. Raises ValueError of a torn line."""
        return State.of(self.fields)

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
    """What went in the nights after `after`, at and below a raw path, b"" for everything."""

    def __init__(self, history: History, path: bytes, after: str = "") -> None:
        self._history = history
        self._after = after
        below = re.escape(place_of(path))
        self._gone = re.compile(rb"^- (%b(?:/\S+)?) (.*)$" % below, re.MULTILINE)
        self._new = re.compile(rb"^\+ (%b(?:/\S+)?) " % below, re.MULTILINE)
        self._nights: list[str] = []
        self._births: dict[int, tuple[int, ...]] = {}

    def __iter__(self) -> Iterator[Vanished]:
        """Give a line at a time, the newest night first, and in each of them in order of directories."""
        self._learn_births()
        for name in self._history.nights(self._after):
            if last := self._history.lineage.since[name]:
                yield from self._of_night(self._night(name, last))

    def _of_night(self, night: _Night) -> Iterator[Vanished]:
        for text in self._history.changes(night.name):
            for place, fields in self._gone.findall(text):
                yield self._vanished(place, fields, night)

    def _learn_births(self) -> None:
        """Learn in which nights something new was at each place, as far back as a snapshot is there.

        By the hash of a place, which takes some 90 bytes; the place itself would take twice as many.
        """
        oldest = min(self._history.kept, default=self._after)
        self._nights, births = self._history.nights(min(self._after, oldest))[::-1], self._births
        for number, night in enumerate(self._nights):
            once = (number,)
            for text in self._history.changes(night):
                for key in map(hash, self._new.findall(text)):
                    births[key] = births[key] + once if key in births else once

    def _night(self, name: str, last: str) -> _Night:
        renamed = dict[bytes, bytes]()
        for text in self._history.changes(name):
            renamed.update(_RENAMED.findall(text))
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
