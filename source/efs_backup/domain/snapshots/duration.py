"""Durations by the calendar: `14d`, `1y2m`."""

import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta

from efs_backup.domain.errors import WrongUsage

_WHOLE = re.compile(r"(?:\d{1,4}[ymdh])+", re.ASCII)
_PIECE = re.compile(r"(\d+)([ymdh])", re.ASCII)
_MONTHS = 12
_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_DAYS_OF_A_YEAR, _DAYS_OF_A_MONTH, _HOURS_OF_A_DAY = 366, 31, 24


@dataclass(frozen=True)
class Duration:
    """Years, months, days and hours, counted by the calendar; their first letters are their units."""

    years: int = 0
    months: int = 0
    days: int = 0
    hours: int = 0

    @classmethod
    def parse(cls, text: str) -> "Duration":
        """Read `14d` or `1y2m3d4h`, in any order. Raises WrongUsage, also of nothing and of a unit given twice."""
        pieces = [(unit, int(number)) for number, unit in _PIECE.findall(text)]
        found = dict(pieces)
        if not _WHOLE.fullmatch(text) or len(found) < len(pieces) or not any(found.values()):
            raise WrongUsage(f"{text!r} is no duration, such as 14d, 36h or 1y2m: y, m, d and h, each once at most.")
        return cls(*(found.get(field.name[0], 0) for field in fields(cls)))

    def __str__(self) -> str:
        values = ((getattr(self, field.name), field.name[0]) for field in fields(self))
        return "".join(f"{number}{unit}" for number, unit in values if number)

    def before(self, time: datetime) -> datetime:
        """The time so long before an aware one; the first of all where there is none so early.

        A day that its month has not runs over into the next, as with Go's `AddDate`, by which restic counts: a month
        before 31 October is 1 October.
        """
        year, month = divmod(time.year * _MONTHS + time.month - 1 - self.years * _MONTHS - self.months, _MONTHS)
        if year < 1:
            return _FIRST
        try:
            return time.replace(year=year, month=month + 1, day=1) + timedelta(
                days=time.day - 1 - self.days, hours=-self.hours
            )
        except OverflowError:
            return _FIRST

    def joined(self, other: "Duration") -> "Duration":
        """A duration that reaches back as far as both."""
        return Duration(*(max(getattr(self, field.name), getattr(other, field.name)) for field in fields(self)))

    @property
    def most_days(self) -> float:
        """The days of the longest such time."""
        return self.years * _DAYS_OF_A_YEAR + self.months * _DAYS_OF_A_MONTH + self.days + self.hours / _HOURS_OF_A_DAY
