"""The six fields of an EventBridge cron expression (Amazon EventBridge User Guide, "Cron expressions")."""

import calendar
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Self

LAST_YEAR = 2199

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FIELDS, _DAYS_A_WEEK, _WORKDAYS = 6, 7, 5
_ITEM = re.compile(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/([0-9]+))?", re.ASCII)


@dataclass(frozen=True)
class _Range:
    """The numbers that a field can hold, and the names of the first ones."""

    lowest: int
    highest: int
    names: tuple[str, ...] = ()

    def number(self, text: str) -> int:
        """A number or a name. Raises ValueError."""
        value = self.names.index(text) + self.lowest if text in self.names else int(text)
        if not self.lowest <= value <= self.highest:
            raise ValueError(f"{text} is not {self.lowest} to {self.highest}")
        return value

    def numbers(self, text: str) -> frozenset[int]:
        """All that a list of numbers, ranges and steps names. Raises ValueError."""
        return frozenset().union(*(self._item(item) for item in text.split(",")))

    def _item(self, text: str) -> range | list[int]:
        form = _ITEM.fullmatch(text)
        if form is None:
            raise ValueError(f"{text!r} is no number, range or step")
        every, first, last, step = form.groups()
        begin = self.lowest if every else self.number(first)
        end = self.number(last) if last else self.highest if every or step else begin
        if begin <= end:
            return range(begin, end + 1, int(step or 1))
        return [*range(begin, self.highest + 1), *range(self.lowest, end + 1)][:: int(step or 1)]


_MINUTE, _HOUR, _DAY = _Range(0, 59), _Range(0, 23), _Range(1, 31)
_MONTH, _WEEKDAY, _YEAR = _Range(1, 12, _MONTHS), _Range(1, 7, _WEEKDAYS), _Range(1970, LAST_YEAR)


@dataclass(frozen=True)
class Cron:
    """An expression. times: of a day, (hour, minute), in order. Of the two texts about days one is "?"."""

    times: tuple[tuple[int, int], ...]
    months: frozenset[int]
    years: frozenset[int]
    days_of_month: str
    weekdays: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what stands between the brackets. Raises ValueError where EventBridge would refuse it."""
        parts = text.upper().split()
        if len(parts) != _FIELDS or (parts[2] == "?") == (parts[4] == "?"):
            raise ValueError(f"{text!r} has not six fields, of which one about days is ?")
        minutes, hours = _MINUTE.numbers(parts[0]), _HOUR.numbers(parts[1])
        times = tuple(itertools.product(sorted(hours), sorted(minutes)))
        read = cls(times, _MONTH.numbers(parts[3]), _YEAR.numbers(parts[5]), parts[2], parts[4])
        read._days(LAST_YEAR, 1)  # what is wrong about days is to be known at once
        return read

    def days(self, year: int, month: int) -> list[int]:
        """The days of a month on which it fires, in order."""
        if year not in self.years or month not in self.months:
            return []
        return sorted(self._days(year, month) & set(_month(year, month)))

    def _days(self, year: int, month: int) -> set[int]:
        field, of = (self.weekdays, _by_week) if self.days_of_month == "?" else (self.days_of_month, _by_month)
        return {day for item in field.split(",") for day in of(item, year, month)}


def _month(year: int, month: int) -> range:
    return range(1, calendar.monthrange(year, month)[1] + 1)


def _by_month(item: str, year: int, month: int) -> Iterator[int]:
    """By an item such as 1, 1-7, */2, L (the last day), 15W (the workday nearest to it) or LW. Raises ValueError."""
    last = _month(year, month)[-1]
    if item == "L":
        yield last
    elif item.endswith("W"):
        wanted = last if item == "LW" else _DAY.number(item.removesuffix("W"))
        if wanted <= last:
            yield _nearest_workday(year, month, wanted)
    else:
        yield from _DAY.numbers(item)


def _nearest_workday(year: int, month: int, day: int) -> int:
    """The workday nearest to a day, within its month."""
    days = [other for other in _month(year, month) if date(year, month, other).isoweekday() <= _WORKDAYS]
    return min(days, key=lambda other: abs(other - day))


def _by_week(item: str, year: int, month: int) -> Iterator[int]:
    """By an item such as MON, 2-6, L (Saturday), 6L (the last Friday) or 3#2 (the second Tuesday).

    Raises ValueError.
    """
    if "#" in item:
        weekday, _, number = item.partition("#")
        yield from _on(_WEEKDAY.number(weekday), year, month)[_nth(number) :][:1]
    elif item.endswith("L"):
        alone = item == "L"
        found = _on(_DAYS_A_WEEK if alone else _WEEKDAY.number(item.removesuffix("L")), year, month)
        yield from found if alone else found[-1:]
    else:
        for each in _WEEKDAY.numbers(item):
            yield from _on(each, year, month)


def _nth(text: str) -> int:
    return _Range(1, 5).number(text) - 1


def _on(weekday: int, year: int, month: int) -> list[int]:
    """The days of a month on a weekday, 1 (Sunday) to 7."""
    return [day for day in _month(year, month) if date(year, month, day).isoweekday() % _DAYS_A_WEEK + 1 == weekday]
