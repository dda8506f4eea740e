"""Settings of a backup's row: what its record tells its programs, in the place of what the stack tells."""

from dataclasses import replace
from typing import Any, TypeVar

from efs_backup.domain.operations.agent_settings import AgentSettings
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.reports.message import Report, prefixed
from efs_backup.domain.operations.settings import OrchestratorSettings
from efs_backup.domain.snapshots.names import FolderLabel

Told = TypeVar("Told", OrchestratorSettings, AgentSettings)


def settings_for(settings: Told, backup: BackupRecord) -> Told:
    """The settings of a program for this backup: its row may be another by now, or gone.

    A record of the first row, which the parameters of the stack make, tells nothing.
    """
    return settings if backup.label is None else replace(settings, **_told(backup, backup.label))


def _told(backup: BackupRecord, label: str) -> dict[str, Any]:
    return {
        "source_file_system": backup.source or "", "backup_prefix": backup.backup_prefix or "/",
        "folder_label": FolderLabel(label), "interval": backup.interval,
        "retention_rules": backup.retention_rules or f"last={backup.retention}",
    }  # fmt: skip


def headed(backup: BackupRecord, report: Report) -> Report:
    """A report, with the label of a row in front of its subject; that of the first row is as it is."""
    if backup.label is None:
        return report
    return replace(report, subject=prefixed(backup.label, report.subject))
