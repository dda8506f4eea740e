"""The decisions of the orchestrator about a trigger: each is a value with its reason."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from efs_backup.domain.drill.result import DrillStatus
from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.instances import may_close, may_try_again
from efs_backup.domain.operations.lifecycle import LifecycleAction
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.record_endings import goes_on
from efs_backup.domain.operations.restore_record import writes
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.sharing.workers import PACE, STALE_AFTER

SILENCE = timedelta(minutes=30)
"""An agent says every minute how far it is; an instance boots, and installs what it needs, in a few minutes."""

LEADER_SILENCE = PACE * STALE_AFTER
"""A leader of several instances that has said nothing for so long is lost, or frozen: one of the others takes over."""

REPORTING = timedelta(minutes=10)
"""Who is about to report a backup has done so by then, or has died: the function lives for five minutes."""


class Action(StrEnum):
    """The ways to act on a trigger."""

    START = "start"
    SKIP = "skip"
    QUEUE = "queue"
    STOP = "stop"
    ASK_AGENT = "ask the agent"
    TELL = "tell the operator"
    NOTE = "note"
    TRY_AGAIN = "try again with a second instance"
    LET_GO = "let the instance go"
    SERVE = "serve"
    HELP = "help"
    TAKE_OVER = "take over"
    GO_HOME = "go home"
    WAIT = "wait for the next instance"
    CLOSE = "close"
    RECONCILE = "reconcile"
    IGNORE = "ignore"


@dataclass(frozen=True)
class Decision:
    """A decision: the action, and the reason for it."""

    action: Action
    reason: str


def overdue_at(backup: BackupRecord, hold_minutes: int) -> datetime:
    """When nothing more can come from a backup: its window is closed and the longest hold after it has ended."""
    return backup.window_end + timedelta(minutes=hold_minutes)


def is_overdue(backup: BackupRecord, now: datetime, hold_minutes: int) -> bool:
    """Whether a backup still counts as running though nothing more can come from it."""
    return not backup.has_ended and now >= overdue_at(backup, hold_minutes)


def decide_start(latest: BackupRecord | None, now: datetime, hold_minutes: int) -> Decision:
    """Whether a backup may start after the one that was started last."""
    if latest is None:
        return Decision(Action.START, "no backup was started before")
    if latest.has_ended:
        return Decision(Action.START, f"the backup before, {latest.backup_id}, has ended")
    if is_overdue(latest, now, hold_minutes):
        return Decision(Action.START, f"the backup {latest.backup_id} never reported, and its window is over")
    if latest.is_drill:
        return Decision(Action.START, f"the drill {latest.backup_id} gives way")
    started = f"{latest.start_time:%Y-%m-%d %H:%M} UTC"
    return Decision(Action.SKIP, f"the {_kind(latest)} {latest.backup_id}, started on {started}, is still running")


def decide_restore_start(
    latest: BackupRecord | None, now: datetime, hold_minutes: int, *, is_possible: bool = True
) -> Decision:
    """Whether a restore may start after what was started last: as a backup may, if the stack lets it write at all."""
    if not is_possible:
        return Decision(Action.SKIP, "this stack does not restore into its source (its parameter RestoreInPlace is No)")
    decided = decide_start(latest, now, hold_minutes)
    if decided.action is not Action.SKIP or latest is None:
        return decided
    return Decision(
        Action.SKIP, f"{decided.reason}; try again when it has ended, at {latest.window_end:%Y-%m-%d %H:%M} UTC at the"
        " latest",
    )  # fmt: skip


def _kind(backup: BackupRecord) -> str:
    return str(backup.mode or "backup")


def needs_writing(latest: BackupRecord | None, now: datetime, hold_minutes: int) -> bool:
    """Whether what was started last is a restore that is under way and changes the source."""
    if latest is None or latest.has_ended or is_overdue(latest, now, hold_minutes):
        return False
    return writes(latest)


def decide_drill(latest: BackupRecord | None, now: datetime, hold_minutes: int) -> Decision:
    """Whether a drill may start after what was started last: it never takes anything from a backup that runs."""
    if latest is None or latest.has_ended or is_overdue(latest, now, hold_minutes):
        return Decision(Action.START, "no backup is running")
    return Decision(Action.SKIP, f"the {_kind(latest)} {latest.backup_id} is running")


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
    """Decide about an instance that is to be terminated. `group_of_instance`: where Auto Scaling says it is."""
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
    """Decide about a held instance whose agent could not be asked, or did not finish."""
    if action.group != our_group:
        return Decision(Action.IGNORE, f"the group {action.group} is not ours")
    return Decision(Action.LET_GO, f"the command to finish ended as {status}")


def decide_service(
    latest: BackupRecord | None, instance_id: str, now: datetime, silence: timedelta = LEADER_SILENCE
) -> Decision:
    """Whether an instance has a backup to make, to help with, or to take over from a leader of whom nothing is heard.

    silence: after how long a leader counts as lost.
    """
    if latest is None:
        return Decision(Action.GO_HOME, "no backup is on record")
    if latest.has_ended:
        return Decision(Action.GO_HOME, f"the backup {latest.backup_id} has ended as {latest.status}")
    if now >= latest.window_stop:
        return Decision(Action.GO_HOME, f"the window of the backup {latest.backup_id} is over")
    if latest.instance_id not in (None, instance_id):
        return _decide_beside(latest, now, silence)
    return Decision(Action.SERVE, f"it makes the backup {latest.backup_id}")


def _decide_beside(latest: BackupRecord, now: datetime, silence: timedelta) -> Decision:
    """The same where another instance has begun."""
    if latest.is_restore and not latest.is_shared:
        return Decision(Action.GO_HOME, f"{latest.instance_id} has begun {latest.backup_id}: no other goes on")
    if latest.is_shared:
        return _help_or_take_over(latest, now, silence)
    return Decision(Action.SERVE, f"it takes over {latest.backup_id} from {latest.instance_id}, which was lost")


def _help_or_take_over(latest: BackupRecord, now: datetime, silence: timedelta) -> Decision:
    leads = f"{latest.instance_id}, which leads the {_kind(latest)} {latest.backup_id}"
    heard = latest.heartbeat_time or latest.start_time
    if now - heard < silence:
        return Decision(Action.HELP, f"it helps {leads}")
    if latest.is_restore:  # who knows what has been written since into what it has brought back
        return Decision(Action.GO_HOME, f"nothing has been heard since {heard:%H:%M:%S} UTC of {leads}: none goes on")
    return Decision(Action.TAKE_OVER, f"nothing has been heard since {heard:%H:%M:%S} UTC of {leads}: it takes over")


@dataclass(frozen=True)
class Situation:
    """The situation when an instance is gone: the group's wanted capacity, the time, the backup started last."""

    our_group: str
    desired_capacity: int
    now: datetime
    latest_id: str | None


