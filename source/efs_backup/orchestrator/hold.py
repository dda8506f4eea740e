"""Step 3: an instance is held for its agent to finish; there may be none, or none that answers."""

import logging
from dataclasses import replace
from datetime import datetime

from efs_backup.domain.errors import CommandDenied, InstanceNotManaged, RecordChanged, RecordGone, ServiceFault
from efs_backup.domain.operations.instances import may_close
from efs_backup.domain.operations.lifecycle import LifecycleAction
from efs_backup.domain.operations.record import BackupId
from efs_backup.domain.operations.record_endings import after_failed_finish
from efs_backup.domain.operations.triggers import FinishFailed
from efs_backup.domain.operations.workflow import Action, Decision, decide_failed_finish, decide_hold
from efs_backup.orchestrator.leave_to_write import try_to_settle_leave
from efs_backup.orchestrator.logs import concerns
from efs_backup.orchestrator.records import find_served
from efs_backup.orchestrator.services import Services

_logger = logging.getLogger(__name__)


def hold(services: Services, now: datetime, action: LifecycleAction) -> Decision:
    """Step 3: ask the agent to finish its backup. An instance whose agent cannot be asked is let go at once."""
    backup_id, backup = find_served(services, action.instance_id)
    concerns(backup_id)
    if backup and backup.is_restore:  # it has ended, or is asked to end: then it keeps its leave for that
        try_to_settle_leave(services, now)
    group_of_instance = services.group.group_of(action.instance_id)
    decision = decide_hold(action, services.settings.group_name, group_of_instance, backup_id)
    if decision.action is Action.LET_GO:
        services.group.complete(action)
    if decision.action is not Action.ASK_AGENT or backup_id is None:
        return decision
    try:
        _ask_agent(services, action, backup_id)
    except InstanceNotManaged as nobody:
        return _let_go(services, action, nobody)
    except CommandDenied as nobody:
        if services.instances.find(action.instance_id).is_running:
            raise
        return _let_go(services, action, nobody)
    return decision


def _ask_agent(services: Services, action: LifecycleAction, backup_id: BackupId) -> None:
    minutes = services.settings.lifecycle_hold_minutes
    command = services.run_command.send_finish(action, backup_id, timeout_minutes=minutes)
    _logger.info("The agent is asked to finish", extra={"command_id": command})


def _let_go(services: Services, action: LifecycleAction, nobody: ServiceFault) -> Decision:
    """A boot that failed before Systems Manager knew the instance has closed its record itself, if it could."""
    _logger.warning("The agent cannot be asked to finish: %s %s", nobody.message, nobody.next_step)
    services.group.complete(action)
    return Decision(Action.LET_GO, nobody.message)


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
    """Its mail is sent when the instance is gone, as always. Of several that nobody leads yet another one may lead."""
    try:
        backup = services.store.get(failed.backup_id)
    except RecordGone:
        return
    instance_id = failed.action.instance_id
    if not may_close(backup, instance_id) or (backup.is_shared and backup.instance_id is None):
        return
    output = services.run_command.output(failed.command_id, instance_id)
    ended = after_failed_finish(backup, now, instance_id, failed.status, output)
    try:
        services.store.update(backup, replace(ended, instance_id=instance_id))
    except RecordChanged:
        _logger.info("The agent reported at the last moment")
