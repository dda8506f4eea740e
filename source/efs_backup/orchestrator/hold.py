"""Step 3: an instance is held for its agent to finish; there may be none, or none that answers."""

import logging
from dataclasses import replace
from datetime import datetime

from efs_backup.domain.errors import CommandDenied, InstanceNotManaged, RecordChanged, RecordGone, ServiceFault
from efs_backup.domain.operations.instances import has_begun, may_close
from efs_backup.domain.operations.lifecycle import LAST_LINES, NO_AGENT, LifecycleAction
from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.operations.record_endings import after_failed_finish, failed_boot_log_key, without_agent
from efs_backup.domain.operations.triggers import FinishFailed
from efs_backup.domain.operations.workflow import Action, Decision, decide_failed_finish, decide_hold
from efs_backup.orchestrator.logs import concerns
from efs_backup.orchestrator.records import find_served
from efs_backup.orchestrator.services import Services

_logger = logging.getLogger(__name__)


def hold(services: Services, now: datetime, action: LifecycleAction) -> Decision:
    """Step 3: ask the agent to finish its backup. An instance whose agent cannot be asked is let go at once."""
    backup_id, backup = find_served(services, action.instance_id)
    concerns(backup_id)
    group_of_instance = services.group.group_of(action.instance_id)
    decision = decide_hold(action, services.settings.group_name, group_of_instance, backup_id)
    if decision.action is Action.LET_GO:
        services.group.complete(action)
    if decision.action is not Action.ASK_AGENT or backup_id is None:
        return decision
    try:
        _ask_agent(services, action, backup_id)
    except InstanceNotManaged as nobody:
        return _let_go(services, now, action, backup, nobody)
    except CommandDenied as nobody:
        if services.instances.find(action.instance_id).is_running:
            raise
        return _let_go(services, now, action, backup, nobody)
    return decision


def _ask_agent(services: Services, action: LifecycleAction, backup_id: BackupId) -> None:
    minutes = services.settings.lifecycle_hold_minutes
    command = services.run_command.send_finish(action, backup_id, timeout_minutes=minutes)
    _logger.info("The agent is asked to finish", extra={"facts": {"command_id": command}})


def _let_go(
    services: Services, now: datetime, action: LifecycleAction, backup: BackupRecord | None, nobody: ServiceFault
) -> Decision:
    """Nobody is there to be asked: what the instance has left of its boot says why, if it came to no agent."""
    _logger.warning("The agent cannot be asked to finish: %s %s", nobody.message, nobody.next_step)
    try:
        if backup and may_close(backup, action.instance_id) and not has_begun(backup):
            _close_by_boot_log(services, now, backup, action.instance_id)
    finally:
        services.group.complete(action)
    return Decision(Action.LET_GO, nobody.message)


def _close_by_boot_log(services: Services, now: datetime, backup: BackupRecord, instance_id: str) -> None:
    """A boot that fails stores its log before it gives up: that may be before Systems Manager knows the instance."""
    boot, address = _boot_log(services, instance_id)
    if boot:
        _update(services, backup, replace(without_agent(backup, now, instance_id, boot), logs=address))


def _boot_log(services: Services, instance_id: str) -> tuple[str, str | None]:
    """The last lines of a boot that failed, and where the rest is; "" and None where it has left nothing."""
    key = failed_boot_log_key(services.settings.folder_label, instance_id)
    lines = services.logs.last_lines(key, LAST_LINES)
    return lines, services.logs.address(key) if lines else None


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
    if not may_close(backup, instance_id):
        return
    output = services.run_command.output(failed.command_id, instance_id)
    ended = after_failed_finish(backup, now, instance_id, failed.status, output)
    logs = _boot_log(services, instance_id)[1] if output.code == NO_AGENT else None
    _update(services, backup, replace(ended, logs=logs))


def _update(services: Services, backup: BackupRecord, ended: BackupRecord) -> None:
    try:
        services.store.update(backup, ended)
    except RecordChanged:
        _logger.info("The agent reported at the last moment")
