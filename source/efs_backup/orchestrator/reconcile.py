"""Step 7: what was forgotten is found and set right."""

import logging
from datetime import datetime

from efs_backup.domain.errors import RecordChanged
from efs_backup.domain.operations.workflow import Action, Decision, Review, review, without_report
from efs_backup.orchestrator.records import end, tell
from efs_backup.orchestrator.services import Services

_logger = logging.getLogger(__name__)


def reconcile(services: Services, now: datetime) -> Decision:
    """Set right what was forgotten, clean up if nobody works, publish the age of the last success."""
    capacity = services.group.desired_capacity()  # before the records: a start writes its record first
    latest = services.store.latest()
    settings = services.settings
    found = review(
        services.store.backups(), now,
        hold_minutes=settings.lifecycle_hold_minutes, success_too=settings.success_notification,
    )  # fmt: skip
    _set_right(services, found, now)
    if found.is_idle and services.store.latest() == latest:
        _clean_up(services, capacity)
    services.metrics.put({"HoursSinceLastSuccess": found.hours_since_success}, now)
    return Decision(Action.RECONCILE, str(found))


def _set_right(services: Services, found: Review, now: datetime) -> None:
    """End what is overdue, take the instance of a silent agent away, report what was not."""
    for backup in found.overdue:
        try:
            end(services, backup, without_report(backup, now, instance_id=None), now)
        except RecordChanged:
            _logger.info("The backup %s was reported at the last moment", backup.backup_id)
    if found.silent and services.group.instances():  # where none could be launched yet, one may come
        _logger.warning("Nothing is heard of the agent of %s; its instance is taken away", found.silent[0].backup_id)
        services.group.stop_instance()
    for backup in found.unreported:
        tell(services, backup, now)


def _clean_up(services: Services, capacity: int) -> None:
    if services.stop_rule.describe_target():
        services.stop_rule.disarm()
    if capacity > 0:
        services.group.stop_instance()
