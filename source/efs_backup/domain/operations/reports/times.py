"""Times and durations as reports tell them."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from efs_backup.domain.humanize import aged

_MINUTE, _TWO_MINUTES, _TWO_HOURS = 60, 120, 120


@dataclass(frozen=True)
class Clock:
    """The clock that the operator reads, with UTC beside it where it is another; `now` is aware."""

    now: datetime
    zone: tzinfo = UTC

    def at(self, time: datetime) -> str:
        """`Mon 23 Nov 2026 03:00 CET (02:00 UTC)`."""
        local, utc = time.astimezone(self.zone), time.astimezone(UTC)
        told = f"{local:%a %d %b %Y %H:%M} {local.tzname()}"
        if local.utcoffset() == utc.utcoffset():
            return told
        return f"{told} ({utc:%H:%M} UTC)" if local.date() == utc.date() else f"{told} ({utc:%d %b %H:%M} UTC)"

    def day(self, time: datetime) -> str:
        """`Mon 23 Nov`."""
        return f"{time.astimezone(self.zone):%a %d %b}"

    def hour(self, time: datetime) -> str:
        """`03:00 CET`."""
        local = time.astimezone(self.zone)
        return f"{local:%H:%M} {local.tzname()}"

    def age(self, time: datetime) -> str:
        """How long ago: `26 h`."""
        return aged(self.now - time)

    def until(self, time: datetime) -> str:
        """How long until then: `21 h`."""
        return aged(time - self.now)


def took(seconds: float | None) -> str | None:
    """A duration: `42 s`, `62 min`, `3 h 20 min`; None of what is not known."""
    if seconds is None:
        return None
    minutes = round(seconds / _MINUTE)
    if seconds < _TWO_MINUTES:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < _TWO_HOURS else f"{minutes // _MINUTE} h {minutes % _MINUTE} min"
