"""Figures of our own that CloudWatch keeps: the names that are published, which alarms and graphs take from here."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from efs_backup.domain.operations.hold_requests import held_days
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus

NAMESPACE = "EfsBackup"
STACK_DIMENSION, LABEL_DIMENSION = "StackName", "Label"
"""The dimension of each of our metrics, and the second one of those that are of a row of the stack."""


class Figure(StrEnum):
    """The name of a metric."""

    BACKUP_DURATION = "BackupDuration"
    WINDOW_USED = "WindowUsed"
    NUMBER_OF_FILES = "NumberOfFiles"
    NUMBER_OF_FILES_TRANSFERRED = "NumberOfFilesTransferred"
    TOTAL_FILE_SIZE = "TotalFileSize"
    TOTAL_TRANSFERRED_FILE_SIZE = "TotalTransferredFileSize"
    FORECAST_DAYS_LEFT = "ForecastDaysLeft"
    CHANGED_SHARE = "ChangedShare"
    HELD_DAYS = "HeldDays"
    SCRUB_COVERAGE = "ScrubCoverage"
    HOURS_SINCE_LAST_SUCCESS = "HoursSinceLastSuccess"
    HOURS_PAST_DUE = "HoursPastDue"
    ROW_HELD_DAYS = "RowHeldDays"
    ROW_WINDOW_USED = "RowWindowUsed"
    ROW_DAYS_LEFT = "RowDaysLeft"
    HOURS_SINCE_LAST_DRILL = "HoursSinceLastDrill"


_SAYING = frozenset({BackupStatus.SUCCESS, BackupStatus.INCOMPLETE})
"""How a backup ends that says whether its window is long enough."""


def window_used(backup: BackupRecord) -> float | None:
    """The part of its window that a backup took, in percent; None where it says nothing about the window."""
    if backup.status not in _SAYING or backup.seconds is None or not backup.window_minutes:
        return None
    return round(backup.seconds / (backup.window_minutes * 60) * 100, 1)


def figures_of(backup: BackupRecord, now: datetime) -> Mapping[Figure, float | None]:
    """The figures of a backup that has ended; None is unknown.

    Only a success says whether anything is held: another end has not asked.
    """
    succeeded = backup.status is BackupStatus.SUCCESS
    return {
        Figure.BACKUP_DURATION: backup.seconds,
        Figure.WINDOW_USED: window_used(backup),
        Figure.NUMBER_OF_FILES: backup.number_of_files,
        Figure.NUMBER_OF_FILES_TRANSFERRED: backup.number_of_files_transferred,
        Figure.TOTAL_FILE_SIZE: backup.total_file_size,
        Figure.TOTAL_TRANSFERRED_FILE_SIZE: backup.total_transferred_file_size,
        Figure.FORECAST_DAYS_LEFT: backup.forecast_days_left,
        Figure.CHANGED_SHARE: backup.changed_share,
        Figure.HELD_DAYS: held_days(backup, now) if succeeded else None,
        Figure.SCRUB_COVERAGE: backup.scrub_coverage,
    }
