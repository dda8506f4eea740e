"""Selection: which snapshot of a series is meant, and the words that people have for it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from efs_backup.domain.errors import NothingThere, WrongUsage
from efs_backup.domain.snapshots.names import Interval, SnapshotName, backup_number
from efs_backup.domain.snapshots.when import FORMS, Edge, Reading, is_time, read_time

WORDS = (
    "a backup number (3, daily.3), a view (weekly.0), a name such as 20261122T020000Z or its beginning, latest, or a"
    f" time: {FORMS}"
)
"""The words for a snapshot, for help and errors."""

LATEST = "latest"
_FIRST = datetime(1000, 1, 1, tzinfo=UTC)
_BEGINNING = re.compile(r"\d{5,8}|\d{8}T\d{0,6}Z?", re.ASCII)
_NAMED = 5


@dataclass(frozen=True)
class Selection:
    """Which snapshot is meant: at most one of a number, a name and a time; the newest where none is given.

    name: a name, or the beginning of one. as_of: aware; the newest snapshot that is not younger is meant.
    """

    number: int | None = None
    name: str | None = None
    as_of: datetime | None = None

    def __post_init__(self) -> None:
        if sum(given is not None for given in (self.number, self.name, self.as_of)) > 1:
            raise WrongUsage("Give only one of --number, --snapshot and --as-of.")

    def choose(self, newest_first: Sequence[SnapshotName]) -> SnapshotName:
        """The snapshot that is meant.

        Raises NothingThere where there is none, WrongUsage where a name cannot be read, or may mean several.
        """
        if not newest_first:
            raise NothingThere("There is no snapshot in this series.")
        if self.name is not None:
            return _by_name(newest_first, self.name)
        if self.as_of is not None:
            return _as_of(newest_first, self.as_of)
        return _by_number(newest_first, self.number or 0)


@dataclass(frozen=True)
class Words:
    """The circumstances in which words for a snapshot are read: its interval, how times are read, and the views.

    views: the snapshots to which links such as `weekly.0` lead.
    """

    interval: Interval
    reading: Reading
    views: Mapping[str, SnapshotName] = field(default_factory=dict)

    def selection(self, text: str) -> Selection:
        """The selection that a text means. Raises WrongUsage."""
        if text.lower() == LATEST:
            return Selection(number=0)
        if text in self.views:
            return Selection(name=str(self.views[text]))
        number = backup_number(self.interval, text)
        if number is not None:
            return Selection(number=number)
        if _BEGINNING.fullmatch(text):
            return Selection(name=text)
        if is_time(text, self.reading):
            return Selection(as_of=read_time(text, self.reading))
        raise WrongUsage(f"{text!r} is no snapshot; one is {WORDS}.")

    def since(self, text: str, newest_first: Sequence[SnapshotName]) -> SnapshotName:
        """The name after which all is younger than a text means: a snapshot, also one that is gone, or a time.

        A day begins with its first moment. Raises WrongUsage and NothingThere.
        """
        if name := SnapshotName.parse(text):
            return name
        if text.lower() == LATEST or text in self.views or not is_time(text, self.reading):
            return self.selection(text).choose(newest_first)
        return name_at(read_time(text, self.reading, Edge.START))


def name_at(moment: datetime) -> SnapshotName:
    """The name that a snapshot of a moment has, or of the first one that a name can tell."""
    return SnapshotName.of(max(moment, _FIRST))


def _by_number(newest_first: Sequence[SnapshotName], number: int) -> SnapshotName:
    if number < 0:
        raise WrongUsage(f"A backup number counts from 0, the newest; {number} is none.")
    if number >= len(newest_first):
        raise NothingThere(f"There is no backup number {number}: the series holds 0 to {len(newest_first) - 1}.")
    return newest_first[number]


def _by_name(newest_first: Sequence[SnapshotName], text: str) -> SnapshotName:
    begun = [name for name in newest_first if str(name).startswith(text)] if text else []
    if len(begun) > 1:
        listed = ", ".join(map(str, begun[:_NAMED])) + (" and others" if len(begun) > _NAMED else "")
        raise WrongUsage(f"{text!r} is the beginning of {len(begun)} snapshots: {listed}.")
    if not begun and SnapshotName.parse(text) is None and not _BEGINNING.fullmatch(text):
        raise WrongUsage(f"{text!r} is no snapshot name; one looks like 20261122T020000Z.")
    if not begun:
        raise NothingThere(f"There is no snapshot {text}: the newest is {newest_first[0]}.")
    return begun[0]


def _as_of(newest_first: Sequence[SnapshotName], time: datetime) -> SnapshotName:
    for name in newest_first:
        if name.time <= time:
            return name
    raise NothingThere(
        f"No snapshot is as old as {time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC: the oldest is {newest_first[-1]}."
    )
