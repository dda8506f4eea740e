"""What the orchestrator does about a trigger: each decision is a value with its reason."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.lifecycle import LifecycleAction
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus

SILENCE = timedelta(minutes=30)
"""An agent says every minute how far it is; an instance boots, and installs what it needs, in a few minutes."""


class Action(StrEnum):
    """What to do."""

    START = "start"
    SKIP = "skip"
    STOP = "stop"
    ASK_AGENT = "ask the agent"
    LET_GO = "let the instance go"
    SERVE = "serve"
    GO_HOME = "go home"
    WAIT = "wait for the next instance"
    CLOSE = "close"
    RECONCILE = "reconcile"
    IGNORE = "ignore"


@dataclass(frozen=True)
class Decision:
    """What to do, and why."""

    action: Action
    reason: str


def overdue_at(backup: BackupRecord, hold_minutes: int) -> datetime:
    """When nothing more can come from a backup: its window is closed and the longest hold after it has ended."""
    return backup.window_end + timedelta(minutes=hold_minutes)


def is_overdue(backup: BackupRecord, now: datetime, hold_minutes: int) -> bool:
    """Whether a backup still counts as running though nothing more can come from it."""
    return not backup.has_ended and now >= overdue_at(backup, hold_minutes)


def is_silent(backup: BackupRecord, now: datetime) -> bool:
    """Whether the agent of a backup is dead, or never came to life, though its window is open."""
    last_sign = max(backup.start_time, backup.heartbeat_time or backup.start_time)
    return not backup.has_ended and now < backup.window_stop and now - last_sign > SILENCE


def decide_start(latest: BackupRecord | None, now: datetime, hold_minutes: int) -> Decision:
    """Whether a backup may start after the one that was started last."""
    if latest is None:
        return Decision(Action.START, "no backup was started before")
    if latest.has_ended:
        return Decision(Action.START, f"the backup before, {latest.backup_id}, has ended")
    if is_overdue(latest, now, hold_minutes):
        return Decision(Action.START, f"the backup {latest.backup_id} never reported, and its window is over")
    started = latest.start_time.isoformat()
    return Decision(Action.SKIP, f"the backup {latest.backup_id}, started at {started}, is still running")


def decide_stop(backup_id: str, latest_id: str | None, latest: BackupRecord | None) -> Decision:
    """Whether the end of a backup's window takes the instance away; a late event must not stop a later backup."""
    if backup_id != latest_id:
        return Decision(Action.IGNORE, f"{backup_id} is not the backup that was started last ({latest_id})")
    if latest is None or latest.has_ended:
        return Decision(Action.STOP, "the backup is over; its instance has nothing more to do")
    return Decision(Action.STOP, "the window closes")


def decide_hold(
    action: LifecycleAction, our_group: str, group_of_instance: str | None, backup_id: str | None
) -> Decision:
    """What to do with an instance that is to be terminated. `group_of_instance`: where Auto Scaling says it is."""
    if action.group != our_group:
        return Decision(Action.IGNORE, f"the group {action.group} is not ours")
    if group_of_instance is None:
        return Decision(Action.IGNORE, f"the instance {action.instance_id} is in no group any more")
    if group_of_instance != our_group:
        return Decision(Action.IGNORE, f"the instance {action.instance_id} belongs to {group_of_instance}")
    if backup_id is None:
        return Decision(Action.LET_GO, "there is no backup that its agent could report about")
    return Decision(Action.ASK_AGENT, f"its agent has to finish the backup {backup_id}")


def decide_failed_finish(action: LifecycleAction, our_group: str, status: str) -> Decision:
    """What to do with a held instance whose agent could not be asked, or did not finish."""
    if action.group != our_group:
        return Decision(Action.IGNORE, f"the group {action.group} is not ours")
    return Decision(Action.LET_GO, f"the command to finish ended as {status}")


def decide_service(latest: BackupRecord | None, instance_id: str, now: datetime) -> Decision:
    """Whether a new instance has a backup to make."""
    if latest is None:
        return Decision(Action.GO_HOME, "no backup is on record")
    if latest.has_ended:
        return Decision(Action.GO_HOME, f"the backup {latest.backup_id} has ended as {latest.status}")
    if now >= latest.window_stop:
        return Decision(Action.GO_HOME, f"the window of the backup {latest.backup_id} is over")
    if latest.instance_id not in (None, instance_id):
        return Decision(Action.SERVE, f"it takes over {latest.backup_id} from {latest.instance_id}, which was lost")
    return Decision(Action.SERVE, f"it makes the backup {latest.backup_id}")


@dataclass(frozen=True)
class Situation:
    """What is known when an instance is gone: the group's wanted capacity, and the time."""

    our_group: str
    desired_capacity: int
    now: datetime


