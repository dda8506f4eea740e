"""When a backup has to stop."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from efs_backup.domain.errors import WrongUsage

STOP_BEFORE_END = timedelta(minutes=15)
"""The copy is stopped so long before its window closes: files under way end, logs and report are written."""

_AMOUNT = r"(\d+(?:\.\d+)?)"
_LENGTH = re.compile(rf"(?:{_AMOUNT}d)?(?:{_AMOUNT}h)?(?:{_AMOUNT}m(?:in)?)?(?:{_AMOUNT}s)?", re.ASCII)
_MINUTES = (24 * 60, 60, 1, 1 / 60)


def minutes_of(text: str) -> float:
    """A length of time in minutes: `4h`, `90m`, `1h30m`, `45s`, and a bare number is minutes. Raises WrongUsage."""
    bare, found = text.strip(), _LENGTH.fullmatch(text.strip().lower().replace(" ", ""))
    if found and any(found.groups()):
        return sum(float(amount or 0) * minutes for amount, minutes in zip(found.groups(), _MINUTES, strict=True))
    try:
        return float(bare)
    except ValueError as error:
        raise WrongUsage(
            f"{text!r} is no length of time, such as 4h, 90m or 1h30m; a bare number is minutes."
        ) from error


@dataclass(frozen=True)
class Window:
    """How long a backup may take, in seconds; None for as long as it needs."""

    seconds: float | None = None

    @classmethod
    def of_minutes(cls, minutes: float | None) -> "Window":
        """The window of so many minutes. Raises WrongUsage where that is no time at all."""
        if minutes is None:
            return cls()
        if not 0 < minutes < float("inf"):
            raise WrongUsage(f"A window must be a number of minutes above 0, not {minutes:g}: no time would be left.")
        return cls(minutes * 60)

    def left(self, elapsed: float) -> float | None:
        """Seconds left after so many have elapsed; None without an end, never below 0."""
        return None if self.seconds is None else max(0.0, self.seconds - elapsed)

    def is_closed(self, elapsed: float) -> bool:
        """Whether the window has closed after so many seconds."""
        return self.left(elapsed) == 0


def stop_of_window(start: datetime, window_minutes: int) -> datetime:
    """When a backup that started then has to stop its copy; a window that is all farewell keeps half of itself."""
    window = timedelta(minutes=window_minutes)
    return start + max(window - STOP_BEFORE_END, window / 2)


def one_time_cron(time: datetime) -> str:
    """An EventBridge schedule for this minute (the next full one, UTC) and no other."""
    time = time.astimezone(UTC)
    full = time.replace(second=0, microsecond=0)
    if full != time:
        full += timedelta(minutes=1)
    return f"cron({full.minute} {full.hour} {full.day} {full.month} ? {full.year})"
