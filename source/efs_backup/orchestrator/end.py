"""Steps 2, 3 and 5: the window closes, the instance is held for its agent (who may be none), the instance is gone."""

import logging
from dataclasses import replace
from datetime import datetime

from efs_backup.domain.errors import InstanceNotManaged, RecordChanged, RecordGone
from efs_backup.domain.operations.lifecycle import LifecycleAction
from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.operations.record_endings import after_failed_finish
from efs_backup.domain.operations.report import report_on_vanished
from efs_backup.domain.operations.triggers import FinishFailed
from efs_backup.domain.operations.workflow import (
    Action,
    Decision,
    Situation,
    decide_failed_finish,
    decide_gone,
    decide_hold,
    decide_stop,
    without_report,
)
from efs_backup.orchestrator.logs import concerns
from efs_backup.orchestrator.records import find_latest, tell
from efs_backup.orchestrator.services import Services

_logger = logging.getLogger(__name__)


def stop(services: Services, backup_id: str) -> Decision:
    """Step 2: take the instance of this backup away; its agent gets time to finish."""
    concerns(backup_id)
    latest_id, latest = find_latest(services.store)
    decision = decide_stop(backup_id, latest_id, latest)
    if decision.action is Action.STOP:
        services.group.stop_instance()
    return decision


def hold(services: Services, action: LifecycleAction) -> Decision:
    """Step 3: ask the agent to finish. An instance whose agent cannot be asked is let go at once."""
    backup_id = _served_backup(services)
    concerns(backup_id)
    group_of_instance = services.group.group_of(action.instance_id)
    decision = decide_hold(action, services.settings.group_name, group_of_instance, backup_id)
    if decision.action is Action.LET_GO:
        services.group.complete(action)
    if decision.action is Action.ASK_AGENT and backup_id:
        return _ask_agent(services, action, backup_id, decision)
    return decision


def _ask_agent(services: Services, action: LifecycleAction, backup_id: BackupId, decision: Decision) -> Decision:
    minutes = services.settings.lifecycle_hold_minutes
    try:
        command = services.run_command.send_finish(action, backup_id, timeout_minutes=minutes)
    except InstanceNotManaged as unmanaged:
        _logger.exception("The agent cannot be asked to finish: %s", unmanaged.next_step)
        services.group.complete(action)
        return Decision(Action.LET_GO, unmanaged.message)
    _logger.info("The agent is asked to finish", extra={"facts": {"command_id": command}})
    return decision


def finish_failed(services: Services, now: datetime, failed: FinishFailed) -> Decision:
    """No agent will let this instance go: record what is known of its backup, and let it go."""
    concerns(failed.backup_id)
    decision = decide_failed_finish(failed.action, services.settings.group_name, failed.status)
    if decision.action is Action.LET_GO:
        try:
            _close_unfinished(services, now, failed)
        finally:
            services.group.complete(failed.action)
    return decision


def _close_unfinished(services: Services, now: datetime, failed: FinishFailed) -> None:
    """Its mail is sent when the instance is gone, as always."""
    try:
        backup = services.store.get(failed.backup_id)
    except RecordGone:
        return
    instance_id = failed.action.instance_id
    if backup.has_ended or backup.instance_id not in (None, instance_id):
        return
    output = services.run_command.output(failed.command_id, instance_id)
    try:
        services.store.update(backup, replace(after_failed_finish(backup, now, output), instance_id=instance_id))
    except RecordChanged:
        _logger.info("The agent reported at the last moment")


def instance_gone(services: Services, now: datetime, group: str, instance_id: str) -> Decision:
    """Step 5: report how the backup ended, and clean up after it."""
    backup_id = _served_backup(services)
    concerns(backup_id)
    situation = Situation(services.settings.group_name, services.group.desired_capacity(), now)
    try:
        backup = services.store.get(backup_id) if backup_id else None
    except RecordGone:
        return _close_vanished(services, situation, group, str(backup_id))
    decision = decide_gone(group, instance_id, backup, situation)
    if decision.action is Action.CLOSE and backup:
        _close(services, backup, instance_id, now)
        _clean_up(services, situation)
    return decision


def _close_vanished(services: Services, situation: Situation, group: str, backup_id: str) -> Decision:
    if group != situation.our_group:
        return Decision(Action.IGNORE, f"the group {group} is not ours")
    if services.stop_rule.describe_target() is None:
        return Decision(Action.IGNORE, f"the record of {backup_id} is gone, and its rule too: it was closed before")
    services.notifier.report(report_on_vanished(backup_id, services.settings))
    _clean_up(services, situation)
    return Decision(Action.CLOSE, f"the record of {backup_id} is gone")


def _close(services: Services, backup: BackupRecord, instance_id: str, now: datetime) -> None:
    ended = backup if backup.has_ended else without_report(backup, now, instance_id=instance_id)
    known = _with_facts_after(services, ended, now)
    try:
        services.store.update(backup, known)
    except RecordChanged:
        _logger.info("The agent reported at the last moment")
        known = services.store.get(backup.backup_id)
    services.metrics.put({
        "BackupDuration": known.seconds,
        "NumberOfFiles": known.number_of_files,
        "NumberOfFilesTransferred": known.number_of_files_transferred,
        "TotalFileSize": known.total_file_size,
        "TotalTransferredFileSize": known.total_transferred_file_size,
    }, now)  # fmt: skip
    services.anonymous_metrics.send(known, now)
    tell(services, known, now)


def _with_facts_after(services: Services, backup: BackupRecord, now: datetime) -> BackupRecord:
    balance = services.metrics.burst_credit_balance(services.settings.source_file_system, now)
    return replace(backup, source_burst_credit_balance_after=balance)


def _clean_up(services: Services, situation: Situation) -> None:
    services.stop_rule.disarm()
    if situation.desired_capacity > 0:
        services.group.stop_instance()


def _served_backup(services: Services) -> BackupId | None:
    """The backup that the instance serves: the stop rule knows it, and when that is gone the store."""
    return services.stop_rule.describe_target() or services.store.latest()
