"""The part of Auto Scaling that moto lacks: the hold of an instance that terminates, and the events around it."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, InstanceState
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import EmptyResult

Event = dict[str, Any]
Listener = Callable[[Event], None]

TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
HELD = "Terminating:Wait"

_set_capacity = FakeAutoScalingGroup.set_desired_capacity


class Lifecycle:
    """The life of instances in groups. `listener` gets each event as EventBridge would deliver it.

    An instance that is to go while its group has a terminate hook is held until its action is completed, or until
    `time_out` says that the hook's timeout is over; `time_out_due` looks at the clock for that.
    While `refusal` says why, nothing can be launched: the group tries once more with each `try_to_launch`.
    """

    def __init__(self, listener: Listener, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._listener = listener
        self._clock = clock
        self._held: dict[str, str] = {}
        self._patience: dict[str, datetime] = {}
        self.heartbeats: list[str] = []
        self.refusal = ""

    @contextmanager
    def in_force(self) -> Iterator["Lifecycle"]:
        """While this lasts, moto's groups behave like that."""
        with ExitStack() as patches:
            for owner, name, answer in (
                (FakeAutoScalingGroup, "set_desired_capacity", self.set_capacity),
                (AutoScalingResponse, "set_desired_capacity", self.answer_capacity),
                (AutoScalingResponse, "terminate_instance_in_auto_scaling_group", self.answer_termination),
                (AutoScalingResponse, "complete_lifecycle_action", self.answer_completion),
                (AutoScalingResponse, "record_lifecycle_action_heartbeat", self.answer_heartbeat),
            ):
                patches.enter_context(mock.patch.object(owner, name, _as_method(answer), create=True))
            yield self

    def lose(self, backend: AutoScalingBackend, instance_id: str) -> None:
        """An instance fails its health check: its group replaces it."""
        state = _state_of(backend, instance_id)
        self._let_go_or_hold(state.auto_scaling_group, state)

    def time_out(self, backend: AutoScalingBackend, instance_id: str) -> None:
        """The timeout of the hook is over."""
        self._release(backend, instance_id)

    def time_out_due(self, backend: AutoScalingBackend) -> None:
        """Time out all holds that have lasted for the timeout of their hook since they began or were renewed."""
        for instance_id, end in list(self._patience.items()):
            if end <= self._clock() and instance_id in self._held:
                self.time_out(backend, instance_id)

    def set_capacity(self, group: FakeAutoScalingGroup, wanted: int | None) -> None:
        """Launch at once, as moto does; let go what is too many by way of the hook, but for what is protected."""
        active = [state for state in group.active_instances() if state.lifecycle_state == "InService"]
        free = [state for state in active if not state.protected_from_scale_in]
        for state in free[max(0, (wanted or 0) - (len(active) - len(free))) :]:
            self._let_go_or_hold(group, state)
        group.desired_capacity = wanted or 0
        self._launch(group)

    def try_to_launch(self, backend: AutoScalingBackend) -> None:
        """Each group tries again to launch what it lacks."""
        for group in list(backend.autoscaling_groups.values()):
            self._launch(group)

    def _launch(self, group: FakeAutoScalingGroup) -> None:
        lacks = len(group.active_instances()) < (group.desired_capacity or 0)
        if lacks and self.refusal:
            self._listener(_not_launched(group, self.refusal))
        elif lacks:
            _set_capacity(group, group.desired_capacity)

    def answer_capacity(self, response: AutoScalingResponse) -> EmptyResult:
        """SetDesiredCapacity, with AWS's answer for a group that is not there."""
        name = response._get_param("AutoScalingGroupName")
        if name not in response.autoscaling_backend.autoscaling_groups:
            raise ValidationError(f"AutoScalingGroup name not found - {name}")
        wanted = response._get_int_param("DesiredCapacity") or 0
        group = response.autoscaling_backend.autoscaling_groups[name]
        if group.max_size is not None and wanted > int(group.max_size):
            raise ValidationError(f"New SetDesiredCapacity value {wanted} is above max value")
        response.autoscaling_backend.set_desired_capacity(name, wanted)
        return EmptyResult()

    def answer_termination(self, response: AutoScalingResponse) -> EmptyResult:
        """TerminateInstanceInAutoScalingGroup: by way of the hook, as everything that goes."""
        instance_id = str(response._get_param("InstanceId"))
        found = response.autoscaling_backend.describe_auto_scaling_instances([instance_id])
        if not found:
            raise ValidationError(f"Instance Id not found - No managed instance found for instance ID: {instance_id}")
        group = found[0].auto_scaling_group
        if response._get_bool_param("ShouldDecrementDesiredCapacity", False):
            group.desired_capacity -= 1
        if instance_id not in self._held:
            self._let_go_or_hold(group, found[0])
        return EmptyResult()

    def answer_completion(self, response: AutoScalingResponse) -> EmptyResult:
        """CompleteLifecycleAction."""
        instance_id = self._checked_instance(response)
        self._release(response.autoscaling_backend, instance_id)
        return EmptyResult()

    def answer_heartbeat(self, response: AutoScalingResponse) -> EmptyResult:
        """RecordLifecycleActionHeartbeat."""
        instance_id = self._checked_instance(response)
        self.heartbeats.append(instance_id)
        self._renew(instance_id, _state_of(response.autoscaling_backend, instance_id).auto_scaling_group)
        return EmptyResult()

    def _checked_instance(self, response: AutoScalingResponse) -> str:
        instance_id = str(response._get_param("InstanceId"))
        token = response._get_param("LifecycleActionToken")  # whoever names the instance needs none
        if instance_id not in self._held or token not in (None, self._held[instance_id]):
            raise ValidationError(f"No active Lifecycle Action found with instance ID {instance_id}")
        return instance_id

    def _let_go_or_hold(self, group: FakeAutoScalingGroup, state: InstanceState) -> None:
        hook = _hook_of(group)
        if hook is None:
            self._terminate(group, state)
            return
        token = str(uuid.uuid4())
        state.lifecycle_state = HELD
        self._held[state.instance_id] = token
        self._renew(state.instance_id, group)
        self._listener(_event("EC2 Instance-terminate Lifecycle Action", group, state, {
            "LifecycleActionToken": token, "LifecycleHookName": hook.name, "LifecycleTransition": TERMINATING,
            "Origin": "AutoScalingGroup", "Destination": "EC2",
        }))  # fmt: skip

    def _renew(self, instance_id: str, group: FakeAutoScalingGroup) -> None:
        self._patience[instance_id] = self._clock() + timedelta(seconds=_hook_of(group).heartbeat_timeout)

    def _release(self, backend: AutoScalingBackend, instance_id: str) -> None:
        del self._held[instance_id]
        state = _state_of(backend, instance_id)
        group = state.auto_scaling_group
        self._terminate(group, state)
        self._launch(group)  # another, where one is wanted

    def _terminate(self, group: FakeAutoScalingGroup, state: InstanceState) -> None:
        group.instance_states = [other for other in group.instance_states if other is not state]
        group.autoscaling_backend.ec2_backend.terminate_instances([state.instance_id])
        self._listener(_event("EC2 Instance Terminate Successful", group, state, {
            "StatusCode": "InProgress", "Description": f"Terminating EC2 instance: {state.instance_id}",
        }))  # fmt: skip


