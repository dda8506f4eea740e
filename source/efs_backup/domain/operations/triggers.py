"""Triggers of the orchestrator: a raw event is read into one of a few."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.operations.hold_requests import HoldAction
from efs_backup.domain.operations.lifecycle import LifecycleAction, read_commands
from efs_backup.domain.operations.pin_requests import PinAction, Wish
from efs_backup.domain.operations.record import BackupId, Mode
from efs_backup.domain.requests.restore_order import RestoreOrder

LIFECYCLE_EVENT = "EC2 Instance-terminate Lifecycle Action"
TERMINATED_EVENT = "EC2 Instance Terminate Successful"
NOT_LAUNCHED_EVENT = "EC2 Instance Launch Unsuccessful"
AUTO_SCALING_SOURCE = "aws.autoscaling"
COMMAND_EVENT = "EC2 Command Status-change Notification"
SYSTEMS_MANAGER_SOURCE = "aws.ssm"

RUNNING = "running"
"""In the place of a backup's id: the one that runs. Only for who waits for the answer, for an event may come late."""

_NOBODY = "an event of the orchestrator"
"""Who asks, where an event does not say so."""

_WINDOW = "window"

NOT_FAILED = ("Pending", "InProgress", "Delayed", "Cancelling", "Success")
"""The statuses of a command that still runs, or has done what it should (Systems Manager User Guide, "Understanding
command statuses"); whatever else there is means that it will do no more."""


@dataclass(frozen=True)
class StartBackup:
    """The schedule has fired. `event_id` is the same for each delivery of one firing; None if a person asks.

    `label`, `interval`: the row that is backed up; without a label the first one.
    """

    event_id: str | None = None
    label: str | None = None
    interval: str | None = None


@dataclass(frozen=True)
class StartDrill:
    """The schedule of drills has fired; `event_id` as of a backup."""

    event_id: str | None = None


@dataclass(frozen=True)
class StopBackup:
    """The window of this backup closes soon, as the stop rule says; or a person wants it stopped, for a `reason`.

    `event_id` as of a backup, where a `reason` that names it tells deliveries apart.
    """

    backup_id: str
    reason: str = ""
    closes_window: bool = False
    event_id: str | None = None


@dataclass(frozen=True)
class InstanceStopping:
    """The group wants to terminate an instance, and waits for its agent."""

    action: LifecycleAction


@dataclass(frozen=True)
class InstanceGone:
    """An instance of the group is terminated."""

    group: str
    instance_id: str


@dataclass(frozen=True)
class LaunchFailed:
    """The group could not launch an instance, and tries again; `cause` is what Auto Scaling says."""

    group: str
    cause: str


@dataclass(frozen=True)
class FinishFailed:
    """The command that should let the agent of a held instance finish has ended otherwise."""

    action: LifecycleAction
    backup_id: BackupId
    command_id: str
    status: str


@dataclass(frozen=True)
class Reconcile:
    """Time to look for what was forgotten."""


@dataclass(frozen=True)
class LookForDue:
    """Time to look which rows are due, whose turn it is, and whose window has closed."""


@dataclass(frozen=True)
class AskHold:
    """A person wants a hold, or an end of it: the next agent of the row carries it out. The rest is as of a backup."""

    action: HoldAction
    reason: str
    by: str
    event_id: str | None = None
    label: str | None = None
    interval: str | None = None


@dataclass(frozen=True)
class AskPin:
    """A person wants something of one snapshot: the next agent of the row carries it out. The rest as of a backup."""

    wish: Wish
    event_id: str | None = None
    label: str | None = None
    interval: str | None = None


@dataclass(frozen=True)
class AskRestore:
    """A person wants something restored into the source, or a restore undone. `event_id` as of a backup."""

    order: RestoreOrder
    event_id: str | None = None


@dataclass(frozen=True)
class UnknownTrigger:
    """Nothing that the orchestrator knows; `reason` says why."""

    reason: str


