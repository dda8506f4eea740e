"""Auto Scaling: the group whose instance, or instances, make the backups."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from efs_backup.domain.errors import GroupBusy, GroupMissing
from efs_backup.domain.operations.lifecycle import LifecycleAction
from efs_backup.lib.aws_errors import ignored, translated

if TYPE_CHECKING:
    from mypy_boto3_autoscaling import AutoScalingClient
    from mypy_boto3_autoscaling.type_defs import AutoScalingGroupTypeDef

_NO_ACTION = "No active Lifecycle Action"
_GONE = "not found"
_TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
_HELD = "Terminating:Wait"
_IN_SERVICE = "InService"
_GOING = "Terminat"
"""How the states of an instance begin that is on its way out, or is out."""


@dataclass(frozen=True)
class GroupState:
    """How many instances a group wants, and which it has: `held` ones wait to be let go, `serving` ones do not.

    `protected` ones stay although the group wants fewer.
    """

    desired_capacity: int
    instances: tuple[str, ...]
    serving: tuple[str, ...]
    held: tuple[str, ...]
    protected: tuple[str, ...] = ()


class BackupGroup:
    """One Auto Scaling group, by name."""

    def __init__(self, client: "AutoScalingClient", name: str) -> None:
        self._client = client
        self.name = name

    def start_instance(self, count: int = 1) -> None:
        """Want one instance, or so many in all. Raises GroupMissing, GroupBusy."""
        self._want(count)

    def stop_instance(self) -> None:
        """Want none. Raises GroupMissing, GroupBusy."""
        self._want(0)

    def state(self) -> GroupState:
        """How it is now. Raises GroupMissing."""
        group = self._describe()
        states = {instance["InstanceId"]: instance["LifecycleState"] for instance in group["Instances"]}
        return GroupState(
            group["DesiredCapacity"], tuple(states),
            serving=tuple(name for name, state in states.items() if not state.startswith(_GOING)),
            held=tuple(name for name, state in states.items() if state == _HELD),
            protected=tuple(
                instance["InstanceId"] for instance in group["Instances"]
                if instance.get("ProtectedFromScaleIn") and instance["LifecycleState"] == _IN_SERVICE
            ),
        )  # fmt: skip

    def take_away(self, instance_id: str, *, want_less: bool = True) -> None:
        """Terminate an instance by way of the hook, and want one less: it may be gone already. Raises GroupBusy."""
        with ignored("ValidationError", saying=_GONE), translated(self._busy(), "ScalingActivityInProgress"):
            self._client.terminate_instance_in_auto_scaling_group(
                InstanceId=instance_id, ShouldDecrementDesiredCapacity=want_less
            )

    def protect(self, instance_id: str) -> None:
        """Keep an instance although fewer are wanted; one that is on its way out already goes."""
        self._set_protection((instance_id,), protected=True)

    def unprotect(self, instance_ids: Sequence[str]) -> None:
        """Let the group choose these again where fewer are wanted; those on their way out go already."""
        if instance_ids:
            self._set_protection(instance_ids, protected=False)

    def group_of(self, instance_id: str) -> str | None:
        """The group that an instance belongs to, while it is held too; None where it is in none."""
        found = self._client.describe_auto_scaling_instances(InstanceIds=[instance_id])["AutoScalingInstances"]
        return found[0]["AutoScalingGroupName"] if found else None

    def complete(self, action: LifecycleAction) -> None:
        """Let a held instance go; it may be gone already."""
        with ignored("ValidationError", saying=_NO_ACTION):
            self._client.complete_lifecycle_action(
                AutoScalingGroupName=action.group,
                LifecycleHookName=action.hook,
                LifecycleActionToken=action.token,
                InstanceId=action.instance_id,
                LifecycleActionResult="CONTINUE",
            )

    def release(self, instance_id: str) -> None:
        """Let a held instance go whose token nobody knows; it may be gone already."""
        hooks = self._client.describe_lifecycle_hooks(AutoScalingGroupName=self.name)["LifecycleHooks"]
        for hook in hooks:
            if hook["LifecycleTransition"] == _TERMINATING:
                with ignored("ValidationError", saying=_NO_ACTION):
                    self._client.complete_lifecycle_action(
                        AutoScalingGroupName=self.name, LifecycleHookName=hook["LifecycleHookName"],
                        InstanceId=instance_id, LifecycleActionResult="CONTINUE",
                    )  # fmt: skip

    def heartbeat(self, action: LifecycleAction) -> None:
        """Hold an instance for another timeout of its hook; it may be gone already."""
        with ignored("ValidationError", saying=_NO_ACTION):
            self._client.record_lifecycle_action_heartbeat(
                AutoScalingGroupName=action.group,
                LifecycleHookName=action.hook,
                LifecycleActionToken=action.token,
                InstanceId=action.instance_id,
            )

    def _set_protection(self, instance_ids: Sequence[str], *, protected: bool) -> None:
        with ignored("ValidationError"):  # one of them is not in service, or gone
            self._client.set_instance_protection(
                AutoScalingGroupName=self.name, InstanceIds=list(instance_ids), ProtectedFromScaleIn=protected
            )

    def _describe(self) -> "AutoScalingGroupTypeDef":
        groups = self._client.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])["AutoScalingGroups"]
        if not groups:
            raise self._missing()
        return groups[0]

    def _want(self, capacity: int) -> None:
        with (
            translated(self._missing(), "ValidationError", saying="not found"),
            translated(self._busy(), "ScalingActivityInProgress"),
        ):
            self._client.set_desired_capacity(
                AutoScalingGroupName=self.name, DesiredCapacity=capacity, HonorCooldown=False
            )

    def _busy(self) -> GroupBusy:
        return GroupBusy(f"The Auto Scaling group {self.name} is in the middle of a change.", "It is tried again.")

    def _missing(self) -> GroupMissing:
        return GroupMissing(f"There is no Auto Scaling group {self.name}.", "Deploy the stack again.")
