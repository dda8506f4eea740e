"""The half-hourly look for what was forgotten: who is overdue, silent, unreported or held for nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from efs_backup.domain.drill.result import DrillStatus
from efs_backup.domain.operations.instances import Instance, may_try_again
from efs_backup.domain.operations.record import BackupRecord, newest_success
from efs_backup.domain.operations.telling import due_channels
from efs_backup.domain.operations.workflow import SILENCE, Action, Decision, is_overdue

_LET_GO_ITSELF = timedelta(minutes=10)
"""An agent that has reported stores its logs, and lets its instance go."""


def is_silent(backup: BackupRecord, now: datetime, instances: Iterable[Instance] = ()) -> bool:
    """Whether the agent of a backup is dead, or never came to life.

    It counts from the last sign of life: a heartbeat, the launch of an instance, which may have been long in coming, or
    the start of the backup. An instance whose launch nobody knows has just been launched.
    """
    launches = [instance.launched or now for instance in instances]
    last_sign = max(backup.start_time, backup.heartbeat_time or backup.start_time, *launches)
    return not backup.has_ended and now - last_sign > SILENCE


def decide_silent(backup: BackupRecord, instances: Sequence[Instance], desired_capacity: int) -> Decision:
    """Decide what to do about a backup of which nothing was heard for half an hour."""
    if instances:
        return Decision(Action.STOP, f"nothing is heard of the agent of {backup.backup_id}: its instance is taken away")
    if desired_capacity > 0:
        return Decision(Action.WAIT, f"no instance could be launched yet for {backup.backup_id}; the group tries on")
    return Decision(Action.CLOSE, f"no instance of {backup.backup_id} is there or wanted: nothing more can come")


def decide_held(instance_id: str, served: BackupRecord | None, now: datetime) -> Decision:
    """Decide about an instance that is held still: the event that asks its agent to finish may have been lost."""
    if served is None:
        return Decision(Action.LET_GO, f"no backup is known that {instance_id} could report about")
    if not served.has_ended:
        return Decision(Action.WAIT, f"its agent has to finish the backup {served.backup_id}")
    if served.stop_time and now - served.stop_time < _LET_GO_ITSELF:
        return Decision(Action.WAIT, f"the backup {served.backup_id} has just ended; its agent lets the instance go")
    return Decision(Action.LET_GO, f"its backup {served.backup_id} has ended, and nobody has let it go")


def _last_success(backups: Iterable[BackupRecord]) -> datetime | None:
    newest = newest_success(backups)
    return (newest.stop_time or newest.start_time) if newest else None


def _last_drill(backups: Iterable[BackupRecord]) -> datetime | None:
    """When a drill last said whether restores work, whatever it said."""
    told = (backup for backup in backups if backup.drill_result in _SAYING)
    return max((backup.stop_time or backup.start_time for backup in told), default=None)


_SAYING = frozenset({DrillStatus.PASSED, DrillStatus.DIFFERENT})


@dataclass(frozen=True)
class Review:
    """The findings in all records: who is overdue, silent or was never reported, and whether nobody works.

    `hours_since_success` counts from the first record where no success is on record; None where there is no record.
    `hours_since_drill` does the same.
    """

    overdue: tuple[BackupRecord, ...]
    silent: tuple[BackupRecord, ...]
    unreported: tuple[BackupRecord, ...]
    is_idle: bool
    hours_since_success: float | None
    hours_since_drill: float | None = None

    def __str__(self) -> str:
        overdue, silent, unreported = (len(each) for each in (self.overdue, self.silent, self.unreported))
        found = f"{overdue} overdue, {silent} silent, {unreported} to be reported"
        return f"{found}; {'no backup is running' if self.is_idle else 'a backup is running'}"


def review(
    backups: Iterable[BackupRecord], now: datetime, *,
    hold_minutes: int, success_too: bool, chats: bool = False, instances: Iterable[Instance] = (),
) -> Review:  # fmt: skip
    """Look for what was forgotten; `instances` are those of the group.

    While an instance is on its way out whose backup may be tried again, that is not reported.
    """
    known, there = sorted(backups, key=lambda backup: backup.start_time), tuple(instances)
    overdue = tuple(backup for backup in known if is_overdue(backup, now, hold_minutes))
    first = next((backup.start_time for backup in known), None)
    return Review(
        overdue=overdue,
        silent=tuple(backup for backup in known if backup not in overdue and is_silent(backup, now, there)),
        unreported=tuple(
            backup for backup in known
            if due_channels(backup, now, success_too=success_too, chats=chats)
            and not (there and may_try_again(backup, now))
        ),
        is_idle=all(backup.has_ended for backup in known if backup not in overdue),
        hours_since_success=_hours(_last_success(known) or first, now),
        hours_since_drill=_hours(_last_drill(known) or first, now),
    )  # fmt: skip


def _hours(since: datetime | None, now: datetime) -> float | None:
    return (now - since) / timedelta(hours=1) if since else None
