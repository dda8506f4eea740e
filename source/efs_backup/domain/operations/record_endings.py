"""How the result of the engine gets into the record, and where logs go."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.lifecycle import NO_AGENT, CommandOutput
from efs_backup.domain.operations.pinned import written
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupResult, BackupStatus, Step
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.warnings import kinds_of

_LOG_STAMP = "%Y%m%d-%H%M"


def with_result(backup: BackupRecord, result: BackupResult, now: datetime) -> BackupRecord:
    """The record of a backup that ended now with this result."""
    statistics, figures = result.statistics, result.verdict.figures if result.verdict else None
    told = " ".join((result.message, *map(str, result.warnings), *result.notes))
    ended = backup.ended(result.status, now=now, message=told, next_step=result.next_step, reason=result.failure_reason)
    copy, prune = _span(result.steps, "copy", now), _span(result.steps, "prune", now)
    return replace(
        ended,
        snapshot=str(result.snapshot) if result.snapshot else None,
        number_of_files=statistics.number_of_files,
        number_of_files_transferred=statistics.number_of_files_transferred,
        number_of_files_linked=statistics.number_of_files_linked,
        total_file_size=statistics.total_file_size,
        total_transferred_file_size=statistics.total_transferred_file_size,
        vanished_files=statistics.vanished_files,
        kept_snapshots=len(result.kept) or None,
        changed_files=figures.changed if figures else None,
        removed_files=figures.removed if figures else None,
        renamed_files=figures.renamed if figures else None,
        attribute_changes=figures.attributes if figures else None,
        changed_share=round(figures.share, 4) if figures else None,
        hold=result.hold,
        pinned=written(result.pins),
        warning=kinds_of(result.warnings),
        seal=result.seal,
        seal_status=result.seal_status,
        seal_address=result.seal_address,
        forecast_seconds=round(result.forecast.seconds + result.forecast.high, 1) if result.forecast else None,
        forecast_days_left=result.forecast.days_left if result.forecast else None,
        series_report=result.report,
        stop_cause=result.stopped or backup.stop_cause,
        scrub_coverage=result.scrub_coverage,
        create_hardlinks_start_time=copy[0],
        create_hardlinks_stop_time=copy[1],
        remove_snapshot_start_time=prune[0],
        remove_snapshot_stop_time=prune[1],
        phase=None,
    )


def told_by_file_systems(ended: BackupRecord, mounts: Mapping[str, str]) -> BackupRecord:
    """The same without a path that only the instance knew: `fs-1:/home` for `/run/efs-backup/source/home`.

    mounts: where each file system was mounted, with its id.
    """
    message, next_step = ended.message, ended.next_step
    for path, file_system in mounts.items():
        message, next_step = (
            text and text.replace(path, f"{file_system}:") for text in (message, next_step)
        )  # fmt: skip
    return replace(ended, message=message, next_step=next_step)


def _span(steps: Sequence[Step], name: str, end: datetime) -> tuple[datetime | None, datetime | None]:
    """From when to when a step took, counted back from the end of the last one."""
    for step in reversed(steps):
        start = end - timedelta(seconds=step.seconds)
        if step.name == name:
            return start, end
        end = start
    return None, None


def is_served_by(backup: BackupRecord, instance_id: str, booted: datetime) -> bool:
    """Whether a running backup is this instance's to close.

    Where no instance is on record yet it may be: but one that booted before the backup was started is held because
    of an earlier one, and the next instance will serve this. So will the second one, where this was the first; and of
    several that are to serve it together any other.
    """
    if backup.instance_id or backup.first_instance == instance_id:
        return backup.instance_id == instance_id
    return not backup.is_shared and booted >= backup.start_time


def goes_on(backup: BackupRecord) -> str:
    """Say what comes after an end that nobody has reported."""
    if backup.is_restore:
        return (
            "nobody goes on with it, so look at the file system, and ask for the same restore again, or take it back:"
            " efs-backup stack undo --quarantine DIRECTORY, with the directory into which it went"
        )
    return "the next backup continues from what was copied"


def ended_without_result(backup: BackupRecord, now: datetime, last_words: str) -> BackupRecord:
    """The record of a backup whose agent died, or never began; `last_words` are the last lines of the log."""
    return backup.ended(
        BackupStatus.FAILED, now=now, reason=FailureReason.INTERNAL_ERROR,
        message=f"The agent ended without a result. The last lines of its log: {last_words or 'none'}",
        next_step=f"Read the log in the log bucket; {goes_on(backup)}.",
    )  # fmt: skip


def after_failed_finish(
    backup: BackupRecord, now: datetime, instance_id: str, status: str, output: CommandOutput
) -> BackupRecord:
    """The record of a backup whose agent could not be asked to finish, or did not; `status` is that of the command."""
    if output.code == NO_AGENT:
        return without_agent(backup, now, output.text)
    details = (output.details or status).replace(" ", "")
    if details == _FAILED:
        return ended_without_result(backup, now, output.text)
    what = _UNFINISHED.get(details, "ended before its agent had finished")
    return backup.ended(
        BackupStatus.UNKNOWN, now=now,
        message=f"The command that asks the agent of {instance_id} to finish {what} (Systems Manager: {details})."
        " How far the backup came is not known.",
        next_step=f"Look at the instance's log in the log bucket, if it left one; {goes_on(backup)}.",
    )  # fmt: skip


_FAILED = "Failed"
_NOT_TAKEN = "was not taken by the instance in time: it hangs, or its SSM agent does"
_UNFINISHED = {
    "TimedOut": _NOT_TAKEN,
    "DeliveryTimedOut": _NOT_TAKEN,
    "ExecutionTimedOut": "was taken, but its agent did not end in time",
    "Undeliverable": "could not be delivered: the instance does not answer",
    "Cancelled": "was cancelled",
    "Terminated": "was cancelled",
}
"""Systems Manager User Guide, "Understanding command statuses"."""


def without_agent(backup: BackupRecord, now: datetime, last_words: str) -> BackupRecord:
    """The record of a backup whose instance never came to an agent; `last_words` are the last lines of its boot."""
    return backup.ended(
        BackupStatus.FAILED, now=now, reason=FailureReason.TOOL_MISSING,
        message=f"The instance could not be set up: no agent is on it. The last lines of its boot: {last_words}",
        next_step="Mend what they name: most often the way to the package mirrors or to the bundle in Amazon S3. An AMI"
        " that has the tools needs neither mirrors nor much time.",
    )  # fmt: skip


def boot_log_key(label: FolderLabel, task: str, now: datetime) -> str:
    """Where the log of the instance's boot goes."""
    return f"ec2-logs/{label}-{task}-{now:{_LOG_STAMP}}.log"


def agent_log_key(label: FolderLabel, task: str, now: datetime) -> str:
    """Where the log of the agent goes; `task` is `backup`, `drill` or `restore`."""
    return f"efs-{task}-logs/{label}-{task}-fpsync-{now:{_LOG_STAMP}}.log"


def helper_log_key(label: FolderLabel, instance_id: str, now: datetime) -> str:
    """Where the log of an instance goes that helped with a backup: there may be several in one minute."""
    return f"efs-backup-logs/{label}-help-{instance_id}-{now:{_LOG_STAMP}}.log"


def report_key(label: FolderLabel, interval: Interval, now: datetime) -> str:
    """Where the series report of a night goes: beside the logs, and for as long."""
    return f"efs-backup-logs/{label}-report-{interval}-{now:{_LOG_STAMP}}.html"


def without_word(backup: BackupRecord, now: datetime) -> BackupRecord:
    """A backup of a machine of one's own that has died without a word."""
    return backup.ended(
        BackupStatus.UNKNOWN, now=now, message="The program was killed, or its machine went down.",
        next_step="Nothing: the next backup continues from what was copied.",
    )  # fmt: skip
