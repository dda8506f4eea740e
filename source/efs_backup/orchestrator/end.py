"""Steps 2 and 5: the window closes; the instance is gone."""

import logging
from dataclasses import replace
from datetime import datetime

from efs_backup.domain.errors import RecordChanged
from efs_backup.domain.operations.figures import figures_of
from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.operations.report import report_on_vanished
from efs_backup.domain.operations.running import told
from efs_backup.domain.operations.stop_cause import why_stopped
from efs_backup.domain.operations.triggers import RUNNING, StopBackup
from efs_backup.domain.operations.workflow import (
    Action,
    Decision,
    Situation,
    decide_gone,
    decide_stop,
    without_report,
)
from efs_backup.domain.sources.serving import settings_for
from efs_backup.orchestrator.again import try_again
from efs_backup.orchestrator.capacity import all_running, find_open, is_any_open, take_instance, want_none
from efs_backup.orchestrator.leave_to_write import try_to_settle_leave
from efs_backup.orchestrator.logs import concerns
from efs_backup.orchestrator.records import find_latest, find_served, say_why, tell
from efs_backup.orchestrator.rows import for_backup
from efs_backup.orchestrator.sending import tell_at_once
from efs_backup.orchestrator.services import Services
from efs_backup.orchestrator.waiting import begin_waiting

_logger = logging.getLogger(__name__)


def stop(services: Services, now: datetime, wanted: StopBackup) -> Decision:
    """Step 2: take the instance of this backup away; its agent gets time to finish, and reads why in its record."""
    latest_id, latest = find_latest(services.store)
    if wanted.backup_id == RUNNING:
        if (before := _stopped_by(services, now, wanted)) is not None:
            return before
        running = all_running(services, latest)
        if len(running) != 1:
            return Decision(
                Action.IGNORE, f"several run, name one: {told(running)}" if running else "nothing is running"
            )
        wanted = replace(wanted, backup_id=running[0].backup_id)
    backup_id = wanted.backup_id
    concerns(backup_id)
    backup = latest if backup_id == latest_id else find_open(services, backup_id)
    decision = decide_stop(backup_id, backup.backup_id if backup else latest_id, backup)
    if decision.action is Action.STOP:
        if backup and not backup.has_ended:
            say_why(services, backup, why_stopped(backup, now, wanted))
        take_instance(services, backup)
    elif wanted.reason and (before := _stopped_by(services, now, wanted)) is not None:
        return before
    return decision


def _stopped_by(services: Services, now: datetime, wanted: StopBackup) -> Decision | None:
    """The answer to a person's event that has stopped a backup before, which is over: it means no other."""

    def is_it(backup: BackupRecord) -> bool:
        if wanted.backup_id != RUNNING:
            return backup.backup_id == wanted.backup_id
        is_named = bool(wanted.event_id) and str(wanted.event_id) in wanted.reason
        return is_named and backup.stop_cause == why_stopped(backup, now, wanted)

    over = (each for each in services.store.backups() if each.has_ended and each.stop_cause and is_it(each))
    found = next(over, None)
    return Decision(Action.STOP, f"the event was delivered before: {found.backup_id} is over") if found else None


def instance_gone(services: Services, now: datetime, group: str, instance_id: str) -> Decision:
    """Step 5: report how its backup ended, and clean up after it; or start a second instance in its place.

    Then it is the turn of who waits.
    """
    try:
        return _instance_gone(services, now, group, instance_id)
    finally:
        if group == services.settings.group_name:
            begin_waiting(services, now)


def _instance_gone(services: Services, now: datetime, group: str, instance_id: str) -> Decision:
    state = services.group.state()
    backup_id, backup = find_served(services, instance_id)
    concerns(backup_id)
    if backup_id and backup is None:
        return _close_vanished(services, group, backup_id, state.desired_capacity, now)
    situation = _situation(services, now, backup, state.desired_capacity)
    decision = decide_gone(group, instance_id, backup, situation)
    if decision.action is Action.TRY_AGAIN and backup:
        return try_again(services, backup, instance_id, decision)
    if decision.action is Action.CLOSE and backup:
        ended = _ended(services, backup, instance_id, now)
        if ended.has_ended:  # else another event has opened it again for a second instance
            _close(services, ended, state.desired_capacity, now)
    return decision


def _situation(services: Services, now: datetime, backup: BackupRecord | None, capacity: int) -> Situation:
    """The situation of this backup alone: instances that are wanted for others do not count."""
    name, latest = services.settings.group_name, services.store.latest()
    if services.settings.concurrent_backups == 1 or backup is None:
        return Situation(name, capacity, now, latest)
    others = [each for each in services.store.backups() if not each.has_ended and each.backup_id != backup.backup_id]
    return Situation(name, max(0, capacity - len(others)), now, backup.backup_id)


def _close_vanished(services: Services, group: str, backup_id: BackupId, capacity: int, now: datetime) -> Decision:
    if group != services.settings.group_name:
        return Decision(Action.IGNORE, f"the group {group} is not ours")
    tell_at_once(services, report_on_vanished(backup_id, services.settings))
    _clean_up(services, backup_id, capacity, now)
    return Decision(Action.CLOSE, f"the record of {backup_id} is gone")


def _ended(services: Services, backup: BackupRecord, instance_id: str, now: datetime) -> BackupRecord:
    """The record as it is stored in the end: what the agent has said at the last moment wins."""
    ended = backup if backup.has_ended else without_report(backup, now, instance_id=instance_id)
    source = settings_for(services.settings, backup).source_file_system
    balance = services.metrics.burst_credit_balance(source, now)
    known = replace(ended, instance_id=ended.instance_id or instance_id, source_burst_credit_balance_after=balance)
    try:
        services.store.update(backup, known)
    except RecordChanged:
        _logger.info("The agent reported at the last moment")
        return services.store.get(backup.backup_id)
    return known


def _close(services: Services, backup: BackupRecord, capacity: int, now: datetime) -> None:
    """The clean-up comes first, for a report that is sent is not looked at again; the report comes in any case."""
    try:
        _clean_up(services, backup.backup_id, capacity, now)
    finally:
        _measure(services, backup, now)
        tell(services, backup, now)


def _measure(services: Services, backup: BackupRecord, now: datetime) -> None:
    if not backup.is_backup:
        return
    for_backup(services, backup).metrics.put(figures_of(backup, now), now)
    services.anonymous_metrics.send(backup, now)


def _clean_up(services: Services, backup_id: BackupId, capacity: int, now: datetime) -> None:
    """Unless another backup was started since, or still runs, which needs the rule and the instance."""
    try_to_settle_leave(services, now)
    if services.store.latest() != backup_id or is_any_open(services):
        return
    services.stop_rule.disarm()
    if capacity > 0:
        want_none(services)
