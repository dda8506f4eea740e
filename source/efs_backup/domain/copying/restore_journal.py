"""The journal of a restore: what it is about to do to each name of its target, so that it can be undone.

A line is a JSON array: a word, the path in the target, what the restore puts there, what was there before.
"""

import json
import stat
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from efs_backup.domain.copying.comparison import Aspect, Difference, Facts, Kind

SCHEMA = 1
_GIVEN_AWAY = stat.S_ISUID | stat.S_ISGID


class Word(StrEnum):
    """The acts of a restore on a name of the target."""

    NEW = "+"
    REPLACED = "~"
    MOVED = "-"
    RIGHTS = "a"


@dataclass(frozen=True)
class Entry:
    """One name of the target, "" for the target itself. new: what the restore puts there; old: what was there."""

    word: Word
    path: str
    new: Facts | None = None
    old: Facts | None = None

    @property
    def is_directory(self) -> bool:
        """Whether the restore puts a directory there."""
        return self.new is not None and stat.S_ISDIR(self.new.mode)

    def to_line(self) -> str:
        """The line of the journal, with its end."""
        return json.dumps([self.word, self.path, self.new, self.old], separators=(",", ":")) + "\n"

    @classmethod
    def parse(cls, line: str) -> "Entry":
        """Read a line. Raises ValueError."""
        try:
            word, path, new, old = json.loads(line)
            if not isinstance(path, str) or ".." in path.split("/"):
                raise ValueError(f"{path!r} is no path")
            return cls(Word(word), path, _facts(new), _facts(old))
        except (TypeError, RecursionError) as error:
            raise ValueError(f"{line[:200]!r} is no line of a journal") from error


def _facts(found: Any) -> Facts | None:
    if found is None:
        return None
    numbers = Facts(*found)
    if not all(isinstance(number, int) for number in numbers):
        raise ValueError(f"{found!r} tells nothing of a name")
    return numbers


def entry_of(difference: Difference, *, deletes: bool) -> Entry | None:
    """The line about a difference; None where a restore leaves the name alone, or moves it with one above it."""
    path, new, old = difference.path, difference.new, difference.old
    if difference.kind is Kind.ADDED:
        return Entry(Word.NEW, path, new)
    if difference.kind is Kind.REMOVED:
        return Entry(Word.MOVED, path, None, old) if deletes and not difference.is_inside else None
    stays_a_directory = difference.is_directory and Aspect.TYPE not in difference.aspects
    return Entry(Word.RIGHTS if stays_a_directory else Word.REPLACED, path, new, old)


@dataclass(frozen=True)
class Head:
    """The first line of a journal: the restore.

    target: the directory's path, and `inode` its number, by which it is known again. made_target: the restore has made
    it. time_step_ns: the times of the target's file system are multiples of it. owners: the restore could give files
    away.
    """

    target: str
    inode: int
    made_target: bool
    time_step_ns: int
    owners: bool
    snapshot: str
    label: str
    interval: str
    mode: str
    begun: datetime

    def to_line(self) -> str:
        """The line of the journal, with its end."""
        return json.dumps({"schema": SCHEMA, **vars(self), "begun": self.begun.isoformat(timespec="seconds")}) + "\n"

    @classmethod
    def parse(cls, line: str) -> "Head":
        """Read a line. Raises ValueError."""
        try:
            found: dict[str, Any] = json.loads(line)
            if found["schema"] != SCHEMA:
                raise ValueError(f"its schema is {found['schema']!r}, and this version knows {SCHEMA} only")
            known = {name: found[name] for name in cls.__dataclass_fields__}
            head = cls(**{**known, "begun": datetime.fromisoformat(known["begun"])})
        except (TypeError, KeyError, RecursionError) as error:
            raise ValueError(f"{line[:200]!r} is no head of a journal") from error
        if not (isinstance(head.target, str) and head.target.startswith("/") and isinstance(head.time_step_ns, int)):
            raise ValueError(f"{head.target!r} is no target")
        return head


@dataclass(frozen=True)
class Yardstick:
    """How exactly a name must be what a restore has made of it to pass for untouched.

    ended_ns: when the restore ended, by the clock of the target's file system; None where it did not.
    """

    owners: bool
    time_step_ns: int
    ended_ns: int | None = None

    def is_untouched(self, made: Facts, there: Facts, ctime_ns: int) -> bool:
        """Whether what is there is what was made. One of several names of a file has a ctime that the others change."""
        is_late = self.ended_ns is not None and made.links == 1 and ctime_ns > self.ended_ns
        return not is_late and self.is_same(made, there) and self.has_rights(made, there)

    def is_same(self, one: Facts, other: Facts) -> bool:
        """Whether type, size and mtime are equal, as far as the type has them."""
        if stat.S_IFMT(one.mode) != stat.S_IFMT(other.mode):
            return False
        if stat.S_ISREG(one.mode):
            return one.size == other.size and self._time(one) == self._time(other)
        return not stat.S_ISLNK(one.mode) or one.size == other.size

    def has_rights(self, wanted: Facts, there: Facts) -> bool:
        """Whether mode and owner are equal, as far as they could be given."""
        if self.owners and (wanted.uid, wanted.gid) != (there.uid, there.gid):
            return False
        return stat.S_ISLNK(wanted.mode) or self._mode(wanted) == self._mode(there)

    def _mode(self, facts: Facts) -> int:
        return stat.S_IMODE(facts.mode) & ~(0 if self.owners else _GIVEN_AWAY)

    def _time(self, facts: Facts) -> int:
        return facts.mtime_ns // self.time_step_ns


def may_get_its_rights_back(entry: Entry, there: Facts, yardstick: Yardstick) -> bool:
    """Whether a directory has the rights that the restore gave it, or those between which it or an undo was cut off."""
    if entry.new is None or entry.old is None or not stat.S_ISDIR(there.mode):
        return False
    new, old = stat.S_IMODE(entry.new.mode), stat.S_IMODE(entry.old.mode)
    modes = {one | more for one in (new, old, new & old) for more in (0, stat.S_IRWXU)}
    owners = {(one.uid, one.gid) for one in (entry.new, entry.old)}
    return stat.S_IMODE(there.mode) in modes and (not yardstick.owners or (there.uid, there.gid) in owners)
