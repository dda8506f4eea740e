"""The fields of a cron expression as Amazon EventBridge has them, asked day by day."""

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

from efs_backup.domain.errors import WrongUsage

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FIELDS = (
    ("minutes", 0, 59, ()), ("hours", 0, 23, ()), ("day of the month", 1, 31, ()), ("month", 1, 12, _MONTHS),
    ("day of the week", 1, 7, _DAYS), ("year", 1970, 2199, ()),
)  # fmt: skip
"""Name, least and greatest value, and words, the first of which is the least (EventBridge User Guide, "Cron")."""

_NEAREST, _NTH, _LAST_DAY = re.compile(r"(\d+)W"), re.compile(r"(\w+)#([1-5])"), re.compile(r"(\w+)L")
_SATURDAY = 5


@dataclass(frozen=True)
class Cron:
    """A cron expression: numbers of four fields, and the two fields of days as they are written."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    month_days: str
    months: tuple[int, ...]
    week_days: str
    years: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> "Cron":
        """Read what stands between the parentheses. Raises WrongUsage, which names the field."""
        fields = text.split()
        if len(fields) != len(_FIELDS):
            raise WrongUsage(f"cron({text}) has {len(fields)} fields, and must have {len(_FIELDS)}.", _EXAMPLE)
        if (fields[2] == "?") == (fields[4] == "?"):
            raise WrongUsage(f"cron({text}) must have ? as either the day of the month or of the week.", _EXAMPLE)
        made = cls(_numbers(0, fields[0]), _numbers(1, fields[1]), fields[2].upper(), _numbers(3, fields[3]),
                   fields[4].upper(), _numbers(5, fields[5]))  # fmt: skip
        made.is_on(date(2024, 2, 1))  # reads the fields of days
        return made

    def is_on(self, day: date) -> bool:
        """Whether it fires on this day at all. Raises WrongUsage where a field of days cannot be read."""
        found = self._month_day(day) if self.week_days == "?" else self._week_day(day)
        return found and day.month in self.months and day.year in self.years

    def _month_day(self, day: date) -> bool:
        last = calendar.monthrange(day.year, day.month)[1]
        if self.month_days == "L":
            return day.day == last
        if self.month_days == "LW":
            return day == _nearest_weekday(day.replace(day=last))
        if nearest := _NEAREST.fullmatch(self.month_days):
            return day == _nearest_weekday(day.replace(day=min(max(int(nearest[1]), 1), last)))
        return day.day in _numbers(2, self.month_days)

    def _week_day(self, day: date) -> bool:
        number = day.isoweekday() % 7 + 1
        if self.week_days == "L":
            return number == len(_DAYS)
        if nth := _NTH.fullmatch(self.week_days):
            return number == _numbers(4, nth[1])[0] and (day.day - 1) // 7 + 1 == int(nth[2])
        if last := _LAST_DAY.fullmatch(self.week_days):
            return number == _numbers(4, last[1])[0] and (day + timedelta(days=7)).month != day.month
        return number in _numbers(4, self.week_days)


def _nearest_weekday(day: date) -> date:
    """The weekday nearest to a day, in the same month."""
    off = day.weekday() - _SATURDAY
    if off < 0:
        return day
    moved = day + (timedelta(days=-1) if off == 0 else timedelta(days=1))
    return moved if moved.month == day.month else day + (timedelta(days=2) if off == 0 else timedelta(days=-2))


def _numbers(field: int, text: str) -> tuple[int, ...]:
    return tuple(sorted({number for part in text.split(",") for number in _part(field, part)}))


def _part(field: int, part: str) -> range:
    name, least, greatest, _ = _FIELDS[field]
    span, slash, step = part.partition("/")
    first, dash, last = span.partition("-")
    try:
        begin = least if span in ("*", "?") else _number(field, first)
        end = _number(field, last) if dash else greatest if slash or span in ("*", "?") else begin
        pace = int(step) if slash else 1
    except ValueError as error:
        raise WrongUsage(f"{part!r} is no {name} of a cron expression.", _EXAMPLE) from error
    if not (least <= begin <= end <= greatest and pace > 0):
        raise WrongUsage(f"{part!r} is no {name} of a cron expression.", _EXAMPLE)
    return range(begin, end + 1, pace)


def _number(field: int, text: str) -> int:
    _, least, _, words = _FIELDS[field]
    return words.index(text.upper()) + least if text.upper() in words else int(text)


_EXAMPLE = "Write it as EventBridge has it, such as cron(0 2 * * ? *): minute, hour, day, month, weekday, year."