def decide_gone(group: str, instance_id: str, backup: BackupRecord | None, situation: Situation) -> Decision:
    """What a terminated instance means for the backup that was started last."""
    if group != situation.our_group:
        return Decision(Action.IGNORE, f"the group {group} is not ours")
    if backup is None:
        return Decision(Action.IGNORE, "there is no backup that it could have served")
    if backup.has_ended:
        action = Action.IGNORE if backup.report_time else Action.CLOSE
        return Decision(action, f"the backup has ended as {backup.status}, reported at {backup.report_time}")
    if backup.instance_id not in (None, instance_id):
        return Decision(Action.IGNORE, f"the backup is served by {backup.instance_id}, not by {instance_id}")
    if situation.desired_capacity > 0 and situation.now < backup.window_stop:
        return Decision(Action.WAIT, "it was lost, the window is open, and the group starts another")
    return Decision(Action.CLOSE, "it went without a report of its agent")


def without_report(backup: BackupRecord, now: datetime, *, instance_id: str | None) -> BackupRecord:
    """A backup of which nothing more can be heard."""
    served = instance_id or backup.instance_id
    message = (
        f"The instance {served} went without reporting how the backup stands." if served
        else "No instance ever reported how the backup stands: perhaps none could be launched."
    )  # fmt: skip
    next_step = (
        "Look at the group's activity history and at the instance's log in the log bucket; the next backup continues"
        " from what was copied."
    )
    return backup.ended(BackupStatus.UNKNOWN, now=now, message=message, next_step=next_step)


def without_word(backup: BackupRecord, now: datetime) -> BackupRecord:
    """A backup of a machine of one's own that has died without a word."""
    return backup.ended(
        BackupStatus.UNKNOWN, now=now, message="The program was killed, or its machine went down.",
        next_step="Nothing: the next backup continues from what was copied.",
    )  # fmt: skip


def not_started(backup: BackupRecord, now: datetime, cause: str) -> BackupRecord:
    """A backup whose start went wrong and was undone."""
    return backup.ended(
        BackupStatus.FAILED, now=now, reason=FailureReason.INTERNAL_ERROR,
        message=f"The backup could not be started: {cause}.",
        next_step="Mend what the message names; the next schedule starts a backup again.",
    )  # fmt: skip


def skipped(backup: BackupRecord, now: datetime, decision: Decision) -> BackupRecord:
    """A backup that was not started because another is running."""
    return backup.ended(
        BackupStatus.SKIPPED, now=now, message=f"Not started: {decision.reason}.",
        next_step="If this happens often, give the backup a longer window or a rarer schedule.",
    )  # fmt: skip


def has_to_be_reported(backup: BackupRecord, *, success_too: bool) -> bool:
    """Whether the operator still has to be told how it ended: of a success if wanted, or if it has a warning."""
    if not backup.has_ended or backup.report_time:
        return False
    return success_too or backup.status is not BackupStatus.SUCCESS or backup.warning is not None


def newest_success(backups: Iterable[BackupRecord]) -> BackupRecord | None:
    """The newest backup that published a snapshot."""
    successes = (backup for backup in backups if backup.status is BackupStatus.SUCCESS)
    return max(successes, key=lambda backup: backup.start_time, default=None)


def _last_success(backups: Iterable[BackupRecord]) -> datetime | None:
    newest = newest_success(backups)
    return (newest.stop_time or newest.start_time) if newest else None


@dataclass(frozen=True)
class Review:
    """What was found by looking at all records: who is overdue, silent or was never reported, and whether nobody works.

    `hours_since_success` counts from the first record where no success is on record; None where there is no record.
    """

    overdue: tuple[BackupRecord, ...]
    silent: tuple[BackupRecord, ...]
    unreported: tuple[BackupRecord, ...]
    is_idle: bool
    hours_since_success: float | None

    def __str__(self) -> str:
        overdue, silent, unreported = (len(each) for each in (self.overdue, self.silent, self.unreported))
        return f"{overdue} overdue, {silent} silent, {unreported} to be reported, idle: {self.is_idle}"


def review(backups: Iterable[BackupRecord], now: datetime, *, hold_minutes: int, success_too: bool) -> Review:
    """Look for what was forgotten."""
    known = sorted(backups, key=lambda backup: backup.start_time)
    overdue = tuple(backup for backup in known if is_overdue(backup, now, hold_minutes))
    since = _last_success(known) or next((backup.start_time for backup in known), None)
    return Review(
        overdue=overdue,
        silent=tuple(backup for backup in known if is_silent(backup, now)),
        unreported=tuple(backup for backup in known if has_to_be_reported(backup, success_too=success_too)),
        is_idle=all(backup.has_ended for backup in known if backup not in overdue),
        hours_since_success=(now - since) / timedelta(hours=1) if since else None,
    )