def _as_method(answer: Callable[..., Any]) -> Callable[..., Any]:
    """A function, so that the class whose attribute it becomes binds it to its instances."""

    def method(*arguments: Any) -> Any:
        return answer(*arguments)

    return method


def _hook_of(group: FakeAutoScalingGroup) -> Any:
    hooks = group.autoscaling_backend.lifecycle_hooks.values()
    return next(
        (
            hook
            for hook in hooks
            if hook.auto_scaling_group_name == group.name and hook.lifecycle_transition == TERMINATING
        ),
        None,
    )


def _state_of(backend: AutoScalingBackend, instance_id: str) -> InstanceState:
    return backend.describe_auto_scaling_instances([instance_id])[0]


def _not_launched(group: FakeAutoScalingGroup, refusal: str) -> Event:
    detail = {"StatusCode": "Failed", "Description": "Launching a new EC2 instance.", "StatusMessage": refusal}
    return _event_of("EC2 Instance Launch Unsuccessful", group, {"EC2InstanceId": "", **detail})


def _event(kind: str, group: FakeAutoScalingGroup, state: InstanceState, detail: Event) -> Event:
    return _event_of(kind, group, {"EC2InstanceId": state.instance_id, **detail})


def _event_of(kind: str, group: FakeAutoScalingGroup, detail: Event) -> Event:
    """An event as in the Amazon EC2 Auto Scaling User Guide, "Amazon EC2 Auto Scaling event reference"."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": kind,
        "source": "aws.autoscaling",
        "account": group.account_id,
        "region": group.region,
        "resources": [group.arn],
        "detail": {"AutoScalingGroupName": group.name, **detail},
    }