def decide_gone(group: str, instance_id: str, backup: BackupRecord | None, situation: Situation) -> Decision:
    """Decide what a terminated instance means for the backup that it served."""
    if group != situation.our_group:
        return Decision(Action.IGNORE, f"the group {group} is not ours")
    if backup is None:
        return Decision(Action.IGNORE, "there is no backup that it could have served")
    if backup.has_ended:
        return _report(backup, situation)
    if not may_close(backup, instance_id):
        serving = backup.instance_id or "another"
        return Decision(Action.IGNORE, f"the backup is served by {serving}, not by {instance_id}")
    if situation.desired_capacity > 0 and situation.now < backup.window_stop and not _is_its_own(backup):
        return Decision(Action.WAIT, f"it was lost, the window is open, and {_who_goes_on(backup)}")
    return _try_again_or_close(backup, "it went without a report of its agent", situation)


def _who_goes_on(backup: BackupRecord) -> str:
    return "others are there or come, of whom one goes on" if backup.is_shared else "the group starts another"


def _is_its_own(backup: BackupRecord) -> bool:
    """Whether no other instance may go on: who knows what has been written since into what a restore had changed."""
    return backup.is_restore and backup.instance_id is not None


def _try_again_or_close(backup: BackupRecord, reason: str, situation: Situation) -> Decision:
    if backup.backup_id == situation.latest_id and may_try_again(backup, situation.now):
        return Decision(Action.TRY_AGAIN, f"{reason}; nothing had begun, and enough of the window is left")
    return Decision(Action.CLOSE, reason)


