"""Records as the steps use them: found, ended, reported."""

import logging
from dataclasses import replace
from datetime import datetime

from efs_backup.domain.errors import RecordGone, ReportFailed
from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.operations.report import report_on
from efs_backup.domain.operations.workflow import has_to_be_reported
from efs_backup.domain.ports import BackupStore
from efs_backup.domain.results import BackupStatus
from efs_backup.orchestrator.services import Services

_logger = logging.getLogger(__name__)


def find_latest(store: BackupStore) -> tuple[BackupId | None, BackupRecord | None]:
    """The id of the backup that was started last, and its record, which may be gone."""
    backup_id = store.latest()
    if backup_id is None:
        return None, None
    try:
        return backup_id, store.get(backup_id)
    except RecordGone:
        return backup_id, None


def end(services: Services, before: BackupRecord, after: BackupRecord, now: datetime) -> None:
    """Record how a backup ended, and tell the operator. Raises RecordChanged where somebody else did so meanwhile."""
    services.store.update(before, after)
    tell(services, after, now)


def tell(services: Services, backup: BackupRecord, now: datetime) -> None:
    """Report how a backup ended, unless that is done or not wanted; the next reconcile tries again what fails."""
    success_too = services.settings.success_notification
    if has_to_be_reported(backup, success_too=success_too):
        newest = None if backup.status is BackupStatus.SUCCESS else services.store.newest_success()
        try:
            services.notifier.report(report_on(backup, newest, services.settings))
        except ReportFailed:
            _logger.exception("The backup has ended, but its report could not be sent; the next reconcile tries again")
            return
    if backup.has_ended and not backup.report_time:
        services.store.update(backup, replace(backup, report_time=now))
