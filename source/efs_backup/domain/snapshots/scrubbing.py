"""Scrubbing: which part of a series is read tonight, and what was found to be damaged."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from efs_backup.domain.errors import WrongUsage

DEFAULT_SCRUB_DAYS = 90
_EPOCH = date(1970, 1, 1)
FORMAT = 1


@dataclass(frozen=True)
class ScrubRule:
    """How much is read: everything once in so many days, and in one night no more than so many bytes.

    days: 0 for nothing at all. Raises WrongUsage.
    """

    days: int = DEFAULT_SCRUB_DAYS
    bytes: int | None = None

    def __post_init__(self) -> None:
        if self.days < 0 or (self.bytes is not None and self.bytes < 0):
            raise WrongUsage("A scrub reads everything in 0 or more days (0: nothing), and 0 or more bytes in a night.")


DEFAULT_SCRUB = ScrubRule()


@dataclass(frozen=True)
class ScrubState:
    """How far it has come: all days before `day` are done, and of that day the directories up to `path`.

    day: None where nothing was read yet. path: escaped as in a manifest. late: days of a cycle of `days` on which files
    were read of which no manifest knew the hash; the next backup writes it down.
    """

    day: date | None = None
    path: str = ""
    days: int = DEFAULT_SCRUB_DAYS
    late: tuple[date, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The state as it is stored."""
        late = [day.isoformat() for day in self.late]
        day = self.day and self.day.isoformat()
        return {"format": FORMAT, "day": day, "path": self.path, "days": self.days, "late": late}

    def is_late(self, key: int) -> bool:
        """Whether hashes of files in a directory of this key may have been found since."""
        return any(is_due(key, day, self.days) for day in self.late)

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> "ScrubState":
        """The state that was stored; a new one where it cannot be read."""
        try:
            late = tuple(date.fromisoformat(day) for day in value["late"])
            return cls(date.fromisoformat(value["day"]), str(value["path"]), int(value["days"]), late)
        except (KeyError, TypeError, ValueError):
            return cls()


def due_days(state: ScrubState, rule: ScrubRule, now: datetime) -> Iterator[date]:
    """The days that are due, the oldest first; never more than there are in a cycle, whatever was missed.

    Of another cycle than the one before today is due, whatever was done of that.
    """
    today = now.astimezone(UTC).date()
    if state.day == today + timedelta(days=1) and state.days == rule.days:
        return
    first = state.day if state.day is not None and state.day <= today else today
    first = max(first, today - timedelta(days=max(rule.days - 1, 0)))
    for number in range((today - first).days + 1 if rule.days else 0):
        yield first + timedelta(days=number)


def days_behind(state: ScrubState, now: datetime) -> int:
    """How many days lie between what is due and what is done."""
    return max(0, (now.astimezone(UTC).date() - state.day).days) if state.day else 0


def coverage(behind: int, days: int) -> float:
    """The part of a cycle of so many days that is not behind, in percent."""
    return round(max(0.0, 1 - behind / days) * 100, 1)


def is_due(key: int, day: date, days: int) -> bool:
    """Whether a directory of this key is read on this day of a cycle of so many days."""
    return key % days == (day - _EPOCH).days % days


@dataclass(frozen=True)
class Damage:
    """A file that is not what was stored.

    inode: in the snapshots; path: below them; snapshots: those that have it, the newest first. expected, found: SHA-256
    in hexadecimal digits, found "" where it cannot be read; why: then the reason. size: bytes; since: when it was seen.
    """

    inode: int
    path: str
    snapshots: tuple[str, ...]
    expected: str
    found: str
    size: int
    since: datetime
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """The entry as it is stored."""
        return {**asdict(self), "snapshots": list(self.snapshots), "since": self.since.isoformat()}

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> "Damage":
        """The entry that was stored. Raises ValueError."""
        try:
            fields = {**value, "snapshots": tuple(value["snapshots"]), "since": datetime.fromisoformat(value["since"])}
            return cls(**fields)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"it is no entry of a damage list: {error}") from error


@dataclass(frozen=True)
class Scrubbed:
    """The result of a scrub: files, their bytes, how many of them had no hash, and how many days are still behind."""

    files: int = 0
    bytes: int = 0
    late: int = 0
    days_behind: int = 0
    damaged: tuple[Damage, ...] = ()