def _report(backup: BackupRecord, situation: Situation) -> Decision:
    ended = f"the backup has ended as {backup.status}"
    if backup.report_time:
        return Decision(Action.IGNORE, f"{ended}, reported at {backup.report_time.isoformat()}")
    return _try_again_or_close(backup, f"{ended}, not reported yet", situation)


def decide_launch_failure(
    group: str, our_group: str, latest: BackupRecord | None, cause: str, *, others: bool = False
) -> Decision:
    """Decide what to do where the group could not launch an instance: it tries again, and the operator is told once.

    others: some instances of a backup that wants several are there; it goes on with them, and nobody needs to know
    before its end.
    """
    if group != our_group:
        return Decision(Action.IGNORE, f"the group {group} is not ours")
    if latest is None or latest.has_ended:
        return Decision(Action.IGNORE, "no backup waits for an instance")
    if others and latest.launch_failure != cause:
        return Decision(Action.NOTE, f"the backup {latest.backup_id} goes on with the instances that it has: {cause}")
    if latest.launch_failure is None:
        return Decision(Action.TELL, f"the backup {latest.backup_id} waits for an instance: {cause}")
    if latest.launch_failure == cause:
        return Decision(Action.IGNORE, "it has been told")
    return Decision(Action.NOTE, f"it has been told; by now the cause is: {cause}")


def without_report(backup: BackupRecord, now: datetime, *, instance_id: str | None) -> BackupRecord:
    """A backup of which nothing more can be heard."""
    served = instance_id or backup.instance_id
    message = (
        f"The instance {served} went without reporting how the backup stands." if served
        else f"No instance ever reported how the backup stands: {_why_none(backup)}."
    )  # fmt: skip
    next_step = f"Look at the group's activity history and at the instance's log in the log bucket; {goes_on(backup)}."
    return backup.ended(BackupStatus.UNKNOWN, now=now, message=message, next_step=next_step)


def _why_none(backup: BackupRecord) -> str:
    if backup.launch_failure:
        return f"when the group tried last it could launch none ({backup.launch_failure.rstrip('.')})"
    return "perhaps none could be launched"


def gave_way(drill: BackupRecord, now: datetime, to: str = "backup") -> BackupRecord:
    """A drill in whose midst a backup, or a restore, was started."""
    return replace(
        drill.ended(
            BackupStatus.INCOMPLETE, now=now, message=f"A {to} was started, and the drill gave way to it.",
            next_step="Choose a DrillSchedule at a time when no backup runs.",
        ),
        drill_result=DrillStatus.INCOMPLETE,
    )  # fmt: skip


def not_started(backup: BackupRecord, now: datetime, cause: str) -> BackupRecord:
    """A backup whose start went wrong and was undone."""
    return backup.ended(
        BackupStatus.FAILED, now=now, reason=FailureReason.INTERNAL_ERROR,
        message=f"The backup could not be started: {cause}.",
        next_step="Mend what the message names; the next schedule starts a backup again.",
    )  # fmt: skip


def skipped(backup: BackupRecord, now: datetime, decision: Decision) -> BackupRecord:
    """A backup or drill that was not started because another is running."""
    mend = (
        "choose a DrillSchedule when none runs"
        if backup.is_drill
        else "give the backup a longer window or a rarer schedule"
    )
    next_step = _AFTER_REFUSED_RESTORE if backup.is_restore else f"If this happens often, {mend}."
    return backup.ended(BackupStatus.SKIPPED, now=now, message=f"Not started: {decision.reason}.", next_step=next_step)


_AFTER_REFUSED_RESTORE = (
    "Nothing was touched. Ask again; or restore by the restore stack, which has an instance of its own and needs no"
    " leave of this one."
)


def has_to_be_reported(backup: BackupRecord, *, success_too: bool) -> bool:
    """Whether the operator still has to be told how it ended: of a success if wanted, or if it has a warning.

    Of a drill and a restore in any case: they are made to be told.
    """
    if not backup.has_ended or backup.report_time:
        return False
    return (
        not backup.is_backup or success_too or backup.status is not BackupStatus.SUCCESS or backup.warning is not None
    )


def is_being_reported(backup: BackupRecord, now: datetime) -> bool:
    """Whether somebody has begun to tell the operator, and may still be at it."""
    return backup.report_claim is not None and now - backup.report_claim < REPORTING
