"""How a backup ended in a line, and how soon somebody should look."""

from efs_backup.domain.humanize import counted
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.reports.around import Around
from efs_backup.domain.operations.reports.message import Facts, Severity, first_sentence
from efs_backup.domain.operations.reports.times import took
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.tripwire import percent
from efs_backup.domain.warnings import WarningKind

_HEADS = {
    BackupStatus.RUNNING: "is running",
    BackupStatus.SUCCESS: "succeeded",
    BackupStatus.INCOMPLETE: "INCOMPLETE",
    BackupStatus.FAILED: "FAILED",
    BackupStatus.UNKNOWN: "ended UNKNOWN",
    BackupStatus.SKIPPED: "SKIPPED",
}
_SEVERITIES = {
    BackupStatus.RUNNING: Severity.INFO,
    BackupStatus.SUCCESS: Severity.INFO,
    BackupStatus.INCOMPLETE: Severity.WARNING,
    BackupStatus.FAILED: Severity.ERROR,
    BackupStatus.UNKNOWN: Severity.ERROR,
    BackupStatus.SKIPPED: Severity.WARNING,
}


def head(backup: BackupRecord) -> str:
    """The head of a report: what happened, in few words, loud where it is not good."""
    if is_mass_change(backup):
        return "MASS CHANGE"
    reason = f" ({backup.failure_reason})" if backup.failure_reason else ""
    warned = backup.warning and backup.status in (BackupStatus.SUCCESS, BackupStatus.INCOMPLETE)
    warning = f" with a WARNING ({backup.warning})" if warned else ""
    return f"{_HEADS[backup.status]}{reason}{warning}"


def reason(backup: BackupRecord, around: Around) -> str:
    """Why it is so, or what there is to know of a success; "" where nothing is known."""
    if is_mass_change(backup):
        share = f"{percent(backup.changed_share)} of the files changed or went, " if backup.changed_share else ""
        return f"{share}nothing older is dropped"
    match backup.status:
        case BackupStatus.SUCCESS:
            return ", ".join(filter(None, (_copied(backup), took(backup.seconds))))
        case BackupStatus.INCOMPLETE:
            parts = (backup.stop_cause or first_sentence(backup.message or ""), left(backup, around))
            return ", ".join(filter(None, parts))
        case _:
            return first_sentence((backup.message or "").removeprefix("Not started: "))


def left(backup: BackupRecord, around: Around) -> str:
    """How much a backup that was cut off has left to do, by what the newest success had; "" where nobody can know."""
    done, expected = backup.number_of_files, around.newest.number_of_files if around.newest else None
    if done is None:
        return ""
    if expected is None or expected <= done:
        return f"{counted(done, 'file')} done" if done else ""
    return f"about {expected - done:,} of {counted(expected, 'file')} left"


def facts_of(backup: BackupRecord, label: str) -> Facts:
    """The facts that a message about this backup or drill may be filtered by."""
    severity = _SEVERITIES[backup.status]
    if backup.warning and severity is Severity.INFO:
        severity = Severity.WARNING
    return Facts(backup.status, severity, label, backup.source or "")


def is_mass_change(backup: BackupRecord) -> bool:
    """Whether it has succeeded, and so much changed that somebody has to look."""
    return backup.status is BackupStatus.SUCCESS and has_warning(backup, WarningKind.MASS_CHANGE)


def has_warning(backup: BackupRecord, kind: WarningKind) -> bool:
    """Whether a warning of this kind is known of it."""
    return kind in (backup.warning or "").split(", ")


def _copied(backup: BackupRecord) -> str:
    if backup.number_of_files is None:
        return ""
    copied = backup.number_of_files_transferred
    return counted(backup.number_of_files, "file") + ("" if copied is None else f", {copied:,} copied")
