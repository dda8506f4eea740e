"""The triggers that wake the orchestrator."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.operations.hold_requests import HoldAction
from efs_backup.domain.operations.lifecycle import LifecycleAction, create_commands
from efs_backup.domain.operations.record import BackupId
from efs_backup.domain.operations.triggers import (
    AUTO_SCALING_SOURCE,
    COMMAND_EVENT,
    LIFECYCLE_EVENT,
    NOT_FAILED,
    NOT_LAUNCHED_EVENT,
    SYSTEMS_MANAGER_SOURCE,
    TERMINATED_EVENT,
    AskHold,
    FinishFailed,
    InstanceGone,
    InstanceStopping,
    LaunchFailed,
    Reconcile,
    StartBackup,
    StopBackup,
    Trigger,
    UnknownTrigger,
    read_trigger,
    reconcile_event,
    start_event,
    stop_event,
)

ACTION = LifecycleAction("nightly-group", "goodbye", "87654321-4321-4321-4321-210987654321", "i-0123456789")


def from_group(kind: str, **changes: Any) -> dict[str, Any]:
    """An event of Auto Scaling as EventBridge delivers it; None takes an entry of the detail away."""
    detail = {
        "AutoScalingGroupName": ACTION.group, "LifecycleHookName": ACTION.hook, "LifecycleActionToken": ACTION.token,
        "EC2InstanceId": ACTION.instance_id, "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING", **changes,
    }  # fmt: skip
    return {
        "version": "0", "id": "12345678-1234-1234-1234-123456789012", "detail-type": kind,
        "source": AUTO_SCALING_SOURCE, "account": "123456789012", "time": "2026-11-22T05:00:00Z",
        "region": "us-east-1", "resources": [],
        "detail": {name: value for name, value in detail.items() if value is not None},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("event", "trigger"),
    [
        (start_event(), StartBackup()),
        (stop_event("0badcafe"), StopBackup("0badcafe")),
        (reconcile_event(), Reconcile()),
    ],
)
def test_what_is_written_is_read_again(event: dict[str, str], trigger: Trigger) -> None:
    """Our own events, after their way through EventBridge as JSON."""
    assert read_trigger(json.loads(json.dumps(event))) == trigger


@pytest.mark.parametrize("action", [*HoldAction])
def test_a_hold_and_its_release_need_a_reason(action: HoldAction) -> None:
    """And may say who asks."""
    event = {"mode": "backup", "action": str(action), "reason": " meant ", "by": "ann", "event_id": "event 1"}
    assert read_trigger(event) == AskHold(action, "meant", "ann", "event 1")
    assert read_trigger({**event, "by": None, "event_id": ""}) == AskHold(
        action, "meant", "an event of the orchestrator", None
    )
    for reason in ("", " ", None):
        assert isinstance(read_trigger({**event, "reason": reason}), UnknownTrigger)


def test_a_start_knows_the_event_that_asked_for_it() -> None:
    """Each delivery of one event asks for the same backup."""
    assert read_trigger({**start_event(), "event_id": "12345678-1234"}) == StartBackup("12345678-1234")


@pytest.mark.parametrize("event_id", ["", None])
def test_a_start_without_an_event_is_one_that_a_person_asks_for(event_id: str | None) -> None:
    """An empty id counts as none: else all such starts would be the same backup."""
    assert read_trigger({**start_event(), "event_id": event_id}) == StartBackup()


def test_a_held_instance_is_read_with_all_that_its_group_must_be_told() -> None:
    """Group, hook, token and instance."""
    assert read_trigger(from_group(LIFECYCLE_EVENT)) == InstanceStopping(ACTION)


def test_a_terminated_instance_is_read_with_its_group() -> None:
    """Whether the group is ours is decided later."""
    event = from_group(TERMINATED_EVENT, LifecycleHookName=None, LifecycleActionToken=None)
    assert read_trigger(event) == InstanceGone(ACTION.group, ACTION.instance_id)


@pytest.mark.parametrize(
    ("told", "cause"),
    [
        ({"StatusMessage": "No\n  capacity.", "Description": "Launching."}, "No capacity."),
        ({"StatusMessage": "", "Description": "Launching. Reason: the key."}, "Launching. Reason: the key."),
        ({"StatusMessage": " "}, "Auto Scaling does not say why"),
    ],
)
def test_a_launch_that_failed_is_read_with_what_auto_scaling_says(told: dict[str, str], cause: str) -> None:
    """On one line; there may be no instance yet that it could name."""
    event = from_group(NOT_LAUNCHED_EVENT, EC2InstanceId="", LifecycleHookName=None, LifecycleActionToken=None, **told)
    assert read_trigger(event) == LaunchFailed(ACTION.group, cause)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (None, "an event is an object, not NoneType"),
        ("start", "an event is an object, not str"),
        ([start_event()], "an event is an object, not list"),
        ({}, "neither from this solution nor from Auto Scaling"),
        ({"mode": "another", "action": "start"}, "neither from this solution nor from Auto Scaling"),
        ({"source": "aws.ec2", "detail-type": TERMINATED_EVENT}, "neither from this solution nor from Auto Scaling"),
        ({"mode": "backup"}, "there is no action None"),
        ({"mode": "backup", "action": "begin"}, "there is no action 'begin'"),
        ({"mode": "backup", "action": ["start"]}, "there is no action ['start']"),
        ({"mode": "backup", "action": "stop"}, "a stop must name its backup_id"),
        ({"mode": "backup", "action": "stop", "backup_id": ""}, "a stop must name its backup_id"),
        ({"source": AUTO_SCALING_SOURCE, "detail-type": TERMINATED_EVENT}, f"the event {TERMINATED_EVENT!r} has no"),
        (from_group("EC2 Instance Launch Successful"), "'EC2 Instance Launch Successful' is of no concern"),
        (from_group("EC2 Instance-launch Lifecycle Action"), "is of no concern"),
        (from_group(LIFECYCLE_EVENT, LifecycleActionToken=None), "has no LifecycleActionToken"),
        (from_group(LIFECYCLE_EVENT, LifecycleHookName=None), "has no LifecycleHookName"),
        (from_group(LIFECYCLE_EVENT, AutoScalingGroupName=None), "has no AutoScalingGroupName"),
        (from_group(TERMINATED_EVENT, EC2InstanceId=None), "has no EC2InstanceId"),
        (from_group(NOT_LAUNCHED_EVENT, AutoScalingGroupName=None), "has no AutoScalingGroupName"),
        (from_group(TERMINATED_EVENT, AutoScalingGroupName=None), "has no AutoScalingGroupName"),
    ],
)
def test_what_cannot_be_read_says_why(event: Any, reason: str) -> None:
    """An event that cannot be read is logged and forgotten; nothing is done on a guess."""
    trigger = read_trigger(event)
    assert isinstance(trigger, UnknownTrigger)
    assert reason in trigger.reason


_leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=9)
_json = st.recursive(_leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner), max_leaves=9)
_near_misses = st.fixed_dictionaries(
    {},
    optional={
        "mode": st.just("backup") | _json,
        "action": st.sampled_from(["start", "stop", "reconcile"]) | _json,
        "backup_id": _json,
        "event_id": _json,
        "source": st.just(AUTO_SCALING_SOURCE) | _json,
        "detail-type": st.sampled_from([LIFECYCLE_EVENT, TERMINATED_EVENT, NOT_LAUNCHED_EVENT]) | _json,
        "detail": st.sampled_from([from_group(LIFECYCLE_EVENT)["detail"], {}]) | _json,
    },
)


@given(_json | _near_misses)
def test_no_event_is_ever_an_exception(event: Any) -> None:
    """Lambda would deliver it again and again."""
    assert isinstance(read_trigger(event), Trigger)


def of_command(status: str, lines: Any) -> dict[str, Any]:
    """An event of Systems Manager as EventBridge delivers it."""
    detail = {
        "command-id": "e8d3c0e4-71f7-4491-898f-c9b35bee5f3b", "document-name": "AWS-RunShellScript",
        "parameters": {"executionTimeout": ["3600"], "commands": lines}, "status": status,
    }  # fmt: skip
    return {"detail-type": COMMAND_EVENT, "source": SYSTEMS_MANAGER_SOURCE, "detail": detail}


@pytest.mark.parametrize("status", ["Failed", "TimedOut", "Cancelled", "Undeliverable", "what comes in later years"])
def test_a_finish_that_failed_is_read_with_all_that_its_group_must_be_told(status: str) -> None:
    """From the command's own arguments; whatever is no success, and no longer under way, is a failure."""
    event = of_command(status, create_commands(ACTION, BackupId("0badcafe")))
    failed = FinishFailed(ACTION, BackupId("0badcafe"), "e8d3c0e4-71f7-4491-898f-c9b35bee5f3b", status)
    assert read_trigger(json.loads(json.dumps(event))) == failed


@pytest.mark.parametrize("status", NOT_FAILED)
def test_a_finish_that_did_not_fail_is_of_no_concern(status: str) -> None:
    """An agent that finishes says itself how the backup ended."""
    event = of_command(status, create_commands(ACTION, BackupId("0badcafe")))
    assert isinstance(read_trigger(event), UnknownTrigger)


@pytest.mark.parametrize(
    "lines", [["date"], [], None, "date", 5, [5], ["an unclosed 'quote"], create_commands(ACTION, BackupId("0"))[:1]]
)
def test_a_command_of_others_is_of_no_concern(lines: Any) -> None:
    """Whatever it says."""
    assert isinstance(read_trigger(of_command("Failed", lines)), UnknownTrigger)


@given(st.builds(LifecycleAction, st.text(), st.text(), st.text(), st.text()), st.builds(BackupId, st.text()))
def test_a_finish_is_read_as_it_was_written(action: LifecycleAction, backup_id: BackupId) -> None:
    """Whatever the names."""
    trigger = read_trigger(of_command("Failed", create_commands(action, backup_id)))
    assert isinstance(trigger, FinishFailed)
    assert (trigger.action, trigger.backup_id) == (action, backup_id)
