"""When a schedule fires: the expressions of Amazon EventBridge (User Guide, "Schedule expressions")."""

import calendar
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import partial
from zoneinfo import ZoneInfo

from efs_backup.domain.errors import WrongUsage

_RATE = re.compile(r"rate\((?:1 (minute|hour|day)|(?!1 )(\d{1,6}) (minute|hour|day)s)\)", re.ASCII)
_CRON = re.compile(r"cron\((.+)\)")
_MOST_MINUTES = 10 * 366 * 1440
"""Of a rate: what comes in more than ten years is no schedule, and what comes after the year 9999 is no time."""

_MINUTES = {"minute": 1, "hour": 60, "day": 1440}
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_WEEKDAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), start=1)}
_DAYS_AHEAD = 366 * 9
"""Between two 29ths of February lie at most eight years."""

_IsDay = Callable[[date], bool]


@dataclass(frozen=True)
class Rate:
    """Each so many minutes, counted from a time that somebody else knows."""

    minutes: int

    def next_after(self, after: datetime, since: datetime) -> datetime:
        """The first time after this one, of `since` and those that lie whole periods after it; all aware."""
        period = timedelta(minutes=self.minutes)
        return since + max(0, (after - since) // period + 1) * period


@dataclass(frozen=True)
class Cron:
    """Minutes, hours, months and years in order, and which days are meant."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    is_day: _IsDay
    months: tuple[int, ...]
    years: tuple[int, ...]

    def is_due(self, minute: datetime) -> bool:
        """Whether it fires in this minute, by the clock that the expression means."""
        return minute.minute in self.minutes and minute.hour in self.hours and self._meets(minute.date())

    def next_after(self, after: datetime, zone: tzinfo = UTC) -> datetime | None:
        """The first aware time after this one, by the clock of a zone; None where none comes in years.

        What falls into the hour that a day in spring lacks is left out, what falls into the hour that comes twice
        happens the first time (EventBridge Scheduler User Guide, "Schedule types").
        """
        times = (moment.replace(tzinfo=zone) for moment in self._moments(after.astimezone(zone).date()))
        return next((moment for moment in times if moment > after and _is_there(moment)), None)

    def _moments(self, first: date) -> Iterator[datetime]:
        for ahead in range(_DAYS_AHEAD):
            day = first + timedelta(days=ahead)
            if self._meets(day):
                yield from (
                    datetime.combine(day, time(hour, minute)) for hour in self.hours for minute in self.minutes
                )  # fmt: skip

    def _meets(self, day: date) -> bool:
        return day.year in self.years and day.month in self.months and self.is_day(day)


def _is_there(moment: datetime) -> bool:
    return moment.astimezone(UTC).astimezone(moment.tzinfo).replace(tzinfo=None) == moment.replace(tzinfo=None)


def zone_named(name: str) -> tzinfo | None:
    """The time zone of this name, UTC for ""; None where nobody here knows it."""
    try:
        return ZoneInfo(name) if name else UTC
    except (LookupError, ValueError, OSError):
        return None


def parse_schedule(expression: str) -> Rate | Cron:
    """Read an expression. Raises WrongUsage where it is none of EventBridge's."""
    if (rate := _RATE.fullmatch(expression)) and 0 < (minutes := _rate_minutes(rate)) <= _MOST_MINUTES:
        return Rate(minutes)
    cron = _CRON.fullmatch(expression)
    fields = cron[1].split() if cron else []
    try:
        of_hour, hours, days, months, weekdays, years = fields
        return Cron(
            _numbers(of_hour, 0, 59), _numbers(hours, 0, 23), _days(days, weekdays),
            _numbers(_named(months, _MONTHS), 1, 12), _numbers(years, 1970, 2199),
        )  # fmt: skip
    except ValueError as error:
        raise WrongUsage(
            f"{expression!r} is no schedule of EventBridge, such as cron(0 2 * * ? *) or rate(12 hours)."
        ) from error


def _rate_minutes(rate: re.Match[str]) -> int:
    return _MINUTES[rate[1]] if rate[1] else int(rate[2]) * _MINUTES[rate[3]]


def next_start(expression: str, after: datetime, zone: tzinfo = UTC, since: datetime | None = None) -> datetime | None:
    """When a schedule fires after this time, in UTC; None where nobody can know. `since`: a time at which a rate fired.

    Raises WrongUsage.
    """
    schedule = parse_schedule(expression)
    if isinstance(schedule, Cron):
        found = schedule.next_after(after, zone)
    else:
        found = schedule.next_after(after, since) if since else None
    return found and found.astimezone(UTC)


def _named(field: str, names: dict[str, int]) -> str:
    return re.sub("|".join(names), lambda name: str(names[name[0]]), field.upper())


def _numbers(field: str, lowest: int, highest: int) -> tuple[int, ...]:
    """The numbers of a field in order. Raises ValueError."""
    found = {number for part in field.split(",") for number in _part(part, lowest, highest)}
    return tuple(sorted(found))


def _part(part: str, lowest: int, highest: int) -> Iterable[int]:
    """The numbers of `*`, `5`, `5-9`, `5/10`, `5-40/10`; a range that runs backwards goes round the end."""
    span, slash, step = part.partition("/")
    first, dash, last = span.partition("-")
    start = lowest if span == "*" else int(first)
    end = int(last) if dash else highest if slash or span == "*" else start
    if not (lowest <= start <= highest and lowest <= end <= highest and (int(step) > 0 if slash else True)):
        raise ValueError(f"{part} is not within {lowest} and {highest}")
    size = highest - lowest + 1
    length = (end - start) % size + 1
    return ((start - lowest + offset) % size + lowest for offset in range(0, length, int(step or 1)))


def _days(days: str, weekdays: str) -> _IsDay:
    """Which days are meant: by one of the two fields, for the other one is `?`. Raises ValueError."""
    if (days == "?") is (weekdays == "?"):
        raise ValueError("one of day of month and day of week, and only one, is a question mark")
    return _by_weekday(_named(weekdays, _WEEKDAYS)) if days == "?" else _by_month_day(days.upper())


def _by_month_day(field: str) -> _IsDay:
    if last := re.fullmatch(r"L(?:-(\d+))?", field):
        return partial(_is_before_last, int(last[1] or 0))
    if field == "LW":
        return lambda day: day == _nearest_weekday(day, _last_day(day))
    if nearest := re.fullmatch(r"(\d+)W", field):
        return partial(_is_nearest, int(nearest[1]))
    numbers = _numbers(field, 1, 31)
    return lambda day: day.day in numbers


def _by_weekday(field: str) -> _IsDay:
    if last := re.fullmatch(r"([1-7])L", field):
        return lambda day: _weekday(day) == int(last[1]) and day.day + 7 > _last_day(day)
    if number := re.fullmatch(r"([1-7])#([1-5])", field):
        return lambda day: _weekday(day) == int(number[1]) and (day.day + 6) // 7 == int(number[2])
    numbers = _numbers("7" if field == "L" else field, 1, 7)
    return lambda day: _weekday(day) in numbers


def _weekday(day: date) -> int:
    """EventBridge counts from Sunday, as 1."""
    return day.isoweekday() % 7 + 1


def _last_day(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _is_before_last(days: int, day: date) -> bool:
    return day.day == _last_day(day) - days


def _is_nearest(number: int, day: date) -> bool:
    return number <= _last_day(day) and day == _nearest_weekday(day, number)


def _nearest_weekday(day: date, number: int) -> date:
    """The working day of the month of `day` that is nearest to the day of this number."""
    wanted = day.replace(day=number)
    if wanted.weekday() == calendar.SATURDAY:
        return wanted - timedelta(days=1) if number > 1 else wanted + timedelta(days=2)
    if wanted.weekday() == calendar.SUNDAY:
        return wanted + timedelta(days=1) if number < _last_day(day) else wanted - timedelta(days=2)
    return wanted
