"""How two trees differ."""

import heapq
import stat
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Facts(NamedTuple):
    """The facts of a name: type and permissions as `st_mode` has them, owners, bytes, mtime, number of names."""

    mode: int
    uid: int
    gid: int
    size: int
    mtime_ns: int
    links: int


class Kind(StrEnum):
    """How one path differs."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Aspect(StrEnum):
    """A part of a path's facts that may have changed."""

    TYPE = "type"
    CONTENT = "content"
    ATTRIBUTES = "attributes"


@dataclass(frozen=True, order=True)
class Difference:
    """One path that differs.

    is_inside: the directory around it is on one side only. is_hidden: the content differs, and size and mtime do not
    show it. old, new: what it is on each side, None where it is not.
    """

    path: str
    kind: Kind
    aspects: tuple[Aspect, ...] = ()
    is_directory: bool = False
    is_inside: bool = False
    is_hidden: bool = False
    old: Facts | None = field(default=None, compare=False)
    new: Facts | None = field(default=None, compare=False)

    @property
    def size(self) -> int:
        """The bytes of content that the new side has; 0 where it is no regular file."""
        return self.new.size if self.new and stat.S_ISREG(self.new.mode) else 0


@dataclass
class Summary:
    """Counts of differences, and the first paths of each kind in order; what is kept does not grow with the tree.

    files: the counts without directories, and without what differs in attributes alone.
    size: the bytes of all files that are to be brought.
    """

    most: int = 10
    counts: Counter[Kind] = field(default_factory=Counter)
    files: Counter[Kind] = field(default_factory=Counter)
    size: int = 0
    _first: dict[Kind, list["_Descending"]] = field(default_factory=dict)

    def add(self, difference: Difference) -> None:
        """Count one."""
        self.counts[difference.kind] += 1
        self.files[difference.kind] += not difference.is_directory and difference.aspects != (Aspect.ATTRIBUTES,)
        self.size += difference.size
        first = self._first.setdefault(difference.kind, [])
        item = _Descending(difference.path)
        if len(first) < self.most:
            heapq.heappush(first, item)
        else:
            heapq.heappushpop(first, item)

    def first(self, kind: Kind) -> list[str]:
        """The first paths of a kind."""
        return sorted(item.path for item in self._first.get(kind, []))


@dataclass(frozen=True)
class _Descending:
    """A path that a heap throws out first when it is the last in order."""

    path: str

    def __lt__(self, other: "_Descending") -> bool:
        return self.path > other.path
