"""Requests about a hold, made while no instance runs: the table keeps them until the next agent carries them out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.snapshots.hold import told
from efs_backup.domain.snapshots.names import SnapshotName

HOLD_KEY = "hold"
"""The key of the item that has the requests of the first row; no backup's id looks like it."""


def hold_key(row: str) -> str:
    """The key of the item that has the requests of a row, LABEL/INTERVAL; "" is the first."""
    return f"{HOLD_KEY} {row}" if row else HOLD_KEY


class HoldAction(StrEnum):
    """To hold, or to end a hold."""

    HOLD = "hold"
    RELEASE = "release"

    @property
    def attribute(self) -> str:
        """The attribute with the reason; its time, author and event stand in others that begin like it."""
        return "HoldRelease" if self is HoldAction.RELEASE else "HoldAsked"


@dataclass(frozen=True)
class HoldRequest:
    """One request. at: when it was asked for, aware. event_id: the same for each delivery of one event."""

    action: HoldAction
    reason: str
    by: str
    at: datetime
    event_id: str

    @property
    def what(self) -> str:
        """The thing that is asked for."""
        return str(self.action)

    @property
    def who(self) -> str:
        """Who asks."""
        return self.by

    @property
    def protects(self) -> bool:
        """Whether a backup without it might drop what is to be kept."""
        return self.action is HoldAction.HOLD

    def to_item(self) -> dict[str, str]:
        """The attributes that are stored."""
        name = self.action.attribute
        return {
            name: told(self.reason), f"{name}Time": self.at.astimezone(UTC).isoformat(), f"{name}By": told(self.by),
            f"{name}Id": self.event_id,
        }  # fmt: skip


def requests_in(item: Mapping[str, Any]) -> list[HoldRequest]:
    """The requests that an item has and nobody has carried out, in the order in which they came.

    Of one that somebody else has half written only the time counts as needed: without it nobody knows what it means.
    """
    return sorted(_requests(item), key=lambda one: one.at)


def _requests(item: Mapping[str, Any]) -> Iterator[HoldRequest]:
    for action in HoldAction:
        name = action.attribute
        if name in item and (at := _time(item.get(f"{name}Time"))):
            by, event_id = (str(item.get(f"{name}{what}") or "") for what in ("By", "Id"))
            yield HoldRequest(action, str(item[name]), by or "somebody", at, event_id)


def _time(text: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def held_days(backup: BackupRecord, now: datetime) -> float:
    """The days since the snapshot that a hold names; 0 where there is none."""
    since = SnapshotName.parse(backup.hold or "")
    return max(0.0, (now - since.time).total_seconds() / 86400) if since else 0.0
