"""The event of a restore by a stack."""

from efs_backup.domain.errors import EfsBackupError
from efs_backup.domain.operations.agent_settings import RestoreSettings
from efs_backup.domain.operations.events import SCHEMA, DetailType, Event, plain
from efs_backup.domain.operations.reports.message import Severity
from efs_backup.domain.results import RestoreResult, RestoreStatus


def restore_ended(
    outcome: RestoreResult | EfsBackupError, settings: RestoreSettings, logs: str | None
) -> Event:  # fmt: skip
    """A restore by a stack has ended, in whatever way."""
    done = None if isinstance(outcome, EfsBackupError) else outcome
    return Event(DetailType.RESTORE_ENDED, {
        "schema": SCHEMA,
        "stack": settings.stack_name,
        "severity": str(restore_severity(outcome)),
        "status": restore_status(outcome),
        "label": str(settings.folder_label),
        "interval": str(settings.interval),
        "backup_file_system": settings.backup_file_system,
        "target_file_system": settings.target_file_system,
        "target_prefix": settings.restore_prefix,
        "sub_directory": settings.restore_sub_dir,
        "mode": str(settings.restore_mode),
        "dry_run": settings.dry_run,
        "snapshot": str(done.plan.snapshot) if done else None,
        "created_files": done.plan.created if done else None,
        "replaced_files": done.plan.replaced if done else None,
        "extra_files": done.plan.extra if done else None,
        "failure_reason": None if done else type(outcome).__name__,
        "message": plain(outcome.message),
        "next_step": plain(outcome.next_step),
        "log": logs,
    })  # fmt: skip


def restore_status(outcome: RestoreResult | EfsBackupError) -> str:
    """How a restore ended, in a word."""
    return "Failed" if isinstance(outcome, EfsBackupError) else str(outcome.status)


def restore_severity(outcome: RestoreResult | EfsBackupError) -> Severity:
    """How soon somebody should look at a restore."""
    if isinstance(outcome, EfsBackupError):
        return Severity.ERROR
    return Severity.WARNING if outcome.status is RestoreStatus.INCOMPLETE else Severity.INFO
