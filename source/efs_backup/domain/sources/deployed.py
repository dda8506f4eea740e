"""The first row of a deployed stack, by the parameters of its template."""

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.operations.deployed import DeployedStack
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.sources.row import Policy, Source
from efs_backup.domain.sources.table import BEGINNING


def first_source(stack: DeployedStack) -> Source:
    """The row that the parameters make."""
    told = stack.parameters
    rules = told.get("RetentionRules") or f"last={told.get('Retain', '7')}"
    policy = Policy(
        "", Interval(told.get("IntervalTag", "daily")), rules, told.get("BackupSchedule", "cron(0 2 * * ? *)"),
        told.get("ScheduleTimeZone", ""), int(float(told.get("BackupWindow", "180"))),
    )  # fmt: skip
    source = told.get("SrcEFS") or stack.outputs.get("SourceEFS", "")
    label = FolderLabel(told.get("FolderLabel", "efs-backup"))
    return Source(label, source, told.get("BackupPrefix", "/"), policy, BEGINNING)


def needs_further_sources(stack: DeployedStack) -> None:
    """Raises WrongUsage where the stack backs up its first row alone."""
    if not stack.has_further_sources:
        raise WrongUsage(
            f"The stack {stack.name} backs up one file system alone.",
            "Update it with the parameter FurtherSources=Yes; its instance may then mount file systems with the tag"
            " efs-backup:policy.",
        )
