"""When an EventBridge expression fires next: cron(...) by the clock of a zone, or rate(...)."""

import itertools
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from efs_backup.domain.operations.cron import LAST_YEAR, Cron

_FORM = re.compile(r"(cron|rate)\((.*)\)")
_RATE = re.compile(r"([1-9][0-9]{0,8})\s+(minute|hour|day)s?")
_DAY = timedelta(days=1)


def next_start(expression: str, zone: tzinfo, after: datetime, since: datetime | None = None) -> datetime | None:
    """The first moment after `after` at which the expression fires, in UTC.

    since: a start of before. A rate counts from when its schedule was made, which nobody tells; a start is as good.
    None where there is none any more, where a rate has no start to count from, and where nothing can be read: the
    expression is AWS's, which may know forms that this does not.
    """
    form = _FORM.fullmatch(expression.strip())
    if form is None:
        return None
    try:
        return _of_rate(form[2], after, since) if form[1] == "rate" else _of_cron(form[2], zone, after)
    except (ValueError, OverflowError):
        return None


def _of_rate(text: str, after: datetime, since: datetime | None) -> datetime | None:
    """Raises ValueError, OverflowError."""
    rate = _RATE.fullmatch(text.strip())
    if rate is None or since is None:
        return None
    step = timedelta(**{f"{rate[2]}s": int(rate[1])})
    steps = max(0, (after - since) // step + 1)
    return (since + steps * step).astimezone(UTC)


def _of_cron(text: str, zone: tzinfo, after: datetime) -> datetime | None:
    """Raises ValueError."""
    moments = _real(_on_the_clock(Cron.parse(text), after.astimezone(zone) - _DAY), zone)
    return next((moment for moment in moments if moment > after), None)


def _on_the_clock(cron: Cron, begin: datetime) -> Iterator[datetime]:
    """The times without a zone that an expression names, from the day of `begin` on."""
    first = begin.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    for year, month in itertools.product(range(first.year, LAST_YEAR + 1), range(1, 13)):
        for day in cron.days(year, month):
            midnight = datetime(year, month, day)  # noqa: DTZ001 - of a clock on a wall
            if midnight >= first:
                yield from (midnight.replace(hour=hour, minute=minute) for hour, minute in cron.times)


def _real(times: Iterable[datetime], zone: tzinfo) -> Iterator[datetime]:
    """Their moments: what a clock leaves out in spring does not happen, what it shows twice happens the first time.

    So says the EventBridge Scheduler User Guide, "Schedule types": daylight saving time.
    """
    for time in times:
        moment = time.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == time:
            yield moment
