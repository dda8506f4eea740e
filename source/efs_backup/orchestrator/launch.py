"""The group's word about an instance that it could not launch."""

import logging
from datetime import datetime

from efs_backup.domain.errors import RecordChanged, ReportFailed
from efs_backup.domain.operations.instances import not_launched
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.report import report_on_launch_failure
from efs_backup.domain.operations.workflow import Action, Decision, decide_launch_failure
from efs_backup.domain.sources.serving import headed, settings_for
from efs_backup.orchestrator.logs import concerns
from efs_backup.orchestrator.records import find_latest
from efs_backup.orchestrator.sending import tell_at_once
from efs_backup.orchestrator.services import Services

_logger = logging.getLogger(__name__)


def launch_failed(services: Services, now: datetime, group: str, cause: str) -> Decision:
    """Note why the backup that runs has no instance, and tell the operator once: the group tries again by itself."""
    latest = _without_instance(services)
    concerns(latest.backup_id if latest else None)
    others = latest is not None and latest.is_shared and bool(services.group.state().serving)
    decision = decide_launch_failure(group, services.settings.group_name, latest, cause, others=others)
    if latest is None or decision.action not in (Action.TELL, Action.NOTE):
        return decision
    waiting = not_launched(latest, now, cause)
    try:
        services.store.update(latest, waiting)
    except RecordChanged as changed:
        return Decision(Action.IGNORE, f"somebody else has noted it, or the backup has ended: {changed.message}")
    if decision.action is Action.TELL:
        _tell(services, latest, waiting)
    return decision


def _without_instance(services: Services) -> BackupRecord | None:
    """The backup that waits for an instance: the oldest of those that nobody serves, or what was started last."""
    _, latest = find_latest(services.store)
    if services.settings.concurrent_backups == 1:
        return latest
    unserved = (each for each in services.store.backups() if not each.has_ended and each.instance_id is None)
    return min(unserved, key=lambda each: each.start_time, default=latest)


def _tell(services: Services, before: BackupRecord, waiting: BackupRecord) -> None:
    """Tell the operator once; what could not be sent is taken back, so that the group's next try is told."""
    try:
        report = report_on_launch_failure(waiting, settings_for(services.settings, waiting))
        tell_at_once(services, headed(waiting, report))
    except ReportFailed:
        _logger.exception("The report could not be sent; that of the next launch that fails is tried")
        services.store.update(waiting, before)
