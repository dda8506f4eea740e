"""Versions: what a name was in each snapshot, told from lines of changes and manifests."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from efs_backup.domain.snapshots.changes import ADDED, CHANGED, REMOVED, RENAMED, WAS

DIRECTORY = "dir"


@dataclass(frozen=True)
class State:
    """A name as a line has it.

    kind: mtree's word, as "file" or "dir". mtime_ns: of a directory it tells nothing, for lines do not follow it.
    link: a symlink's text, escaped. sha256: in hexadecimal digits, "" where unknown. inode: in the snapshot, 0 where
    unknown.
    """

    kind: str
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    size: int = 0
    link: bytes = b""
    device: str = ""
    sha256: str = ""
    inode: int = 0

    @classmethod
    def of(cls, fields: bytes) -> "State":
        """The state that the fields of a line spell, which stand behind its path. Raises ValueError."""
        try:
            said = dict(one.split("=", 1) for one in fields.decode("ascii").split(" "))
            seconds, _, rest = said["time"].partition(".")
            return cls(
                said["type"], int(said["mode"], 8), int(said["uid"]), int(said["gid"]),
                int(seconds) * 10**9 + int(rest or 0), int(said.get("size", 0)), said.get("link", "").encode(),
                said.get("device", ""), said.get("sha256digest", ""), int(said.get("inode", 0)),
            )  # fmt: skip
        except (KeyError, ValueError) as error:
            raise ValueError(f"{fields[:200]!r} tells nothing of a name: {error}") from error

    def is_as(self, other: "State") -> bool:
        """Whether this is the same version; a hash that is known for one alone makes no difference."""
        is_known = bool(self.sha256 and other.sha256)
        return _compared(self, with_hash=is_known) == _compared(other, with_hash=is_known)


def _compared(state: State, *, with_hash: bool) -> tuple[object, ...]:
    mtime_ns = 0 if state.kind == DIRECTORY else state.mtime_ns
    rest = (state.size, state.link, state.device, state.sha256 if with_hash else "")
    return (state.kind, state.mode, state.uid, state.gid, mtime_ns, *rest)


@dataclass
class Told:
    """The states of a name before and after one night, as its changes tell; None where it was not there.

    was, becomes: the place, escaped, that it was moved from or to in that night; b"" where it was not.
    """

    before: State | None = None
    after: State | None = None
    was: bytes = b""
    becomes: bytes = b""

    def take(self, line: bytes, place: bytes) -> None:
        """Note a line about the name. Raises ValueError."""
        word, first, rest = line.split(b" ", 2)
        if word in {ADDED, CHANGED}:
            self.after = State.of(rest)
        elif word in {REMOVED, WAS}:
            self.before = State.of(rest)
        elif word == RENAMED and rest == place:
            self.was = self.was or first
        elif word == RENAMED:
            self.becomes = self.becomes or rest


def lines_about(text: bytes, place: bytes) -> Iterator[bytes]:
    """The lines, in a text of whole lines, about the name at this place (as `./a/b`, escaped)."""
    for needle in (b" %b " % place, b" %b\n" % place):
        at = text.find(needle)
        while at >= 0:
            end = text.find(b"\n", at + 1)
            yield text[text.rfind(b"\n", 0, at) + 1 : end if end >= 0 else len(text)]
            at = text.find(needle, end) if end >= 0 else -1


def lines_below(lines: Iterable[bytes], word: bytes, place: bytes) -> list[bytes]:
    """Those of the lines that begin with a word and this place, or one below it."""
    starts = (b"%b %b " % (word, place), b"%b %b/" % (word, place))
    return [line for line in lines if line.startswith(starts)]


Known = dict[str, State | None]
"""The state of a name in each snapshot of which it is known, None where it was not there."""


def known_from(told: Mapping[str, Told], since: Mapping[str, str | None]) -> Known:
    """The states that the lines themselves tell: after a night, and in the snapshot that its changes begin from."""
    known: Known = {}
    for night, one in told.items():
        known[night] = one.after
        if base := since.get(night):
            known.setdefault(base, one.before)
    return known


def spread(known: Known, since: Mapping[str, str | None], changed: Collection[str]) -> Known:
    """Conclude the states in the other snapshots: a night without a line about the name has not changed it.

    since: see `Lineage`. changed: the nights that have such a line.
    """
    found, nights = dict(known), [night for night in sorted(since) if night not in changed]
    for night in reversed(nights):
        base = since[night]
        if base is not None and night in found:
            found.setdefault(base, found[night])
    for night in nights:
        base = since[night]
        if base in found:
            found.setdefault(night, found[base])
    return found


@dataclass(frozen=True)
class Version:
    """A version of a name.

    names: the snapshots that are known to have, or to have had, it, the oldest first. after: the newest one before
    them that is known to have had it otherwise, or not at all; None where nothing older is known. until: the first one
    behind them of which the same is known; None: the newest one known has it. is_gone: `until` has no such name.
    """

    state: State
    names: tuple[str, ...]
    after: str | None = None
    until: str | None = None
    is_gone: bool = False


def versions_of(known: Known) -> list[Version]:
    """Each version of a name, the oldest first; one that came back unchanged after it was gone counts anew."""
    found, before = list[Version](), None
    for names, state in _runs(known):
        if found and found[-1].until is None:
            found[-1] = replace(found[-1], until=names[0], is_gone=state is None)
        if state:
            found.append(Version(state, tuple(names), before))
        before = names[-1]
    return found


def runs_of(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """(first, last) of each run of numbers that follow each other; they are in order."""
    runs = list[tuple[int, int]]()
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


@dataclass
class _Run:
    state: State | None
    names: list[str] = field(default_factory=list)

    def takes(self, state: State | None) -> bool:
        if self.state is None or state is None:
            return self.state is state
        return self.state.is_as(state)


def _runs(known: Known) -> Iterable[tuple[list[str], State | None]]:
    runs = list[_Run]()
    for name, state in sorted(known.items()):
        if not runs or not runs[-1].takes(state):
            runs.append(_Run(state))
        run = runs[-1]
        run.names.append(name)
        if run.state and state and state.sha256 and not run.state.sha256:
            run.state = state
    return ((run.names, run.state) for run in runs)
