"""Auto Scaling: the group whose one instance makes the backups."""

from typing import TYPE_CHECKING

from efs_backup.domain.errors import GroupBusy, GroupMissing
from efs_backup.domain.operations.lifecycle import LifecycleAction
from efs_backup.lib.aws_errors import ignored, translated

if TYPE_CHECKING:
    from mypy_boto3_autoscaling import AutoScalingClient
    from mypy_boto3_autoscaling.type_defs import AutoScalingGroupTypeDef

_NO_ACTION = "No active Lifecycle Action"


class BackupGroup:
    """One Auto Scaling group, by name."""

    def __init__(self, client: "AutoScalingClient", name: str) -> None:
        self._client = client
        self.name = name

    def start_instance(self) -> None:
        """Want one instance. Raises GroupMissing, GroupBusy."""
        self._want(1)

    def stop_instance(self) -> None:
        """Want none. Raises GroupMissing, GroupBusy."""
        self._want(0)

    def desired_capacity(self) -> int:
        """How many instances are wanted. Raises GroupMissing."""
        return self._describe()["DesiredCapacity"]

    def instances(self) -> list[str]:
        """The instances that are there, in whatever state. Raises GroupMissing."""
        return [instance["InstanceId"] for instance in self._describe()["Instances"]]

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

    def heartbeat(self, action: LifecycleAction) -> None:
        """Hold an instance for another timeout of its hook; it may be gone already."""
        with ignored("ValidationError", saying=_NO_ACTION):
            self._client.record_lifecycle_action_heartbeat(
                AutoScalingGroupName=action.group,
                LifecycleHookName=action.hook,
                LifecycleActionToken=action.token,
                InstanceId=action.instance_id,
            )

    def _describe(self) -> "AutoScalingGroupTypeDef":
        groups = self._client.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])["AutoScalingGroups"]
        if not groups:
            raise self._missing()
        return groups[0]

    def _want(self, capacity: int) -> None:
        busy = GroupBusy(f"The Auto Scaling group {self.name} is in the middle of a change.", "It is tried again.")
        with (
            translated(self._missing(), "ValidationError", saying="not found"),
            translated(busy, "ScalingActivityInProgress"),
        ):
            self._client.set_desired_capacity(
                AutoScalingGroupName=self.name, DesiredCapacity=capacity, HonorCooldown=False
            )

    def _missing(self) -> GroupMissing:
        return GroupMissing(f"There is no Auto Scaling group {self.name}.", "Deploy the stack again.")
