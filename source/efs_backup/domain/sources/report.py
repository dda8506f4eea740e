"""What the operator is told about rows that have come or gone by their tags."""

from collections.abc import Sequence

from efs_backup.domain.operations.report import Report, section, subject_of
from efs_backup.domain.operations.settings import OrchestratorSettings


def report_on_rows(told: Sequence[str], settings: OrchestratorSettings) -> Report:
    """The report of these changes, a sentence each."""
    headline = f"EFS backup: the sources of {settings.stack_name} have changed"
    sections = (
        f"{headline}.",
        section("What happened", "\n".join(told)),
        section("What is kept", "All snapshots, also of a source that is not backed up any more."),
        section("What to do next", _NEXT),
    )
    return Report(subject_of(f"{headline} [{settings.stack_name}]"), "\n\n".join(sections) + "\n")


_NEXT = (
    "See the rows and their next starts with `efs-backup stack list`. The mount targets of a new source must accept NFS"
    " from the security group of the stack's instances."
)
