"""Whose turn it is: a backup starts, waits until others have ended, or is skipped."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.operations.workflow import Action, Decision, decide_start, is_overdue

LEAVING = timedelta(minutes=15)
"""An agent that has reported gives its instance back by then; who starts in between would lose the new one."""


@dataclass(frozen=True)
class Waiting:
    """A start that waits. `row`: its identity, LABEL/INTERVAL."""

    row: str
    backup_id: BackupId
    since: datetime

    def to_item(self) -> dict[str, str]:
        """The waiting start as it is stored under its row."""
        return {"Id": self.backup_id, "Since": self.since.astimezone(UTC).isoformat()}

    @classmethod
    def from_item(cls, row: str, item: Mapping[str, Any]) -> "Waiting":
        """The start that such a mapping holds."""
        return cls(row, BackupId(str(item["Id"])), datetime.fromisoformat(str(item["Since"])))

    def has_waited_enough(self, window_minutes: int, now: datetime) -> bool:
        """Whether it is skipped: it waits as long as its window at most."""
        return now >= self.since + timedelta(minutes=window_minutes)


@dataclass(frozen=True)
class Stage:
    """The facts by which a turn is decided.

    latest: what was started last. backups: all records. waiting: starts that wait. instances: of the group, in whatever
    state. most: how many backups may run at a time. hold_minutes: see workflow.
    """

    latest: BackupRecord | None
    backups: Sequence[BackupRecord]
    waiting: Sequence[Waiting]
    instances: Sequence[str]
    most: int
    now: datetime
    hold_minutes: int

    @property
    def running(self) -> list[BackupRecord]:
        """The backups that run: no drills, and none of which nothing can come any more."""
        return running_in(self.backups, self.now, self.hold_minutes)

    @property
    def over(self) -> list[BackupRecord]:
        """The backups that a start ends: drills, which give way, and what is overdue."""
        return [each for each in self.backups if not each.has_ended and each not in self.running]


def running_in(backups: Iterable[BackupRecord], now: datetime, hold_minutes: int) -> list[BackupRecord]:
    """Those of these that run: no drills, and none of which nothing can come any more."""
    return [each for each in backups if not each.is_drill and _is_open(each, now, hold_minutes)]


def _is_open(backup: BackupRecord, now: datetime, hold_minutes: int) -> bool:
    return not backup.has_ended and not is_overdue(backup, now, hold_minutes)


def decide_turn(backup: BackupRecord, row: str, stage: Stage) -> Decision:
    """Whether a backup of this row starts now, waits or is skipped. Who waits already is asked with `waiting` empty."""
    same = [each for each in stage.running if (each.label, each.interval) == (backup.label, backup.interval)]
    if same:
        return decide_start(same[0], stage.now, stage.hold_minutes)
    if any(each.backup_id == backup.backup_id for each in stage.waiting):
        return Decision(Action.QUEUE, f"this backup of {row} waits already for its turn")
    if any(each.row == row for each in stage.waiting):
        return Decision(Action.SKIP, f"a backup of {row} waits already for its turn")
    if (reason := _why_wait(backup, stage)) is not None:
        return Decision(Action.QUEUE, reason)
    if stage.running:
        return Decision(Action.START, f"{len(stage.running)} of {stage.most} run")
    return decide_start(stage.latest, stage.now, stage.hold_minutes)


def _why_wait(backup: BackupRecord, stage: Stage) -> str | None:
    if stage.waiting:
        return f"{stage.waiting[0].row} waits for its turn, too, and came first"
    if len(stage.running) >= stage.most:
        return f"{', '.join(each.label or 'the first row' for each in stage.running)} is being backed up"
    if any(each.label == backup.label for each in stage.running):
        return "another interval of its label is being backed up"
    leaving = next((each for each in stage.backups if _is_leaving(each, backup, stage)), None)
    if leaving is not None:
        return f"the instance {leaving.instance_id} of the backup before is about to go"
    return None


def _is_leaving(before: BackupRecord, backup: BackupRecord, stage: Stage) -> bool:
    """Whether an instance is there still that served another row, and may be about to give itself back.

    Where several backups run at a time also one of the same row: the one that goes takes a place of the group along.
    """
    is_other = stage.most > 1 or (before.label, before.interval) != (backup.label, backup.interval)
    ended = before.stop_time
    there = is_other and not before.is_drill and before.instance_id in stage.instances
    return there and ended is not None and stage.now - ended < LEAVING


def in_turn(waiting: Iterable[Waiting]) -> list[Waiting]:
    """The starts that wait, the oldest first."""
    return sorted(waiting, key=lambda each: (each.since, each.row))
