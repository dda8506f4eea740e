"""Records as the steps use them: found, ended, reported."""

import logging
from dataclasses import replace
from datetime import datetime

from efs_backup.domain.errors import RecordChanged, RecordGone, ReportFailed
from efs_backup.domain.operations.instances import served_by
from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.operations.report import report_on, subject_of
from efs_backup.domain.operations.workflow import has_to_be_reported, is_being_reported, newest_success
from efs_backup.domain.ports import BackupStore
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.sources.serving import heading, settings_for
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


def find_served(services: Services, instance_id: str) -> tuple[BackupId | None, BackupRecord | None]:
    """The backup that an instance serves or served; only its id where its record is gone and the stop rule has it."""
    backups = tuple(services.store.backups())
    served = served_by(services.instances.find(instance_id), backups)
    if served:
        return served.backup_id, served
    armed = services.stop_rule.describe_target()
    known = {backup.backup_id for backup in backups}
    return (armed, None) if armed not in known else (None, None)


def end(services: Services, before: BackupRecord, after: BackupRecord, now: datetime) -> None:
    """Record how a backup ended, and tell the operator. Raises RecordChanged where somebody else did so meanwhile."""
    services.store.update(before, after)
    tell(services, after, now)


def tell(services: Services, backup: BackupRecord, now: datetime) -> None:
    """Report how a backup ended, unless that is done, not wanted, or being done by somebody else at this moment.

    Who reports says so first, on a condition: of two events at once one sends the mail. Who then dies is found by the
    reconcile, by the age of what was said.
    """
    if not has_to_be_reported(backup, success_too=services.settings.success_notification):
        if backup.has_ended and not backup.report_time:
            services.store.update(backup, replace(backup, report_time=now))
        return
    if is_being_reported(backup, now):
        return
    claimed = replace(backup, report_claim=now)
    try:
        services.store.update(backup, claimed)
    except RecordChanged:
        _logger.info("Another event reports %s at the same moment", backup.backup_id)
        return
    report_time = now if _send(services, backup) else None
    services.store.update(claimed, replace(backup, report_time=report_time, report_claim=None))


def _newest_of_row(services: Services, backup: BackupRecord) -> BackupRecord | None:
    """The newest success of the same row."""
    return newest_success(each for each in services.store.backups() if each.label == backup.label)


def _send(services: Services, backup: BackupRecord) -> bool:
    newest = None if backup.status is BackupStatus.SUCCESS else _newest_of_row(services, backup)
    report = report_on(backup, newest, settings_for(services.settings, backup))
    try:
        services.notifier.report(replace(report, subject=subject_of(heading(backup, report.subject))))
    except ReportFailed:
        _logger.exception("The backup has ended, but its report could not be sent; the next reconcile tries again")
        return False
    return True
