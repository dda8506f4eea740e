"""Strips: what a name was in each of some nights, in squares; and the versions that this makes."""

import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Look:
    """A name as the file system has it in one snapshot.

    inode: of the snapshot's file; mtime_ns: nanoseconds since 1970; size: bytes.
    """

    inode: int
    mode: int
    uid: int
    gid: int
    size: int
    mtime_ns: int

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory."""
        return stat.S_ISDIR(self.mode)

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file, which can be read."""
        return stat.S_ISREG(self.mode)

    @property
    def kind(self) -> str:
        """The word for its type."""
        return _KINDS.get(stat.S_IFMT(self.mode), "special file")

    @property
    def is_unseen(self) -> bool:
        """Whether nobody could look at it, so that it may be there or not."""
        return self is UNSEEN

    def is_as(self, other: "Look") -> bool:
        """Whether this is the same version: the same file, or another one with equal attributes.

        An unchanged file gets another inode where it had no link left to give.
        """
        if self.inode == other.inode and not self.is_directory:
            return True
        return _attributes(self) == _attributes(other)


UNSEEN = Look(0, 0, 0, 0, 0, 0)
"""Of a name that could not be looked at."""

_KINDS = {
    stat.S_IFDIR: "directory", stat.S_IFREG: "file", stat.S_IFLNK: "symlink", stat.S_IFIFO: "FIFO",
    stat.S_IFSOCK: "socket", stat.S_IFBLK: "block device", stat.S_IFCHR: "character device",
}  # fmt: skip


def _attributes(look: Look) -> tuple[int, ...]:
    size = 0 if look.is_directory else look.size
    return (look.mode, look.uid, look.gid, look.mtime_ns, size)


class Square(StrEnum):
    """The state of a name in a night, beside the night before."""

    SAME = "same"
    CHANGED = "changed"
    ABSENT = "absent"
    UNKNOWN = "unknown"


Looks = Sequence[Look | None]
"""A name in each of some nights, the oldest first; None where it was not there, UNSEEN where nobody can tell."""


def squares(looks: Looks) -> list[Square]:
    """A square for each night; in the oldest one a name that is there counts as the same."""
    found = list[Square]()
    before = next((look for look in looks if look is not UNSEEN), None)
    for look in looks:
        found.append(_square(look, before))
        before = before if look is UNSEEN else look
    return found


def _square(look: Look | None, before: Look | None) -> Square:
    if look is None:
        return Square.ABSENT
    if look.is_unseen:
        return Square.UNKNOWN
    return Square.SAME if before is not None and look.is_as(before) else Square.CHANGED


def summary(shown: Sequence[Square]) -> str:
    """A strip in words, for who does not see it."""
    there = sum(one in {Square.SAME, Square.CHANGED} for one in shown)
    changed = sum(one is Square.CHANGED for one in shown)
    often = "once" if changed == 1 else f"{changed} times"
    return f"in {there} of {len(shown)} nights, {f'changed {often}' if changed else 'never changed'}"


@dataclass(frozen=True)
class Version:
    """A version of a name. number: from 1, the oldest; nights: the snapshots that have it, the newest first.

    gone_in: the night in which the name was not there any more; None where it was, or nothing newer is there.
    """

    number: int
    look: Look
    nights: tuple[str, ...]
    gone_in: str | None = None


def versions(looks: Mapping[str, Look | None]) -> list[Version]:
    """Each version of a name, the newest first. looks: by the names of the snapshots."""
    runs, gone = list[tuple[Look, list[str]]](), dict[int, str]()
    before: Look | None = None
    for night in sorted(looks):
        look = looks[night]
        if look is UNSEEN:
            continue
        if look is not None and before is not None and look.is_as(before):
            runs[-1][1].append(night)
        elif look is not None:
            runs.append((look, [night]))
        elif before is not None:
            gone[len(runs)] = night
        before = look
    made = [
        Version(number, look, tuple(reversed(nights)), gone.get(number))
        for number, (look, nights) in enumerate(runs, 1)
    ]
    return made[::-1]