KnownTrigger = (
    StartBackup | StartDrill | StopBackup | InstanceStopping | InstanceGone | LaunchFailed | FinishFailed | Reconcile
)
Trigger = KnownTrigger | LookForDue | AskHold | AskPin | AskRestore | UnknownTrigger


def read_trigger(event: Any) -> Trigger:
    """Read an event into its trigger; one that cannot be read is an UnknownTrigger with its reason, no exception."""
    if not isinstance(event, Mapping):
        return UnknownTrigger(f"an event is an object, not {type(event).__name__}")
    own = {"backup": _own_event, Mode.DRILL: _drill_event, Mode.RESTORE: _restore_event}.get(str(event.get("mode")))
    if own is not None:
        return own(event)
    if event.get("source") == AUTO_SCALING_SOURCE:
        return _group_event(event)
    if event.get("source") == SYSTEMS_MANAGER_SOURCE:
        return _command_event(event)
    return UnknownTrigger("it comes neither from this solution nor from Auto Scaling or Systems Manager")


def start_event(label: str | None = None, interval: str | None = None) -> dict[str, str]:
    """The event by which the schedule, or a person, starts a backup; of the first row, unless told."""
    return {"mode": "backup", "action": "start", **of_row(label, interval)}


def of_row(label: str | None, interval: str | None) -> dict[str, str]:
    """The fields that an event about a further row has besides."""
    row = {"label": label, "interval": interval}
    return {name: value for name, value in row.items() if value}


def due_event() -> dict[str, str]:
    """The event that looks which rows are due."""
    return {"mode": "backup", "action": "due"}


def drill_event() -> dict[str, str]:
    """The event by which the schedule, or a person, starts a drill."""
    return {"mode": str(Mode.DRILL), "action": "start"}


def restore_event(order: RestoreOrder, event_id: str) -> dict[str, Any]:
    """The event by which a person orders a restore, or an undo."""
    action = "start" if order.undoes is None else "undo"
    return {"mode": str(Mode.RESTORE), "action": action, "event_id": event_id, **order.to_event()}


def stop_event(backup_id: str, reason: str = "") -> dict[str, str]:
    """The event by which a person ends a backup, for a reason."""
    event = {"mode": "backup", "action": "stop", "backup_id": backup_id}
    return {**event, "reason": reason} if reason else event


def window_event(backup_id: str) -> dict[str, str]:
    """The event by which the stop rule ends the window of a backup: nobody else sends it, whatever the clock says."""
    return {**stop_event(backup_id), "because": _WINDOW}


def hold_event(action: HoldAction, reason: str, by: str) -> dict[str, str]:
    """The event by which a person asks for a hold, or for its release."""
    return {"mode": "backup", "action": str(action), "reason": reason, "by": by}


def reconcile_event() -> dict[str, str]:
    """The event that looks for what was forgotten."""
    return {"mode": "backup", "action": "reconcile"}


_PLAIN: Mapping[str, Trigger] = {"reconcile": Reconcile(), "due": LookForDue()}
"""The triggers that have no more to say than their name."""


def _own_event(event: Mapping[str, Any]) -> Trigger:
    match event.get("action"):
        case "start":
            return StartBackup(*(_text(event, name) for name in ("event_id", "label", "interval")))
        case "stop" if event.get("backup_id"):
            reason = str(event.get("reason") or "").strip()
            is_window = event.get("because") == _WINDOW
            return StopBackup(str(event["backup_id"]), reason, is_window, _text(event, "event_id"))
        case "stop":
            return UnknownTrigger("a stop must name its backup_id")
        case ("reconcile" | "due") as action:
            return _PLAIN[action]
        case _:
            return _person_event(event)


def _person_event(event: Mapping[str, Any]) -> Trigger:
    match event.get("action"):
        case ("hold" | "release") as action:
            return _hold_event(HoldAction(action), event)
        case ("pin" | "unpin" | "note") as action:
            return _pin_event(PinAction(action), event)
        case other:
            return UnknownTrigger(f"there is no action {other!r}")


