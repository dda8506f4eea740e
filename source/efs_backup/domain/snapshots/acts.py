"""Acts: what a person, the tripwire or the end of a pin has changed about what is kept; the next seal tells it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

PIN, UNPIN, PIN_ENDED, HOLD, RELEASE = "pin", "unpin", "pin-ended", "hold", "release"


@dataclass(frozen=True)
class Act:
    """An act: its kind, on which snapshot, who did it, when (ISO 8601, UTC), why, and more about it.

    snapshot: of a hold the one that it names, "" where that cannot be read any more.
    """

    act: str
    snapshot: str
    by: str
    at: str
    reason: str
    until: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The object that a seal has."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> "Act":
        """Read it. Raises ValueError."""
        try:
            texts = {name: str(found[name]) for name in ("act", "snapshot", "by", "at", "reason")}
            return cls(**texts, until=str(found["until"]) if found.get("until") else None)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"it is no act: {error}") from error

    def to_text(self) -> bytes:
        """As it waits for the next seal."""
        return json.dumps(self.to_json()).encode()
