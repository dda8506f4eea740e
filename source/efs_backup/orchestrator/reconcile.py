"""Step 7: what was forgotten is found and set right."""

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from efs_backup.domain.errors import RecordChanged
from efs_backup.domain.operations.figures import Figure
from efs_backup.domain.operations.instances import Instance, served_by
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.review import Review, decide_held, decide_silent, review
from efs_backup.domain.operations.stop_cause import SILENT
from efs_backup.domain.operations.workflow import Action, Decision, without_report
from efs_backup.domain.sources.due import hours_of_first
from efs_backup.lib.asg import GroupState
from efs_backup.orchestrator.capacity import take_instance, want_none
from efs_backup.orchestrator.failures import Failures
from efs_backup.orchestrator.leave_to_write import look_after_leave
from efs_backup.orchestrator.look_after import look_after_rows
from efs_backup.orchestrator.records import end, say_why, tell
from efs_backup.orchestrator.services import Services

_logger = logging.getLogger(__name__)


def reconcile(services: Services, now: datetime) -> Decision:
    """Set right what was forgotten, clean up if nobody works, publish the age of the last success.

    What fails holds up nothing else, and is raised in the end.
    """
    group = services.group.state()  # before the records: a start writes its record first
    latest, backups = services.store.latest(), tuple(services.store.backups())
    instances = services.instances.find_all(group.instances)
    settings = services.settings
    found = review(
        backups, now, hold_minutes=settings.lifecycle_hold_minutes, success_too=settings.success_notification,
        chats=services.chat is not None, instances=instances,
    )  # fmt: skip
    services.metrics.put({
        Figure.HOURS_SINCE_LAST_SUCCESS: _of_first(found, backups, now),
        Figure.HOURS_SINCE_LAST_DRILL: found.hours_since_drill if settings.drill_schedule else None,
    }, now)  # fmt: skip
    failures = Failures()
    _set_right(services, found, group, instances, now, failures)
    failures.note(look_after_leave(services, now))
    if found.is_idle and services.store.latest() == latest:
        failures.attempt("Cleaning up", lambda: _clean_up(services, group))
    _release(services, [each for each in instances if each.instance_id in group.held], backups, now, failures)
    failures.attempt("Looking after the rows", lambda: look_after_rows(services, now))
    failures.raise_first()
    return Decision(Action.RECONCILE, str(found))


def _of_first(found: Review, backups: Sequence[BackupRecord], now: datetime) -> float | None:
    """The hours since the last success of the first row; those of the others are told by their labels."""
    return hours_of_first(backups, now) if any(each.label for each in backups) else found.hours_since_success


def _set_right(
    services: Services, found: Review, group: GroupState, instances: Sequence[Instance], now: datetime,
    failures: Failures,
) -> None:  # fmt: skip
    """End what is overdue, do what is right about a silent agent, report what was not."""
    for backup in found.overdue:
        failures.attempt(f"Ending {backup.backup_id}", partial(_end, services, backup, now))
    for backup in found.silent:
        serving = _serving(services, backup, instances)
        step = partial(_end_silence, services, backup, decide_silent(backup, serving, group.desired_capacity), now)
        failures.attempt(f"Looking after {backup.backup_id}", step)
    for backup in found.unreported:
        failures.attempt(f"Reporting {backup.backup_id}", partial(tell, services, backup, now))


def _end_silence(services: Services, backup: BackupRecord, decision: Decision, now: datetime) -> None:
    _logger.warning("%s: %s", decision.action, decision.reason)
    if decision.action is Action.STOP:
        say_why(services, backup, SILENT)
        take_instance(services, backup)
    if decision.action is Action.CLOSE:
        _end(services, backup, now)


def _serving(services: Services, backup: BackupRecord, instances: Sequence[Instance]) -> Sequence[Instance]:
    """Its own instance where several backups have one."""
    if services.settings.concurrent_backups == 1:
        return instances
    return [each for each in instances if each.instance_id == backup.instance_id]


def _end(services: Services, backup: BackupRecord, now: datetime) -> None:
    try:
        end(services, backup, without_report(backup, now, instance_id=None), now)
    except RecordChanged:
        _logger.info("The backup %s was reported at the last moment", backup.backup_id)


def _clean_up(services: Services, group: GroupState) -> None:
    """In any case: what a clean-up of the night has left half done looks like nothing."""
    services.stop_rule.disarm()
    if group.desired_capacity > 0 or group.protected:
        want_none(services, are_several=bool(group.protected))


def _release(
    services: Services, held: Sequence[Instance], backups: Sequence[BackupRecord], now: datetime, failures: Failures
) -> None:
    """Let go who is held for nothing: the event that would have done so is sent at best, and may be lost."""
    for instance in held:
        decision = decide_held(instance.instance_id, served_by(instance, backups), now)
        if decision.action is Action.LET_GO:
            _logger.warning("%s: %s", decision.action, decision.reason)
            failures.attempt("Letting an instance go", partial(services.group.release, instance.instance_id))
