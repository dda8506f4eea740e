"""Pins and notes: what a person has said about one snapshot."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.snapshots.when import Reading, read_time

FORMAT = 1
MOST_LETTERS = 1000
"""Of a reason or a note."""


@dataclass(frozen=True)
class Said:
    """A text about a snapshot: by whom, and when, an aware time."""

    text: str
    by: str
    at: datetime

    def to_text(self) -> str:
        """JSON, as it is stored."""
        return json.dumps({"format": FORMAT, "text": self.text, "by": self.by, "at": _written(self.at)}, indent=1)

    @classmethod
    def parse(cls, text: bytes) -> "Said":
        """Read it. Raises ValueError of anything else."""
        found = _object_of(text)
        return cls(_text(found, "text"), _text(found, "by"), _time(found, "at"))


@dataclass(frozen=True)
class Pin:
    """A pin: while it holds, its snapshot is not dropped. until: None for always."""

    reason: str
    by: str
    at: datetime
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it has not ended yet."""
        return self.until is None or now <= self.until

    def told(self) -> str:
        """The reason of its snapshot, `pinned until 2027-01-31: the audit`."""
        until = self.told_until()
        return f"pinned{f' until {until}' if until else ''}: {self.reason}"

    def told_until(self) -> str | None:
        """The day on which it ends, or the time; None where it does not."""
        return _day(self.until) if self.until else None

    def to_text(self) -> str:
        """JSON, as it is stored."""
        until = _written(self.until) if self.until else None
        value = {"format": FORMAT, "reason": self.reason, "by": self.by, "at": _written(self.at), "until": until}
        return json.dumps(value, indent=1)

    @classmethod
    def parse(cls, text: bytes) -> "Pin":
        """Read it. Raises ValueError of anything else."""
        found = _object_of(text)
        until = _time(found, "until") if found.get("until") is not None else None
        return cls(_text(found, "reason"), _text(found, "by"), _time(found, "at"), until)


@dataclass(frozen=True)
class TornPin:
    """A pin that cannot be read, and why: it holds, for nobody knows that it does not."""

    cause: str

    def told(self) -> str:
        """The reason of its snapshot."""
        return f"pinned, though its pin cannot be read ({self.cause})"


def text_of(text: str, what: str) -> str:
    """A reason or a note without blanks around it. Raises WrongUsage where it is empty or too long."""
    text = text.strip()
    if not text or len(text) > MOST_LETTERS:
        raise WrongUsage(f"The {what} needs 1 to {MOST_LETTERS:,} letters; this one has {len(text):,}.")
    return text


def until_of(text: str, reading: Reading) -> datetime:
    """When a pin ends, to the second: a day ends with its last one. Raises WrongUsage, also where that has passed."""
    until = read_time(text, reading).replace(microsecond=0)
    if until <= reading.now:
        raise WrongUsage(f"--until {text} has passed already; leave it out to pin without an end.")
    return until


def _object_of(text: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError(f"it is no object of the format {FORMAT}")
    return found


def _text(found: Mapping[str, Any], name: str) -> str:
    if not isinstance(found.get(name), str):
        raise ValueError(f"{name!r} is no text")  # noqa: TRY004 - of what is stored, not of an argument
    return str(found[name])


def _time(found: Mapping[str, Any], name: str) -> datetime:
    time = datetime.fromisoformat(_text(found, name))
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _written(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _day(time: datetime) -> str:
    return (
        f"{time.astimezone(UTC):%Y-%m-%d}" if time.astimezone(UTC).time().isoformat() == "23:59:59" else _written(time)
    )
