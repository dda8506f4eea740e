"""Snapshots and their series: names, numbers, which to keep, which to restore."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from efs_backup.domain.errors import NothingThere, WrongUsage

HARD_LINK_LIMIT = 177
"""Hard links that Amazon EFS allows for one file (Amazon EFS User Guide, "Quotas for Amazon EFS file systems")."""

RETENTION_LIMIT = 170
"""Most snapshots of a series: the rest of the link limit is for the partial and for trash that is not yet deleted."""

PARTIAL_PREFIX = ".partial-"
TRASH_NAME = ".trash"
DEFAULT_LABEL = "efs-backup"

_NAME_FORMAT = "%Y%m%dT%H%M%SZ"
_NAME_PATTERN = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_NAME_BYTES = 255
_NUMBER_PATTERN = re.compile(r"0|[1-9]\d{0,3}", re.ASCII)
_YEARS = range(1000, 9999)
_ONE_SECOND = timedelta(seconds=1)


class Interval(StrEnum):
    """How often a series is made; the name of its directory."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, order=True)
class SnapshotName:
    """The UTC second at which a backup started, written `20261122T020000Z`."""

    time: datetime

    def __str__(self) -> str:
        return self.time.strftime(_NAME_FORMAT)

    @classmethod
    def of(cls, time: datetime) -> "SnapshotName":
        """The name for an aware time; fractions of the second are cut off."""
        return cls(time.astimezone(UTC).replace(microsecond=0))

    @classmethod
    def parse(cls, text: str) -> "SnapshotName | None":
        """The name that the text spells, or None where it spells none."""
        if not _NAME_PATTERN.fullmatch(text):
            return None
        try:
            time = datetime.strptime(text, _NAME_FORMAT).replace(tzinfo=UTC)
        except ValueError:
            return None
        return cls(time) if time.year in _YEARS else None

    @classmethod
    def following(cls, taken: Iterable["SnapshotName"], now: datetime) -> "SnapshotName":
        """The name of a new snapshot: now, or one second after the newest taken where the clock has jumped back."""
        wanted = cls.of(now)
        newest = max(taken, default=None)
        return wanted if newest is None or newest < wanted else cls(newest.time + _ONE_SECOND)


@dataclass(frozen=True)
class FolderLabel:
    """The directory on the backup file system under which the series of one source live."""

    text: str

    def __post_init__(self) -> None:
        reason = _label_fault(self.text)
        if reason:
            raise WrongUsage(f"The label {self.text!r} {reason}; use one directory name such as {DEFAULT_LABEL!r}.")

    def __str__(self) -> str:
        return self.text


def _label_fault(text: str) -> str | None:
    if not text:
        return "is empty"
    if text.startswith("."):
        return "begins with a dot"
    if "/" in text or "\0" in text:
        return "holds a character that no directory name can have"
    if len(text.encode(errors="surrogateescape")) > _NAME_BYTES:
        return "is longer than 255 bytes"
    return None


@dataclass(frozen=True)
class Retention:
    """How many snapshots a series keeps: 1 to 170."""

    count: int

    def __post_init__(self) -> None:
        if self.count < 1:
            raise WrongUsage(f"The retention {self.count} would keep no snapshot at all; it must be at least 1.")
        if self.count > RETENTION_LIMIT:
            raise WrongUsage(
                f"The retention {self.count} is above {RETENTION_LIMIT}: an unchanged file takes one hard link in each"
                f" snapshot, and Amazon EFS allows {HARD_LINK_LIMIT} for one file."
            )


DEFAULT_RETENTION = Retention(7)
"""The rule of a series that was begun without one."""


@dataclass(frozen=True)
class PrunePlan:
    """Which snapshots stay and which are dropped, newest first, and why."""

    keep: tuple[SnapshotName, ...]
    drop: tuple[SnapshotName, ...]
    reason: str

    def without(self, stuck: Collection[SnapshotName]) -> "PrunePlan":
        """The plan as it was carried out where some could not be dropped: those stay too."""
        keep = sorted([*self.keep, *stuck], reverse=True)
        drop = tuple(name for name in self.drop if name not in stuck)
        reason = f"{self.reason}; {len(stuck)} of them cannot be dropped" if stuck else self.reason
        return PrunePlan(tuple(keep), drop, reason)


