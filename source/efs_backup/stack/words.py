"""Sentences about a backup of a stack, for people."""

from datetime import datetime, timedelta

from efs_backup.domain.humanize import aged, counted, sized
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.status import Plan, window_share
from efs_backup.domain.results import BackupStatus
from efs_backup.stack.zones import local_time

_PERCENT = 100


def kind_of(record: BackupRecord) -> str:
    """`backup`, or the mode of what is none, such as `drill`."""
    return str(record.mode or "backup")


def ended_line(record: BackupRecord, now: datetime) -> str:
    """How a backup ended, when, and what it came to."""
    when = record.stop_time or record.start_time
    facts = [f"{record.status}  {local_time(when)} ({aged(now - when)} ago)"]
    if record.number_of_files is not None:
        facts.append(counted(record.number_of_files, "file"))
    if record.total_transferred_file_size is not None:
        facts.append(f"{sized(record.total_transferred_file_size)} new")
    if (share := window_share(record)) is not None:
        facts.append(f"{minutes(record.seconds or 0)} of {record.window_minutes} min ({share * _PERCENT:.0f} %)")
    return ", ".join(facts)


def why_line(record: BackupRecord) -> str:
    """The message of a backup that did not succeed; "" of a success."""
    return "" if record.status is BackupStatus.SUCCESS else record.message or ""


def progress_line(record: BackupRecord, now: datetime) -> str:
    """How far a backup is: its phase, figures, the last sign of its agent, and when its window closes."""
    of = f" of {record.label}" if record.label else ""
    facts = [
        f"{kind_of(record)}{of} {record.backup_id}, {aged(now - record.start_time)}: {record.phase or _waits(record)}"
    ]
    if record.number_of_files is not None:
        facts.append(counted(record.number_of_files, "file"))
    if record.total_file_size is not None:
        facts.append(sized(record.total_file_size))
    if record.heartbeat_time:
        facts.append(f"heard {aged(now - record.heartbeat_time)} ago")
    if record.instance_id:
        facts.append(record.instance_id)
    facts.append(f"stops at {local_time(record.window_stop)} at the latest")
    return ", ".join(facts)


def workers_lines(record: BackupRecord, now: datetime) -> list[str]:
    """The lines of each instance of a backup that several make, and of those that are missing."""
    signs, wanted = record.workers or {}, record.wanted_workers or 0
    lines = [
        f"{name}: {sign.work}, {counted(sign.files, 'file')}, heard {aged(now - sign.alive)} ago"
        for name, sign in sorted(signs.items())
    ]
    return [*lines, f"{wanted - len(signs)} of {wanted} have not come yet"] if len(signs) < wanted else lines


def _waits(record: BackupRecord) -> str:
    if record.instance_id:
        return "begins"
    return f"no instance could be launched ({record.launch_failure})" if record.launch_failure else "its instance boots"


def schedule_line(plan: Plan) -> str:
    """When backups start, for how long they may run, and what is kept."""
    window = f", window {plan.window_minutes} min" if plan.window_minutes else ""
    return f"{plan.schedule} {plan.zone_name}{window}, keeps {plan.keeps}"


def next_line(moment: datetime | None, now: datetime, seconds: float | None) -> str:
    """When the next backup starts, and how long it may take."""
    if moment is None:
        return "not known"
    takes = f", may take {minutes(seconds)}" if seconds else ""
    return f"{local_time(moment)} (in {aged(moment - now)}){takes}"


def minutes(seconds: float) -> str:
    """A duration: whole minutes, or seconds below one."""
    length = timedelta(seconds=seconds)
    return f"{seconds:.0f} s" if length < timedelta(minutes=1) else f"{length // timedelta(minutes=1)} min"
