"""The coming events: what happens next and when, what to do, and what to change if it comes again."""

from datetime import datetime

from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.reports.around import Around
from efs_backup.domain.operations.reports.headlines import has_warning, is_mass_change
from efs_backup.domain.operations.reports.message import listed
from efs_backup.domain.operations.stop_cause import NOT_BY_US, SILENT, window_closed
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.warnings import WarningKind

_NOTHING = "Nothing."
_DECIDE = (
    "Find out what changed so much: somebody who knows the data, or `efs-backup diff` between the snapshots before and"
    " after. If it was meant, release the hold (`efs-backup stack release{} --reason WHY`): the next backup carries it"
    " out. If it was not, keep the hold, stop whoever writes, and restore from a snapshot that is older than it"
    " (docs/how-to/mass-change.md)."
)
_LONGER = "Give a longer BackupWindow: it is {} minutes, and the copy ends 15 minutes before it does."
_FASTER = "Give a larger InstanceType (it is {}), or more MaxOperationsPerSecond if there is a limit."
_LESS = "Leave out what nobody needs (an exclude of the series), or back directories up by stacks of their own."
_FIRST = "A first backup of a large tree takes several nights: then there is nothing to change."
_WHO_ENDED_IT = (
    "Look who ended the instance, a person, a program or Amazon EC2: in the activity history of the group, and for"
    " TerminateInstances, StopInstances and SetDesiredCapacity in AWS CloudTrail."
)
_NO_INSTANCE = "Choose another InstanceType or more Subnets; of a quota or a key, the group's activity history tells."
_RARER = "Give the backup a longer BackupWindow, or a rarer BackupSchedule: the one before was not done in time."
_LOOK_AT_LOGS = "Read the end of its log: an agent that dies has mostly used up memory or disk (a larger InstanceType)."


def next_start_text(backup: BackupRecord, around: Around) -> str:
    """When the next one starts."""
    start = around.next_drill if backup.is_drill else around.next_backup
    what = "drill" if backup.is_drill else "backup"
    return _when(start, around, what)


def _when(start: datetime | None, around: Around, what: str) -> str:
    if start is None:
        return f"The next {what} starts by its schedule."
    return f"The next {what} starts on {around.clock.at(start)}, in {around.clock.until(start)}."


def to_do(backup: BackupRecord) -> str:
    """Say what a person has to do, if anything."""
    if backup.status is BackupStatus.SUCCESS:
        return _of_success(backup)
    if backup.status in (BackupStatus.INCOMPLETE, BackupStatus.SKIPPED):
        return _NOTHING
    return backup.next_step or "Read the log."


def _of_success(backup: BackupRecord) -> str:
    if is_mass_change(backup) or has_warning(backup, WarningKind.HELD):
        return _DECIDE.format(f" --label {backup.label} --interval {backup.interval}" if backup.label else "")
    if backup.next_step:
        return backup.next_step
    return "Look at what the warning names, under `What happened`." if backup.warning else _NOTHING


def if_again(backup: BackupRecord) -> str:
    """Say what to change where this is not the first time; "" where one time is enough to act."""
    match backup.status:
        case BackupStatus.INCOMPLETE:
            return listed(_of_cut_off(backup))
        case BackupStatus.SKIPPED:
            return listed([_RARER])
        case BackupStatus.UNKNOWN:
            return listed([_LOOK_AT_LOGS, _WHO_ENDED_IT] if backup.instance_id else [_NO_INSTANCE])
        case BackupStatus.FAILED if backup.failure_reason is FailureReason.INTERNAL_ERROR:
            return listed([_LOOK_AT_LOGS])
        case _:
            return ""


def _of_cut_off(backup: BackupRecord) -> list[str]:
    if backup.stop_cause == NOT_BY_US:
        return [_WHO_ENDED_IT]
    if backup.stop_cause == SILENT:
        return [_LOOK_AT_LOGS]
    if backup.stop_cause in (window_closed(backup), None):
        known = backup.instance_type or "what the parameter says"
        return [_LONGER.format(backup.window_minutes), _FASTER.format(known), _LESS, _FIRST]
    return []