def _text(event: Mapping[str, Any], name: str) -> str | None:
    return str(event[name]) if event.get(name) else None


def _hold_event(action: HoldAction, event: Mapping[str, Any]) -> Trigger:
    reason, by, event_id = (str(event.get(name) or "").strip() for name in ("reason", "by", "event_id"))
    if not reason:
        return UnknownTrigger(f"a {action} must give its reason")
    return AskHold(action, reason, by or _NOBODY, event_id or None, _text(event, "label"), _text(event, "interval"))


def _pin_event(action: PinAction, event: Mapping[str, Any]) -> Trigger:
    try:
        wish = Wish.read(action, event, _NOBODY)
    except WrongUsage as error:
        return UnknownTrigger(error.message)
    return AskPin(wish, *(_text(event, name) for name in ("event_id", "label", "interval")))


def _drill_event(event: Mapping[str, Any]) -> Trigger:
    if event.get("action") != "start":
        return UnknownTrigger(f"a drill knows no action {event.get('action')!r}")
    event_id = event.get("event_id")
    return StartDrill(str(event_id) if event_id else None)


def _restore_event(event: Mapping[str, Any]) -> Trigger:
    action = event.get("action")
    if action not in {"start", "undo"}:
        return UnknownTrigger(f"a restore knows no action {action!r}")
    try:
        order = RestoreOrder.of_event(event)
    except WrongUsage as refused:
        return UnknownTrigger(refused.message)
    if (order.undoes is not None) is not (action == "undo"):
        return UnknownTrigger("a quarantine is given for an undo, and for nothing else")
    event_id = event.get("event_id")
    return AskRestore(order, str(event_id) if event_id else None)


def _group_event(event: Mapping[str, Any]) -> Trigger:
    kind, detail = event.get("detail-type"), event.get("detail")
    if not isinstance(detail, Mapping):
        return UnknownTrigger(f"the event {kind!r} has no detail")
    try:
        if kind == LIFECYCLE_EVENT:
            return InstanceStopping(_lifecycle_action(detail))
        if kind == TERMINATED_EVENT:
            return InstanceGone(str(detail["AutoScalingGroupName"]), str(detail["EC2InstanceId"]))
        if kind == NOT_LAUNCHED_EVENT:
            return LaunchFailed(str(detail["AutoScalingGroupName"]), _cause(detail))
    except KeyError as error:
        return UnknownTrigger(f"the detail of {kind!r} has no {error.args[0]}")
    return UnknownTrigger(f"{kind!r} is of no concern")


def _cause(detail: Mapping[str, Any]) -> str:
    """The cause of a failed launch, on one line: Auto Scaling's message, which may be empty, or its description."""
    told = (" ".join(str(detail.get(name) or "").split()) for name in ("StatusMessage", "Description"))
    return next(filter(None, told), "Auto Scaling does not say why")


def _lifecycle_action(detail: Mapping[str, Any]) -> LifecycleAction:
    return LifecycleAction(
        group=str(detail["AutoScalingGroupName"]),
        hook=str(detail["LifecycleHookName"]),
        token=str(detail["LifecycleActionToken"]),
        instance_id=str(detail["EC2InstanceId"]),
    )


def _command_event(event: Mapping[str, Any]) -> Trigger:
    try:
        detail = event["detail"]
        command_id, status = str(detail["command-id"]), str(detail["status"])
        action, backup_id = read_commands([str(line) for line in detail["parameters"]["commands"]])
    except (KeyError, TypeError, ValueError) as error:
        return UnknownTrigger(f"the command is none of ours: {error}")
    if status in NOT_FAILED:
        return UnknownTrigger(f"the command {command_id} has not failed: {status}")
    return FinishFailed(action, backup_id, command_id, status)