def plan_prune(snapshots: Iterable[SnapshotName], retention: Retention) -> PrunePlan:
    """Keep the newest snapshots that the retention allows."""
    newest_first = sorted(snapshots, reverse=True)
    keep, drop = newest_first[: retention.count], newest_first[retention.count :]
    reason = f"retention {retention.count}: {len(newest_first)} there, {len(keep)} kept, {len(drop)} dropped"
    return PrunePlan(tuple(keep), tuple(drop), reason)


def plan_hold(snapshots: Iterable[SnapshotName], reason: str) -> PrunePlan:
    """Keep all, for something is odd."""
    return PrunePlan(tuple(sorted(snapshots, reverse=True)), (), reason)


def number_links(interval: Interval, snapshots: Iterable[SnapshotName]) -> dict[str, str]:
    """The relative links for people who browse: `daily.0` to `daily/<newest>`, and so on."""
    newest_first = sorted(snapshots, reverse=True)
    return {f"{interval}.{number}": f"{interval}/{name}" for number, name in enumerate(newest_first)}


def backup_number(interval: Interval, text: str) -> int | None:
    """The number in `daily.3` (or in a bare `3`), or None where the text is no backup number of this interval."""
    digits = text.removeprefix(f"{interval}.")
    return int(digits) if _NUMBER_PATTERN.fullmatch(digits) else None


def plan_adoption(
    mtimes: Mapping[int, datetime], existing: Collection[SnapshotName], now: datetime
) -> dict[int, SnapshotName]:
    """Names for the directories `daily.N` of the old solution, from their mtimes.

    A root's mtime is its source's, so several may be equal, or lie in the future: the order of the numbers wins, each
    name is older than the one before it, and all are older than the snapshots that have names already.
    """
    bound = min(existing, default=SnapshotName.of(now)).time
    names = {}
    for number in sorted(mtimes):
        bound = min(SnapshotName.of(mtimes[number]).time, bound - _ONE_SECOND)
        names[number] = SnapshotName(bound)
    return names


@dataclass(frozen=True)
class Selection:
    """Which snapshot is meant: at most one of a number, a name and a time; the newest where none is given."""

    number: int | None = None
    name: str | None = None
    as_of: str | None = None

    def __post_init__(self) -> None:
        if sum(given is not None for given in (self.number, self.name, self.as_of)) > 1:
            raise WrongUsage("Give only one of --number, --snapshot and --as-of.")

    def choose(self, newest_first: Sequence[SnapshotName]) -> SnapshotName:
        """The snapshot that is meant.

        Raises NothingThere where there is none, WrongUsage where the time or the name cannot be read.
        """
        if not newest_first:
            raise NothingThere("There is no snapshot in this series.")
        if self.name is not None:
            return _by_name(newest_first, self.name)
        if self.as_of is not None:
            return _as_of(newest_first, parse_time(self.as_of))
        return _by_number(newest_first, self.number or 0)


def _by_number(newest_first: Sequence[SnapshotName], number: int) -> SnapshotName:
    if number < 0:
        raise WrongUsage(f"A backup number counts from 0, the newest; {number} is none.")
    if number >= len(newest_first):
        raise NothingThere(f"There is no backup number {number}: the series holds 0 to {len(newest_first) - 1}.")
    return newest_first[number]


def _by_name(newest_first: Sequence[SnapshotName], text: str) -> SnapshotName:
    name = SnapshotName.parse(text)
    if name is None:
        raise WrongUsage(f"{text!r} is no snapshot name; one looks like 20261122T020000Z.")
    if name not in newest_first:
        raise NothingThere(f"There is no snapshot {name}: the newest is {newest_first[0]}.")
    return name


def _as_of(newest_first: Sequence[SnapshotName], time: datetime) -> SnapshotName:
    for name in newest_first:
        if name.time <= time:
            return name
    raise NothingThere(f"No snapshot is as old as {time.isoformat()}: the oldest is {newest_first[-1]}.")


def parse_time(text: str) -> datetime:
    """An ISO 8601 time; UTC where it names no offset. Raises WrongUsage."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise WrongUsage(f"{text!r} is no ISO 8601 time; one looks like 2026-11-22T02:00:00Z.") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)
