"""The table of all checks of a stack."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from efs_backup.domain.doctor.aws_command import aws
from efs_backup.domain.doctor.file_system_checks import FILE_SYSTEM_CHECKS
from efs_backup.domain.doctor.finding import Check, Found, Level, fault, warning
from efs_backup.domain.doctor.launch_checks import LAUNCH_CHECKS
from efs_backup.domain.doctor.network_checks import NETWORK_CHECKS
from efs_backup.domain.doctor.rows import rows_of
from efs_backup.domain.doctor.running_checks import RUNNING_CHECKS
from efs_backup.domain.doctor.stack_facts import StackFacts
from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus

_OTHERS: tuple[Check[StackFacts], ...] = (*RUNNING_CHECKS, *NETWORK_CHECKS, *FILE_SYSTEM_CHECKS, *LAUNCH_CHECKS)


@dataclass(frozen=True)
class Cause:
    """Where the cause of a failure may lie. suspects: checks that may name it; else: a sentence where none does."""

    suspects: Sequence[str]
    otherwise: str


_NETWORK = ("nfs-rules", "mount-targets", "routes", "egress", "mount-policies", "file-systems", "vpc-dns")
CAUSES: Mapping[FailureReason, Cause] = {
    FailureReason.MOUNT_FAILED: Cause(_NETWORK, "A network ACL of the subnets, or a source that was deleted."),
    FailureReason.SOURCE_UNREADABLE: Cause(
        ("mount-policies", "instance-role"), "The directory BackupPrefix is not there, or files that root may not read."
    ),
    FailureReason.BACKUP_FULL: Cause((), "A quota of the backup file system, or one that is no Amazon EFS."),
    FailureReason.TOOL_MISSING: Cause(
        ("way-to-aws", "packages", "endpoint-rules", "instance-role"),
        "A mirror of Ubuntu that did not answer: the log of the boot says which command has failed.",
    ),
    FailureReason.COPY_FAILED: Cause(
        ("throughput", "file-system-keys"), "The log of the agent names the files that could not be copied."
    ),
    FailureReason.SERIES_MISSING: Cause((), "The backup file system was replaced: give the former one's id."),
    FailureReason.SOURCE_CHANGED: Cause((), "The label holds backups of another source: give another FolderLabel."),
    FailureReason.BACKUP_CHANGED: Cause((), "The backup file system was replaced: give the former one's id."),
    FailureReason.SERIES_TORN: Cause((), "Somebody has written to series.json on the backup file system."),
    FailureReason.SERIES_TOO_NEW: Cause((), "A later version has made backups there: update the stack to it."),
    FailureReason.HOOK_FAILED: Cause((), "The document that makes the source quiet: look at Run Command's history."),
    FailureReason.RULES_REFUSED: Cause((), "A parameter of the stack asks for what cannot be kept: the mail names it."),
    FailureReason.LOCKED: Cause((), "Another backup of the label was running, perhaps from another stack."),
    FailureReason.INTERNAL_ERROR: Cause(
        ("launches", "group", "ami", "ebs-key", "vcpu-quota", "instance-role", "orchestrator-role"),
        "A fault of the program: its log has the traceback.",
    ),
}
"""Likely causes of a failed backup, by the reason that its record has."""


def _last_night(facts: StackFacts) -> Iterator[Found]:
    for row in rows_of(facts):
        last = next((one for one in row.records if one.has_ended and one.status is not BackupStatus.SKIPPED), None)
        if last is not None and last.status is not BackupStatus.SUCCESS:
            yield _failed(facts, last, row.of)


def _failed(facts: StackFacts, last: BackupRecord, of: str) -> Found:
    when = f"{last.start_time:%Y-%m-%d %H:%M} UTC"
    said = f" It says: {last.message}" if last.message else ""
    look = _log(facts, last)
    if last.status is BackupStatus.INCOMPLETE:
        return warning(f"The backup{of} of {when} is Incomplete; the next one continues it.{said}", look)
    reason = last.failure_reason or FailureReason.INTERNAL_ERROR
    named = f" ({last.failure_reason})" if last.failure_reason else ""
    likely = _likely(facts, CAUSES[reason])
    return fault(f"The backup{of} of {when} is {last.status}{named}. Likely cause: {likely}{said}", look)


def _likely(facts: StackFacts, cause: Cause) -> str:
    """Ask the suspects: a fault of theirs is the likely cause."""
    for check in (one for suspect in cause.suspects for one in _OTHERS if one.id == suspect):
        for finding in check.findings(facts):
            if finding.level is Level.FAULT:
                return f"{finding.what} (see {check.id})"
    return cause.otherwise


def _log(facts: StackFacts, record: BackupRecord) -> str:
    if record.logs:
        return aws("s3", "cp", facts.region, record.logs, "-")
    return f"efs-backup stack logs {facts.stack.name} --backup {record.backup_id}"


STACK_CHECKS: tuple[Check[StackFacts], ...] = (
    Check(
        "last-night",
        "The last backup that has ended, if there is one, was a success.",
        "A night without a snapshot is one that cannot be restored.",
        _last_night,
    ),
    *_OTHERS,
)
"""All checks of `efs-backup stack doctor`, in the order in which they are told."""
