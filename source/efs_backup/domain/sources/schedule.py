"""When a source is backed up: the expressions of Amazon EventBridge, by the clock of a time zone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.schedule import Cron, Rate, parse_schedule, zone_named

LATEST = timedelta(hours=1)
"""A start that could not be delivered for so long is left out: a backup that starts later disturbs the day."""


@dataclass(frozen=True)
class Schedule:
    """times: when it fires. zone: by whose clock a cron is meant."""

    times: Cron | Rate
    zone: tzinfo

    @classmethod
    def parse(cls, expression: str, zone: str = "") -> "Schedule":
        """Read an expression, and the name of a time zone (empty: UTC). Raises WrongUsage."""
        return cls(parse_schedule(expression), _zone(zone))

    def next_after(self, moment: datetime, since: datetime) -> datetime | None:
        """The first start after a moment (aware; the answer is in UTC); None where none comes in years.

        since: when the row came to be, from which a rate counts.
        """
        if isinstance(self.times, Rate):
            return self.times.next_after(max(moment, since), since).astimezone(UTC)
        found = self.times.next_after(moment, self.zone)
        return found and found.astimezone(UTC)

    def last_due(self, now: datetime, since: datetime) -> datetime | None:
        """The newest start that is due now and is not too old; None where there is none."""
        due, after = None, max(since, now - LATEST)
        while (found := self.next_after(after, since)) is not None and found <= now:
            due = after = found
        return due


def _zone(name: str) -> tzinfo:
    found = zone_named(name)
    if found is None:
        raise WrongUsage(f"There is no time zone {name!r} here.", "Give one such as Europe/Berlin, or none.")
    return found
