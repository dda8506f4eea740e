"""Step 7: what was forgotten is found and set right."""

import logging
from datetime import datetime

from efs_backup.domain.errors import RecordChanged
from efs_backup.domain.workflow import Action, Decision, review, without_report
from efs_backup.orchestrator.records import end, tell
from efs_backup.orchestrator.services import Services

_logger = logging.getLogger(__name__)


def reconcile(services: Services, now: datetime) -> Decision:
    """End what is overdue, report what was not, clean up if nobody works, publish the age of the last success."""
    capacity = services.group.desired_capacity()  # before the records: a start writes its record first
    latest = services.store.latest()
    settings = services.settings
    found = review(
        services.store.backups(), now,
        hold_minutes=settings.lifecycle_hold_minutes, success_too=settings.success_notification,
    )  # fmt: skip
    for backup in found.overdue:
        try:
            end(services, backup, without_report(backup, now, instance_id=None), now)
        except RecordChanged:
            _logger.info("The backup %s was reported at the last moment", backup.backup_id)
    for backup in found.unreported:
        tell(services, backup, now)
    if found.is_idle and services.store.latest() == latest:
        _clean_up(services, capacity)
    services.metrics.put({"HoursSinceLastSuccess": found.hours_since_success}, now)
    reason = f"{len(found.overdue)} overdue, {len(found.unreported)} to be reported, idle: {found.is_idle}"
    return Decision(Action.RECONCILE, reason)


def _clean_up(services: Services, capacity: int) -> None:
    if services.stop_rule.describe_target():
        services.stop_rule.disarm()
    if capacity > 0:
        services.group.stop_instance()
