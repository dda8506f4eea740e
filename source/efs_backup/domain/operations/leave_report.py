"""The mail to the operator about a leave to write that was given for nothing."""

from efs_backup.domain.operations.reports.message import Facts, Report, Section, Severity, subject_of
from efs_backup.domain.operations.settings import OrchestratorSettings


def report_on_leave(settings: OrchestratorSettings) -> Report:
    """The report of a leave that the reconcile has found and taken back while no restore ran."""
    what = f"EFS restore: {settings.worker_role} could WRITE to the source while no restore ran"
    sections = (
        Section(
            "What happened",
            f"The policy {settings.restore_policy} was attached to the role {settings.worker_role} of the backup"
            f" instance, which could so write to {settings.source_file_system}. It is detached.",
        ),
        Section("What is kept", "All snapshots. Whether the source was changed, nobody here can know."),
        Section(
            "What to do",
            "Look in AWS CloudTrail who has called AttachRolePolicy. If it was the orchestrator, read in its log why it"
            " did not take the leave back; if it was somebody else, find out what for. To see what changed in the"
            " source: efs-backup diff, or the report of the next backup.",
        ),
    )
    facts = Facts("LeaveFound", Severity.ERROR, str(settings.folder_label), settings.source_file_system)
    return Report.of(subject_of(f"{what} [{settings.stack_name}]"), (f"{what}.",), sections, facts, "leave")
