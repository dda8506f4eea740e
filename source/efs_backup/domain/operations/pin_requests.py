"""Pins and notes that somebody has asked for: kept in the table until the next agent carries them out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.operations.record import EXPIRY_ATTRIBUTE, ID_ATTRIBUTE, RECORD_DAYS, backup_id_of
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.pins import text_of
from efs_backup.domain.snapshots.when import read_iso

PIN_KEY = "pin-"
"""The keys of requests begin like this; no backup's id does."""
DONE_ATTRIBUTE, OUTCOME_ATTRIBUTE = "DoneTime", "Outcome"

_MOST_WHO = 200


class PinAction(StrEnum):
    """To pin a snapshot, to release it, or to say something about it."""

    PIN = "pin"
    UNPIN = "unpin"
    NOTE = "note"


@dataclass(frozen=True)
class Wish:
    """A wish about one snapshot. text: the reason, or the note, "" for none any more. until: of a pin, aware."""

    action: PinAction
    snapshot: SnapshotName
    text: str
    by: str
    until: datetime | None = None

    @classmethod
    def read(cls, action: PinAction, event: Mapping[str, Any], by: str) -> "Wish":
        """Read it from an event. Raises WrongUsage, with what is missing or wrong. by: who, if the event says nothing.

        A time without an offset is UTC; a day ends with its last second.
        """
        given = {name: str(event.get(name) or "").strip() for name in ("snapshot", "reason", "by", "until")}
        name = SnapshotName.parse(given["snapshot"])
        if name is None:
            raise WrongUsage("the event must name a snapshot, such as 20261122T020000Z")
        text = given["reason"]
        if text or action is not PinAction.NOTE:
            text_of(text, "note" if action is PinAction.NOTE else "reason")
        until = read_iso(given["until"]).replace(microsecond=0) if given["until"] else None
        return cls(action, name, text, given["by"][:_MOST_WHO] or by, until if action is PinAction.PIN else None)

    def event(self) -> dict[str, str]:
        """The event that asks for it."""
        until = {"until": _written(self.until)} if self.until else {}
        said = {"snapshot": str(self.snapshot), "reason": self.text, "by": self.by}
        return {"mode": "backup", "action": str(self.action), **said, **until}


@dataclass(frozen=True)
class PinRequest:
    """A wish that waits. at: when it was asked for, aware. event_id: the same for each delivery of one event.

    row: whose snapshot is meant, LABEL/INTERVAL; "" is the first row.
    """

    wish: Wish
    at: datetime
    event_id: str
    row: str = ""

    @property
    def what(self) -> str:
        """The thing that is asked for."""
        return f"{self.wish.action} of {self.wish.snapshot}"

    @property
    def who(self) -> str:
        """Who asks."""
        return self.wish.by

    @property
    def protects(self) -> bool:
        """Whether a backup without it might drop what is to be kept."""
        return self.wish.action is PinAction.PIN

    @property
    def key(self) -> str:
        """The key of its item."""
        return PIN_KEY + backup_id_of(self.event_id)

    @property
    def expires(self) -> datetime:
        """When the table may forget it, done or not."""
        return self.at + timedelta(days=RECORD_DAYS)

    def to_item(self) -> dict[str, str | int]:
        """The attributes that are stored; a number for the time at which DynamoDB drops it."""
        known: dict[str, str | int] = {
            ID_ATTRIBUTE: self.key, "Action": str(self.wish.action), "SnapshotName": str(self.wish.snapshot),
            "Reason": self.wish.text, "AskedBy": self.wish.by, "AskedTime": _written(self.at), "EventId": self.event_id,
            EXPIRY_ATTRIBUTE: int(self.expires.timestamp()),
        }  # fmt: skip
        until = {"Until": _written(self.wish.until)} if self.wish.until else {}
        return {**known, **until, **({"Row": self.row} if self.row else {})}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "PinRequest | None":
        """Read it; None where somebody else has written something that is none."""
        try:
            name = SnapshotName.parse(item["SnapshotName"])
            until = _read(item["Until"]) if "Until" in item else None
            if name is None:
                return None
            wish = Wish(PinAction(item["Action"]), name, item["Reason"], item["AskedBy"], until)
            return cls(wish, _read(item["AskedTime"]), item["EventId"], item.get("Row", ""))
        except (KeyError, TypeError, ValueError):
            return None


def _written(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _read(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
