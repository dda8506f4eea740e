"""The snapshots that are kept, whatever happened, and how old they are."""

from efs_backup.domain.humanize import counted
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.reports.around import Around
from efs_backup.domain.operations.reports.times import Clock
from efs_backup.domain.results import BackupStatus


def kept(backup: BackupRecord, around: Around) -> str:
    """Say what there is to restore from."""
    if backup.status is BackupStatus.SUCCESS:
        return " ".join(filter(None, (_published(backup), _held(backup))))
    newest = around.newest
    if newest is None:
        told = "All older snapshots are untouched; no successful backup is on record."
    else:
        age = around.clock.age(newest.start_time)
        told = f"All older snapshots are untouched; the newest on record is {_name(newest, around.clock)}, {age} old."
    return " ".join(filter(None, (told, _missed(around.missed), _partial(backup))))


def _published(backup: BackupRecord) -> str:
    name, rules = backup.snapshot or "of this night", backup.retention_rules or backup.retention
    if not backup.kept_snapshots:
        return f"The snapshot {name}, and those before it that the retention ({rules}) keeps."
    snapshots = counted(backup.kept_snapshots, "snapshot")
    return f"The snapshot {name}; with it there are {snapshots} by the retention ({rules})."


def _held(backup: BackupRecord) -> str:
    return f"All that are older than {backup.hold} are held: none of them is dropped." if backup.hold else ""


def _missed(missed: int) -> str:
    return f"This is the {_ordinal(missed)} backup in a row without a new snapshot." if missed > 1 else ""


def _partial(backup: BackupRecord) -> str:
    if backup.status is not BackupStatus.INCOMPLETE:
        return ""
    return "What was copied is kept too: the next backup continues from it."


def _name(backup: BackupRecord, clock: Clock) -> str:
    return backup.snapshot or f"that of {clock.at(backup.start_time)}"


def _ordinal(number: int) -> str:
    ending = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
