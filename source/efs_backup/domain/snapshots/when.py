"""Words for a time, as people write them: ISO 8601, `yesterday 18:00`, `2 days ago`, `3d`."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from enum import Enum

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.snapshots.duration import Duration

FORMS = "2026-11-22, 2026-11-22T18:00, yesterday, 'yesterday 18:00', '2 days ago' or 3d"

_ONE_DAY = timedelta(days=1)
_LONGEST = 100
"""Letters of words for a time; none has half as many."""
_DAYS = {"today": 0, "yesterday": 1}
_AGO = re.compile(r"(\d{1,4}|an?|one) (minute|min|hour|day|week|month|year)s? ago", re.ASCII)
_WEEKS = re.compile(r"(\d{1,4})w", re.ASCII)
_DAY_AND_TIME = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d|today|yesterday)(?:(?:t| at | )(?P<time>\d\d?:\d\d(?::\d\d)?))?"
    r" ?(?P<zone>z|utc|gmt|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)?")


class Edge(Enum):
    """The moment of a day that is meant where no time of day is said."""

    START = "the first moment"
    END = "the last moment"


@dataclass(frozen=True)
class Reading:
    """The circumstances in which words for a time are read: the moment, aware, and the zone of times without an offset.

    The zone is asked about any local time; it knows about summer time.
    """

    now: datetime
    zone: tzinfo = UTC

    def shown(self, moment: datetime) -> str:
        """A moment for people, in this zone, with its name and offset: `2026-11-25 18:00:00 CET (UTC+01:00)`."""
        try:
            local = moment.astimezone(self.zone)
        except (OverflowError, ValueError):
            local = moment.astimezone(UTC)
        offset = local.isoformat()[-6:]
        return f"{local:%Y-%m-%d %H:%M:%S %Z}" + ("" if local.tzname() == "UTC" else f" (UTC{offset})")


def read_time(text: str, reading: Reading, edge: Edge = Edge.END) -> datetime:
    """The moment that words mean, aware. Raises WrongUsage.

    A day without a time of day is its end, or its start. A local time that a clock shows twice in the night of a
    change of the clocks, or never, is the later one of the moments it may mean, or the earlier one.
    """
    words = " ".join(text[:_LONGEST].lower().split())
    try:
        return _ago(words, reading) or _of_a_day(words, reading, edge) or _iso(text, reading.zone, edge)
    except OverflowError as error:
        raise WrongUsage(f"{text!r} lies too far from now.") from error
    except ValueError as error:
        raise WrongUsage(f"{text!r} is no time; one looks like {FORMS}.") from error


def read_iso(text: str, zone: tzinfo = UTC, edge: Edge = Edge.END) -> datetime:
    """The same of ISO 8601 alone, for what has no moment to count from, as the settings of a stack."""
    try:
        return _iso(text, zone, edge)
    except OverflowError as error:
        raise WrongUsage(f"{text!r} lies too far from now.") from error
    except ValueError as error:
        raise WrongUsage(f"{text!r} is no ISO 8601 time; one looks like 2026-11-22T02:00:00Z.") from error


def is_time(text: str, reading: Reading) -> bool:
    """Whether these words mean a time."""
    try:
        read_time(text, reading)
    except WrongUsage:
        return False
    return True


def _ago(words: str, reading: Reading) -> datetime | None:
    """The time so long before the present, by the calendar of the zone; of hours by the clock of the world."""
    if words == "now":
        return reading.now
    if found := _AGO.fullmatch(words):
        number = int(found[1]) if found[1].isdigit() else 1
        return _before(reading, _duration(number, found[2]), number if found[2].startswith("min") else 0)
    if found := _WEEKS.fullmatch(words.removesuffix(" ago")):
        return _before(reading, Duration(days=7 * int(found[1])))
    try:
        return _before(reading, Duration.parse(words.removesuffix(" ago")))
    except WrongUsage:
        return None


def _duration(number: int, unit: str) -> Duration:
    if unit == "week":
        return Duration(days=7 * number)
    return Duration() if unit.startswith("min") else Duration(**{f"{unit}s": number})


def _before(reading: Reading, duration: Duration, minutes: int = 0) -> datetime:
    by_calendar = Duration(duration.years, duration.months, duration.days)
    local = reading.now.astimezone(reading.zone).replace(tzinfo=None, fold=0)
    day = by_calendar.before(local.replace(tzinfo=UTC)).replace(tzinfo=None)
    moved = _aware(day, reading.zone, Edge.START) if day != local else reading.now
    return moved - timedelta(hours=duration.hours, minutes=minutes)


def _of_a_day(words: str, reading: Reading, edge: Edge) -> datetime | None:
    """A day, by its date or its name, and a time of day, perhaps with a zone of its own."""
    found = _DAY_AND_TIME.fullmatch(words)
    if found is None:
        return None
    zone = _zone(found["zone"]) or reading.zone
    if found["day"] in _DAYS:
        day = reading.now.astimezone(zone).date() - _ONE_DAY * _DAYS[found["day"]]
    else:
        day = date.fromisoformat(found["day"])
    if found["time"] is None:
        return _edge(day, zone, edge)
    hour, minute, second = map(int, f"{found['time']}:00".split(":")[:3])
    return _aware(datetime.combine(day, time(hour, minute, second)), zone, edge)


def _zone(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if found := _OFFSET.fullmatch(text):
        offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        return timezone(-offset if found[1] == "-" else offset)
    return UTC


def _iso(text: str, zone: tzinfo, edge: Edge) -> datetime:
    """All that ISO 8601 knows, as a week's day too, and the name of a snapshot. Raises ValueError."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return _aware(datetime.fromisoformat(text.strip()), zone, edge)
    return _edge(day, zone, edge)


def _edge(day: date, zone: tzinfo, edge: Edge) -> datetime:
    if edge is Edge.START:
        return _first_moment(day, zone)
    return _first_moment(day + _ONE_DAY, zone) - timedelta(microseconds=1)


def _first_moment(day: date, zone: tzinfo) -> datetime:
    """Where a clock skips midnight, the moment at which it does: that is what a fold of 0 means there."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _aware(moment: datetime, zone: tzinfo, edge: Edge) -> datetime:
    """A moment in UTC from a local time; the later one, or the earlier one, of those that it may mean."""
    if moment.tzinfo:
        return moment.astimezone(UTC)
    both = [moment.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    return max(both) if edge is Edge.END else min(both)
