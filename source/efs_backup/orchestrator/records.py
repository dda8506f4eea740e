"""Records as the steps use them: found, ended, reported."""

import logging
from dataclasses import replace
from datetime import datetime

from efs_backup.domain.errors import RecordChanged, RecordGone
from efs_backup.domain.operations.ended_line import ENDED_LINE, ended_line
from efs_backup.domain.operations.instances import served_by
from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.operations.stop_cause import to_be_stopped
from efs_backup.domain.operations.telling import after_telling, due_channels
from efs_backup.domain.operations.workflow import is_being_reported
from efs_backup.domain.ports import BackupStore
from efs_backup.lib.insisting import tried
from efs_backup.orchestrator.sending import send_all
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


def say_why(services: Services, backup: BackupRecord, cause: str) -> None:
    """Note in its record why the instance of a backup is about to be taken away; without the note it is so too."""
    try:
        tried(lambda: services.store.update(backup, to_be_stopped(backup, cause)), None)
    except (RecordChanged, RecordGone):
        _logger.info("The backup %s has ended meanwhile", backup.backup_id)


def end(services: Services, before: BackupRecord, after: BackupRecord, now: datetime) -> None:
    """Record how a backup ended, and tell the operator. Raises RecordChanged where somebody else did so meanwhile."""
    services.store.update(before, after)
    tell(services, after, now)


def tell(services: Services, backup: BackupRecord, now: datetime) -> None:
    """Report how a backup ended, unless that is done, not wanted, or being done by somebody else at this moment.

    Who reports says so first, on a condition: of two events at once one sends the mail. Who then dies is found by the
    reconcile, by the age of what was said; and so is whoever could not be told. The log tells it in any case, and once
    more with each try.
    """
    if backup.has_ended and not backup.report_time:
        _logger.info(ENDED_LINE, extra=ended_line(backup, str(services.settings.folder_label)))
    wanted, chats = services.settings.success_notification, services.chat is not None
    due = due_channels(backup, now, success_too=wanted, chats=chats)
    if not due:
        if backup.has_ended and not backup.report_time:
            services.store.update(backup, replace(backup, report_time=now, told=None))
        return
    if is_being_reported(backup, now):
        return
    claimed = replace(backup, report_claim=now)
    try:
        services.store.update(backup, claimed)
    except RecordChanged:
        _logger.info("Another event reports %s at the same moment", backup.backup_id)
        return
    sent = send_all(services, backup, due, now)
    services.store.update(claimed, after_telling(backup, due, sent, now))
