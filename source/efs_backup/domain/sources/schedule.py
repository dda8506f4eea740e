"""When a source is backed up: the expressions of Amazon EventBridge, by the clock of a time zone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import product
from zoneinfo import ZoneInfo

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.sources.cron import Cron

_CRON, _RATE = re.compile(r"cron\((.+)\)"), re.compile(r"rate\(([1-9]\d{0,5}) (minute|hour|day)s?\)")
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_FAR = timedelta(days=8 * 366)
"""A leap day may be eight years off."""

_MINUTE = timedelta(minutes=1)
LATEST = timedelta(hours=1)
"""A start that could not be delivered for so long is left out: a backup that starts later disturbs the day."""


@dataclass(frozen=True)
class Schedule:
    """cron: None where it is a rate; pace: of a rate. zone: of a cron."""

    cron: Cron | None
    pace: timedelta
    zone: tzinfo

    @classmethod
    def parse(cls, expression: str, zone: str = "") -> "Schedule":
        """Read an expression, and the name of a time zone (empty: UTC). Raises WrongUsage."""
        if rate := _RATE.fullmatch(expression):
            return cls(None, int(rate[1]) * _UNITS[rate[2]], UTC)
        if cron := _CRON.fullmatch(expression):
            return cls(Cron.parse(cron[1]), _MINUTE, _zone(zone))
        raise WrongUsage(f"The schedule {expression!r} is neither cron(...) nor rate(...).")

    def next_after(self, moment: datetime, since: datetime) -> datetime | None:
        """The first start after a moment (aware; the answer is in UTC); None where there is none in eight years.

        since: when the row came to be, from which a rate counts.
        """
        if self.cron is None:
            passed = max(0, (moment - since) // self.pace)
            return (since + (passed + 1) * self.pace).astimezone(UTC)
        return next(self._following(self.cron, moment.astimezone(UTC)), None)

    def last_due(self, now: datetime, since: datetime) -> datetime | None:
        """The newest start that is due now and is not too old; None where there is none."""
        due, after = None, max(since, now - LATEST)
        while (found := self.next_after(after, since)) is not None and found <= now:
            due = after = found
        return due

    def _following(self, cron: Cron, moment: datetime) -> Iterator[datetime]:
        day = moment.astimezone(self.zone).date()
        for offset in range(_FAR.days):
            for found in self._on(cron, day + timedelta(days=offset)):
                if found > moment:
                    yield found

    def _on(self, cron: Cron, day: date) -> Iterator[datetime]:
        """The starts of a day, in UTC. An hour that the day lacks has none, one that comes twice has them once."""
        if not cron.is_on(day):
            return
        for hour, minute in product(cron.hours, cron.minutes):
            local = datetime.combine(day, time(hour, minute), self.zone)
            found = local.astimezone(UTC)
            if found.astimezone(self.zone).replace(tzinfo=None) == local.replace(tzinfo=None):
                yield found


def _zone(name: str) -> tzinfo:
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError) as error:
        raise WrongUsage(f"There is no time zone {name!r} here.", "Give one such as Europe/Berlin, or none.") from error
