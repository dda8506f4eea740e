"""The report to the operator about rows that have come or gone by their tags."""

from collections.abc import Sequence

from efs_backup.domain.operations.reports.message import Facts, Report, Section, Severity, subject_of
from efs_backup.domain.operations.settings import OrchestratorSettings


def report_on_rows(told: Sequence[str], settings: OrchestratorSettings) -> Report:
    """The report of these changes, a sentence each."""
    what = f"EFS backup: the sources of {settings.stack_name} have changed"
    sections = (
        Section("What happened", "\n".join(told)),
        Section("What is kept", "All snapshots, also of a source that is not backed up any more."),
        Section("What to do", _NEXT),
    )
    facts = Facts("Changed", Severity.WARNING, str(settings.folder_label), settings.backup_file_system)
    subject = subject_of(f"{what} [{settings.stack_name}]")
    return Report.of(subject, (f"{what}.",), sections, facts, "sources")


_NEXT = (
    "See the rows and their next starts with `efs-backup stack list`. The mount targets of a new source must accept NFS"
    " from the security group of the stack's instances."
)
