"""Workers: what the instances of one backup say of themselves in its record, each under its own name."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

LEADS = "leads"
"""The work of whoever leads, or was about to."""

PACE = timedelta(minutes=1)
"""How often an agent says that it lives."""

STALE_AFTER = 5
"""The number of signs of life that are missed before a leader counts as lost."""

HIDDEN_SECONDS = 300
"""How long a share that the queue has handed over is nobody else's."""

_TIME = "%Y-%m-%dT%H:%M:%S"
_LONGEST_WORK = 200


@dataclass(frozen=True)
class WorkerSign:
    """A sign of life of one instance. alive: when, aware; work: what it is at; files: how many it has looked at."""

    alive: datetime
    work: str
    files: int = 0

    @property
    def has_led(self) -> bool:
        """Whether it was the leader when it said so."""
        return self.work == LEADS

    def to_item(self) -> dict[str, str | int]:
        """The value that is stored."""
        return {
            "Alive": self.alive.astimezone(UTC).strftime(_TIME), "Work": self.work[:_LONGEST_WORK], "Files": self.files,
        }  # fmt: skip

    @classmethod
    def from_item(cls, item: Any) -> "WorkerSign":
        """The sign that a value holds. Raises ValueError and TypeError."""
        if not isinstance(item, Mapping):
            raise ValueError(f"{item!r} is no sign of life")  # noqa: TRY004 - as of all that cannot be read
        alive = datetime.strptime(str(item.get("Alive")), _TIME).replace(tzinfo=UTC)
        return cls(alive, str(item.get("Work", "")), int(item.get("Files", 0)))


Workers = Mapping[str, WorkerSign]
"""The signs of all who have come, by instance."""


def written(workers: Workers) -> dict[str, dict[str, str | int]]:
    """As it is stored."""
    return {name: sign.to_item() for name, sign in workers.items()}


def read(stored: Any) -> Workers:
    """As it was stored. Raises ValueError and TypeError."""
    if not isinstance(stored, Mapping):
        raise ValueError(f"{stored!r} holds no signs of life")  # noqa: TRY004 - as of all that cannot be read
    return {str(name): WorkerSign.from_item(item) for name, item in stored.items()}


def leaders_before(workers: Workers, last: str | None, own: str) -> frozenset[str]:
    """The instances that may take themselves for the leader still, beside this one. last: whom the record names."""
    return frozenset({name for name, sign in workers.items() if sign.has_led} | {last or own}) - {own}


def operations_of_each(operations: float | None, workers: int) -> float | None:
    """The part of a limit of operations a second that each instance has; None where there is none."""
    return None if operations is None else max(1.0, operations / workers)
