"""The handler: it reads the event, the clock and the environment, and hands over."""

import functools
import logging
from datetime import UTC, datetime
from typing import Any

from efs_backup.domain.operations.triggers import (
    AskHold,
    AskPin,
    AskRestore,
    FinishFailed,
    InstanceGone,
    InstanceStopping,
    KnownTrigger,
    LaunchFailed,
    LookForDue,
    Reconcile,
    StartBackup,
    StartDrill,
    StopBackup,
    UnknownTrigger,
    read_trigger,
)
from efs_backup.domain.operations.workflow import Decision
from efs_backup.orchestrator.ask_hold import ask_hold
from efs_backup.orchestrator.ask_pin import ask_pin
from efs_backup.orchestrator.ask_restore import ask_restore
from efs_backup.orchestrator.due import look_for_due, start_named
from efs_backup.orchestrator.end import instance_gone, stop
from efs_backup.orchestrator.hold import finish_failed, hold
from efs_backup.orchestrator.launch import launch_failed
from efs_backup.orchestrator.logs import one_event, tell_backups
from efs_backup.orchestrator.reconcile import reconcile
from efs_backup.orchestrator.services import Services
from efs_backup.orchestrator.start import start_drill

_logger = logging.getLogger(__name__)


@functools.cache
def services() -> Services:
    """The services of this container, made with its first event."""
    tell_backups()
    return Services.of_environment()


def handler(event: Any, context: Any) -> dict[str, str]:
    """Take one event; gives what was done and why. What is raised lets Lambda try the event again."""
    made, now = services(), datetime.now(UTC)
    with one_event():
        _logger.info("Event received", extra={"event": event})
        try:
            decision = _dispatch(event, made, now, context.aws_request_id)
        except Exception:
            _logger.exception("The event could not be handled; it is tried again")
            raise
        _logger.info("%s: %s", decision["action"], decision["reason"])
        return decision


def _dispatch(event: Any, made: Services, now: datetime, request_id: str) -> dict[str, str]:
    trigger = read_trigger(event)
    if isinstance(trigger, UnknownTrigger):
        _logger.warning("An unknown event, no action: %s", trigger.reason)
        return {"action": "ignore", "reason": trigger.reason}
    if isinstance(trigger, AskHold):
        decision = ask_hold(made, now, trigger, request_id)
    elif isinstance(trigger, AskPin):
        decision = ask_pin(made, now, trigger, request_id)
    elif isinstance(trigger, AskRestore):
        decision = ask_restore(made, now, trigger, request_id)
    elif isinstance(trigger, LookForDue):
        decision = look_for_due(made, now)
    else:
        decision = _take(trigger, made, now, request_id)
    return {"action": decision.action, "reason": decision.reason}


def _start(trigger: StartBackup | StartDrill, made: Services, now: datetime, request_id: str) -> Decision:
    if isinstance(trigger, StartBackup):
        return start_named(made, now, trigger, request_id)
    return start_drill(made, now, trigger.event_id or request_id)


def _take(trigger: KnownTrigger, made: Services, now: datetime, request_id: str) -> Decision:
    match trigger:
        case StartBackup() | StartDrill():
            decision = _start(trigger, made, now, request_id)
        case StopBackup() as wanted:
            decision = stop(made, now, wanted)
        case InstanceStopping(action):
            decision = hold(made, now, action)
        case InstanceGone(group, instance_id):
            decision = instance_gone(made, now, group, instance_id)
        case LaunchFailed(group, cause):
            decision = launch_failed(made, now, group, cause)
        case FinishFailed() as failed:
            decision = finish_failed(made, now, failed)
        case Reconcile():
            decision = reconcile(made, now)
    return decision
