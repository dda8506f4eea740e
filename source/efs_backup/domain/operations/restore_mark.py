"""The mark that a restore leaves before it touches anything: what was done once is never done again by itself."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from efs_backup.domain.errors import RestoreFailed
from efs_backup.domain.operations.agent_settings import RestoreSettings
from efs_backup.domain.results import RestoreStatus

MARK_PREFIX = "efs-restore-marks"
"""Where the marks are in the log bucket; nothing deletes them there by its age."""


def order_of(settings: RestoreSettings) -> dict[str, str]:
    """The order that a stack's settings make: two that mean the same are equal, whatever else the stack says."""
    return {
        "backup_file_system": settings.backup_file_system,
        "folder_label": str(settings.folder_label),
        "interval": str(settings.interval),
        "snapshot": settings.restore_as_of or f"number {settings.backup_number}",
        "restore_sub_dir": "/" + settings.restore_sub_dir.strip("/"),
        "target_file_system": settings.target_file_system,
        "restore_prefix": "/" + settings.restore_prefix.strip("/"),
        "restore_mode": str(settings.restore_mode),
    }


def mark_key(settings: RestoreSettings) -> str:
    """Where the mark of this stack and order is. Another stack, and another order, have another."""
    canonical = json.dumps([settings.stack_id, order_of(settings)], sort_keys=True)
    return f"{MARK_PREFIX}/{hashlib.sha256(canonical.encode()).hexdigest()}.json"


@dataclass(frozen=True)
class RestoreMark:
    """A restore that began: by which instance, when, and, where it said so, how it ended and where its log is."""

    stack_id: str
    order: Mapping[str, str]
    instance_id: str
    begun: datetime
    ended: datetime | None = None
    result: str = ""
    message: str = ""
    logs: str = ""

    @classmethod
    def of(cls, settings: RestoreSettings, instance_id: str, now: datetime) -> "RestoreMark":
        """The mark of a restore that begins now."""
        return cls(settings.stack_id, order_of(settings), instance_id, now)

    def over(self, now: datetime, result: str, message: str, logs: str | None) -> "RestoreMark":
        """The same, when it has ended like that."""
        return replace(self, ended=now, result=result, message=message, logs=logs or "")

    def to_text(self) -> str:
        """The object's content, for people too."""
        times = {"begun": self.begun.isoformat(), "ended": self.ended.isoformat() if self.ended else None}
        fields = {"stack_id": self.stack_id, "order": dict(self.order), "instance_id": self.instance_id}
        ending = {"result": self.result, "message": self.message, "logs": self.logs}
        return json.dumps({**fields, **times, **ending}, indent=1) + "\n"

    @classmethod
    def from_text(cls, text: str, where: str) -> "RestoreMark":
        """Read it. Raises RestoreFailed where it is none: nobody knows then what was done."""
        try:
            found = json.loads(text)
            ended = _time(found["ended"]) if found["ended"] else None
            return cls(
                found["stack_id"], found["order"], found["instance_id"], _time(found["begun"]), ended,
                str(found["result"]), str(found["message"]), str(found["logs"]),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError) as error:
            raise RestoreFailed(
                f"This restore was begun before, and its mark {where} cannot be read: {error}. Nothing was touched"
                " now.",
                "Look at the target. To restore again, delete the stack and deploy it again.",
            ) from error


@dataclass(frozen=True)
class MayRestore:
    """Whether a restore is carried out, and why."""

    yes: bool
    reason: str


def decide_restore(found: RestoreMark | None, instance_id: str) -> MayRestore:
    """Whether to restore, given the mark of an earlier one.

    The instance that has begun and was interrupted (killed, rebooted) goes on: overlay and mirror only look at what
    is right already, and `new` refuses by itself what is not empty. No other instance does, for nobody knows what has
    been written into the target since.
    """
    if found is None:
        return MayRestore(True, "nobody has begun this restore before")
    if found.ended is None and found.instance_id == instance_id:
        return MayRestore(True, f"this instance began it on {said(found.begun)}, and was interrupted")
    begun = f"was begun on {said(found.begun)} by the instance {found.instance_id}"
    if found.ended is None:
        return MayRestore(False, f"This restore {begun}, which never said how it ended")
    if found.result == RestoreStatus.SUCCESS:
        return MayRestore(False, f"This restore was done on {said(found.ended)}: {found.message}")
    return MayRestore(
        False, f"This restore {begun}, and ended on {said(found.ended)} as {found.result}: {found.message}"
    )


def said(time: datetime) -> str:
    """A time for people."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _time(text: Any) -> datetime:
    return datetime.fromisoformat(text)
