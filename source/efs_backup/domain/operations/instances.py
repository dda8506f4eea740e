"""Instances and the backups that they serve: whose instance it was, and whether another is started in its place."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain

from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.restore_record import may_be_shared
from efs_backup.domain.results import BackupStatus

SECOND_TRY = timedelta(minutes=15)
"""The least that must be left of the window: an instance boots in about five minutes, and then copies for good."""

LONGEST_BOOT = timedelta(minutes=30)
"""An instance boots, and installs what it needs, in a few minutes, and tries for some more where it cannot."""

_BEFORE_ANY_COPY = (FailureReason.TOOL_MISSING, FailureReason.INTERNAL_ERROR)


@dataclass(frozen=True)
class Instance:
    """An instance by Amazon EC2's account; `launched` is None where EC2 does not know it (any more)."""

    instance_id: str
    launched: datetime | None
    is_running: bool


def served_by(instance: Instance, backups: Iterable[BackupRecord]) -> BackupRecord | None:
    """The backup that an instance serves or served: its agent has written the instance's id into the record.

    One whose agent never came so far was launched for the backup that was open at that moment, never for a later one;
    of several the oldest that nobody has served.
    """
    known = sorted(backups, key=lambda backup: backup.start_time, reverse=True)
    claimed = (backup for backup in known if backup.instance_id == instance.instance_id)
    joined = (backup for backup in known if instance.instance_id in (backup.workers or ()))
    open_then = [backup for backup in known if _was_open(backup, instance.launched)]
    free = (each for each in reversed(open_then) if each.instance_id is None and not each.has_ended)
    unserved = (each for each in free if each.first_instance != instance.instance_id)
    return next(chain(claimed, joined, unserved, open_then), None)


def _was_open(backup: BackupRecord, time: datetime | None) -> bool:
    if time is None or time < backup.start_time:
        return False
    return backup.stop_time is None or time < backup.stop_time


def is_in_the_way(instance: Instance, backups: Iterable[BackupRecord], now: datetime) -> bool:
    """Whether an instance that is there when a backup starts would only keep another from being launched.

    One that has served a backup is about to go, or hangs; and so does one that was launched long ago, and whose agent
    should have gone home. One that boots finds the backup that starts now.
    """
    name = instance.instance_id
    has_served = any(name == backup.instance_id or name in (backup.workers or ()) for backup in backups)
    return has_served or (instance.launched is not None and now - instance.launched > LONGEST_BOOT)


def may_close(backup: BackupRecord, instance_id: str) -> bool:
    """Whether what became of this instance may end the backup: nobody else serves it, or is about to."""
    return not backup.has_ended and backup.instance_id in (None, instance_id) and backup.first_instance != instance_id


def may_try_again(backup: BackupRecord, now: datetime) -> bool:
    """Whether a second instance is started for a backup whose first one came to nothing.

    Only where no agent had begun, which would have given a sign of life at once: packages or the bundle could not be
    had, or an agent ended before it had claimed the backup. What an agent has found out itself, such as a mount that
    fails, would be the same a few minutes later. What somebody has stopped stays stopped.
    """
    went_unheard = backup.status is BackupStatus.RUNNING and backup.instance_id is None
    failed = backup.status is BackupStatus.FAILED and backup.failure_reason in _BEFORE_ANY_COPY
    is_first = backup.heartbeat_time is None and backup.first_instance is None and backup.stop_cause is None
    return (went_unheard or failed) and is_first and now + SECOND_TRY <= backup.window_stop


def for_several(backup: BackupRecord, workers: int) -> BackupRecord:
    """A backup, or a large restore, that so many instances make; all else is made by one."""
    if workers == 1 or not may_be_shared(backup):
        return backup
    return replace(backup, wanted_workers=workers, workers={})


def tried_again(backup: BackupRecord, instance_id: str) -> BackupRecord:
    """The same backup, open for a second instance: that the first is named in it keeps a third from being started.

    What made the first come to nothing stays in the message until the second has more to say.
    """
    cause = backup.message if backup.has_ended else f"The instance {instance_id} went before its backup began."
    return replace(
        backup, status=BackupStatus.RUNNING, first_instance=instance_id, instance_id=None, stop_time=None,
        workers=backup.workers and {},
        failure_reason=None, next_step=None, logs=None, report_claim=None,
        message=f"{cause} A second instance is started in its place.",
    )  # fmt: skip


def not_launched(backup: BackupRecord, now: datetime, cause: str) -> BackupRecord:
    """A backup that waits for its instance, with what the group said when it could not launch one."""
    further = "further " if backup.is_shared and backup.instance_id else ""
    message = (
        f"At {now:%H:%M} UTC no {further}instance could be launched:"
        f" {cause.rstrip('.')}. The group tries again by itself until the window closes."
    )
    return replace(backup, launch_failure=cause, message=message)
