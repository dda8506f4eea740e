"""The report to the operator about a backup."""

from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.reports.anonymous import anonymous
from efs_backup.domain.operations.reports.around import Around
from efs_backup.domain.operations.reports.coming import if_again, next_start_text, to_do
from efs_backup.domain.operations.reports.drill import report_on_drill
from efs_backup.domain.operations.reports.figures import figures
from efs_backup.domain.operations.reports.headlines import facts_of, head, reason
from efs_backup.domain.operations.reports.kept import kept
from efs_backup.domain.operations.reports.links import links
from efs_backup.domain.operations.reports.message import (
    NOT_SENT,
    Facts,
    Report,
    Section,
    Severity,
    subject,
    subject_of,
    table,
)
from efs_backup.domain.operations.reports.restore import report_on_restore
from efs_backup.domain.operations.settings import OrchestratorSettings
from efs_backup.domain.results import BackupStatus

__all__ = ["NOT_SENT", "Report", "anonymous", "report_on", "report_on_launch_failure", "report_on_vanished"]

_WHAT_A_SEAL_IS_FOR = (
    "Keep this line: a snapshot, or one before it, that was changed or removed afterwards does not fit to it"
    " (`efs-backup audit`)."
)
_MEND_THE_LAUNCH = (
    "Nothing, if there is only no capacity now: the group tries on, and you hear how the backup ended. If it lasts for"
    " nights, choose another InstanceType or more Subnets. What does not go by itself: a quota (raise that of the"
    " instance's vCPUs), the KMS key of the account's EBS encryption (let the service-linked role of Auto Scaling use"
    " it), an AMI that is gone (update the stack)."
)


def report_on(backup: BackupRecord, around: Around) -> Report:
    """The report of a backup, drill or restore into the source that has ended."""
    if backup.is_drill:
        return report_on_drill(backup, around)
    if backup.is_restore:
        return report_on_restore(backup, around)
    what, why = f"EFS backup {head(backup)}", reason(backup, around)
    sections = (
        Section("What happened", backup.message or f"The backup ended as {backup.status}."),
        Section("What is kept", kept(backup, around)),
        Section("What happens next", next_start_text(backup, around)),
        Section("What to do", to_do(backup)),
        Section("If it comes again", if_again(backup)),
        Section("Figures", figures(backup, around)),
        Section("Seal", _sealed(backup)),
        Section("Links", table(links(backup, around.newest, around.settings))),
    )
    lead = (f"{what}{f': {why}' if why else ''}.", _about(backup, around.settings))
    facts = facts_of(backup, str(around.settings.folder_label))._replace(file_system=around.settings.source_file_system)
    return Report.of(subject(what, why, around.settings.stack_name), lead, sections, facts, backup.backup_id)


def _about(backup: BackupRecord, settings: OrchestratorSettings) -> str:
    """Name what is backed up to where."""
    source = f"{settings.source_file_system}:/{settings.backup_prefix.strip('/')}"
    return f"{source} to {settings.backup_file_system}, label {settings.folder_label}, {backup.interval}"


def _sealed(backup: BackupRecord) -> str:
    """The digest of the seal: the mail is one more place where nobody changes it."""
    return f"  SHA-256  {backup.seal}\n{_WHAT_A_SEAL_IS_FOR}" if backup.seal else ""


def report_on_vanished(backup_id: str, settings: OrchestratorSettings) -> Report:
    """The report of a backup whose record is gone."""
    sections = (
        Section(
            "What happened",
            f"An instance of the backup {backup_id} was terminated, but its record in the table {settings.table_name}"
            " is gone, so nothing is known about how it ended.",
        ),
        Section("What is kept", "No snapshot is ever removed by a backup that fails."),
        Section(
            "What to do",
            f"Look for its log in s3://{settings.log_bucket}, and for its snapshot on {settings.backup_file_system}."
            " If nobody has removed the record, look in AWS CloudTrail who has.",
        ),
    )
    what = f"EFS backup UNKNOWN: no record of {backup_id}"
    facts = Facts(
        BackupStatus.UNKNOWN, Severity.ERROR, str(settings.folder_label), settings.source_file_system
    )  # fmt: skip
    return Report.of(subject_of(f"{what} [{settings.stack_name}]"), (f"{what}.",), sections, facts, backup_id)


def report_on_launch_failure(backup: BackupRecord, settings: OrchestratorSettings) -> Report:
    """The report of a backup that waits for its instance: while it lasts, so that it can still be mended."""
    kind = "restore drill" if backup.is_drill else "restore" if backup.is_restore else "backup"
    what = f"EFS {kind} WAITS for an instance"
    sections = (
        Section("What happened", backup.message or "No instance could be launched."),
        Section("What is kept", "All snapshots are untouched. A backup that finds its instance later still begins."),
        Section("What to do", _MEND_THE_LAUNCH),
        Section("Links", table(links(backup, None, settings))),
    )
    facts = Facts("Waiting", Severity.WARNING, str(settings.folder_label), settings.source_file_system)
    lead = (f"{what}.", _about(backup, settings))
    why = backup.launch_failure or ""
    return Report.of(subject(what, why, settings.stack_name), lead, sections, facts, backup.backup_id)
