"""The group whose one instance makes the backups."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.autoscaling.models import autoscaling_backends

from deployment.local_cloud.aws.lifecycle import Event, Lifecycle
from efs_backup.domain.errors import EfsBackupError, GroupBusy, GroupMissing
from efs_backup.domain.operations.lifecycle import LifecycleAction
from efs_backup.domain.operations.triggers import InstanceGone, InstanceStopping, LaunchFailed, read_trigger
from efs_backup.lib.asg import BackupGroup, GroupState
from tests.lib.refusals import Refuse

if TYPE_CHECKING:
    from mypy_boto3_autoscaling import AutoScalingClient

NAME = "nightly-group"


@dataclass
class Cloud:
    """Groups with a terminate hook, and the events around their instances."""

    client: "AutoScalingClient"
    lifecycle: Lifecycle
    events: list[Event]

    def create_group(self, name: str = NAME) -> BackupGroup:
        """A group of at most one instance."""
        self.client.create_auto_scaling_group(
            AutoScalingGroupName=name, LaunchConfigurationName="launch", MinSize=0, MaxSize=1, DesiredCapacity=0,
            AvailabilityZones=["us-east-1a"],
        )  # fmt: skip
        self.client.put_lifecycle_hook(
            AutoScalingGroupName=name, LifecycleHookName="goodbye",
            LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
        )  # fmt: skip
        return BackupGroup(self.client, name)

    def instances(self, name: str = NAME) -> dict[str, str]:
        """The instances of a group, and the states they are in."""
        group = self.client.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]
        return {known["InstanceId"]: known["LifecycleState"] for known in group["Instances"]}

    def hold_one(self, group: BackupGroup) -> LifecycleAction:
        """Start an instance and stop it again; gives its hold."""
        group.start_instance()
        group.stop_instance()
        trigger = read_trigger(self.events[-1])
        assert isinstance(trigger, InstanceStopping)
        return trigger.action


@pytest.fixture(scope="module")
def client(session: boto3.Session) -> "AutoScalingClient":
    """Auto Scaling."""
    return session.client("autoscaling")


@pytest.fixture
def cloud(aws: None, client: "AutoScalingClient") -> Iterator[Cloud]:
    """Auto Scaling without groups."""
    client.create_launch_configuration(
        LaunchConfigurationName="launch", ImageId="ami-12c6146b", InstanceType="t3.micro"
    )
    events: list[Event] = []
    with Lifecycle(events.append).in_force() as lifecycle:
        yield Cloud(client, lifecycle, events)


@pytest.fixture
def group(cloud: Cloud) -> BackupGroup:
    """A group without instances."""
    return cloud.create_group()


def test_a_start_gives_one_instance(cloud: Cloud, group: BackupGroup) -> None:
    """The group launches it."""
    group.start_instance()
    (instance,) = cloud.instances()
    assert list(cloud.instances().values()) == ["InService"]
    assert group.state() == GroupState(1, (instance,), serving=(instance,), held=())


def test_a_start_that_is_repeated_gives_no_second_instance(cloud: Cloud, group: BackupGroup) -> None:
    """One is wanted, and one is there."""
    group.start_instance()
    before = cloud.instances()
    group.start_instance()
    assert cloud.instances() == before


def test_a_stop_wants_no_instance_and_holds_the_one_that_goes(cloud: Cloud, group: BackupGroup) -> None:
    """Its agent gets time to say goodbye."""
    group.start_instance()
    group.stop_instance()
    (instance,) = cloud.instances()
    assert list(cloud.instances().values()) == ["Terminating:Wait"]
    assert group.state() == GroupState(0, (instance,), serving=(), held=(instance,))


@pytest.mark.parametrize("started", [True, False])
def test_a_stop_may_be_repeated(cloud: Cloud, group: BackupGroup, started: bool) -> None:
    """Also where nothing was started; the instance is held once."""
    if started:
        group.start_instance()
    group.stop_instance()
    group.stop_instance()
    assert len(cloud.events) == int(started)


@pytest.mark.parametrize("call", ["start_instance", "stop_instance", "state"])
def test_a_group_that_does_not_exist_is_named(cloud: Cloud, call: str) -> None:
    """With what helps."""
    with pytest.raises(GroupMissing, match="no Auto Scaling group nowhere") as refused:
        getattr(BackupGroup(cloud.client, "nowhere"), call)()
    assert refused.value.next_step


@pytest.mark.parametrize("call", ["start_instance", "stop_instance"])
def test_a_group_in_the_middle_of_a_change_is_busy(cloud: Cloud, group: BackupGroup, refuse: Refuse, call: str) -> None:
    """The same request works later."""
    refuse(cloud.client, "set_desired_capacity", "ScalingActivityInProgress")
    with pytest.raises(GroupBusy, match=NAME):
        getattr(group, call)()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("AccessDenied", "Not authorized."),
        ("ValidationError", "New SetDesiredCapacity value 1 is above max value 0 for the AutoScalingGroup."),
    ],
)
def test_what_nobody_expected_of_a_group_is_told_as_it_is(
    cloud: Cloud, group: BackupGroup, refuse: Refuse, code: str, message: str
) -> None:
    """Nothing is called a missing group that is none."""
    refuse(cloud.client, "set_desired_capacity", code, message)
    with pytest.raises(ClientError, match=message.split(".", maxsplit=1)[0]):
        group.start_instance()


def test_an_instance_that_is_taken_away_is_held_and_no_other_comes_for_it(cloud: Cloud, group: BackupGroup) -> None:
    """Then one that is wanted is launched beside it."""
    group.start_instance()
    (old,) = cloud.instances()
    group.take_away(old)
    assert group.state() == GroupState(0, (old,), serving=(), held=(old,))
    group.start_instance()
    assert len(group.state().serving) == 1
    assert old not in group.state().serving


def test_an_instance_that_is_gone_may_be_taken_away(group: BackupGroup) -> None:
    """An instance may have gone by itself meanwhile."""
    group.take_away("i-0123456789abcdef0")


def test_a_held_instance_whose_token_nobody_knows_can_be_released(cloud: Cloud, group: BackupGroup) -> None:
    """Twice as well: its agent may let it go at the same moment."""
    action = cloud.hold_one(group)
    group.release(action.instance_id)
    group.release(action.instance_id)
    assert cloud.instances() == {}
    assert len(cloud.events) == 2


def test_a_group_that_cannot_launch_says_why_and_tries_again(cloud: Cloud, group: BackupGroup) -> None:
    """Each time; when it can, the instance comes."""
    cloud.lifecycle.refusal = "no capacity"
    group.start_instance()
    backend = autoscaling_backends["123456789012"][cloud.client.meta.region_name]
    cloud.lifecycle.try_to_launch(backend)
    assert [read_trigger(event) for event in cloud.events] == [LaunchFailed(NAME, "no capacity")] * 2
    assert group.state() == GroupState(1, (), serving=(), held=())
    cloud.lifecycle.refusal = ""
    cloud.lifecycle.try_to_launch(backend)
    assert len(group.state().serving) == 1


def test_an_instance_tells_its_group(cloud: Cloud, group: BackupGroup) -> None:
    """Also where there are others."""
    cloud.create_group("other").start_instance()
    group.start_instance()
    found = {name: [group.group_of(instance) for instance in cloud.instances(name)] for name in (NAME, "other")}
    assert found == {NAME: [NAME], "other": ["other"]}


def test_a_held_instance_still_tells_its_group(cloud: Cloud, group: BackupGroup) -> None:
    """A group is asked for while its instance is held."""
    assert group.group_of(cloud.hold_one(group).instance_id) == NAME


def test_an_instance_of_no_group_has_none(group: BackupGroup) -> None:
    """One started by hand, or one that is gone."""
    assert group.group_of("i-0123456789abcdef0") is None


def test_an_instance_is_held_until_its_action_is_completed(cloud: Cloud, group: BackupGroup) -> None:
    """Then it goes at once, and its group says so."""
    action = cloud.hold_one(group)
    group.complete(action)
    assert cloud.instances() == {}
    assert read_trigger(cloud.events[-1]) == InstanceGone(NAME, action.instance_id)


def test_a_hold_may_be_completed_twice(cloud: Cloud, group: BackupGroup) -> None:
    """The agent and the orchestrator may both do so."""
    action = cloud.hold_one(group)
    group.complete(action)
    group.complete(action)
    assert len(cloud.events) == 2


def test_a_heartbeat_keeps_the_hold(cloud: Cloud, group: BackupGroup) -> None:
    """For another timeout of the hook."""
    action = cloud.hold_one(group)
    group.heartbeat(action)
    assert cloud.lifecycle.heartbeats == [action.instance_id]
    assert cloud.instances() == {action.instance_id: "Terminating:Wait"}


@pytest.mark.parametrize("call", ["complete", "heartbeat"])
def test_an_instance_whose_hold_is_over_needs_nothing_more(cloud: Cloud, group: BackupGroup, call: str) -> None:
    """Neither a token of another hold nor an instance that is gone is a fault."""
    action = cloud.hold_one(group)
    getattr(group, call)(replace(action, token="0" * 36))
    assert cloud.instances() == {action.instance_id: "Terminating:Wait"}
    group.complete(action)
    getattr(group, call)(action)
    assert cloud.instances() == {}


@pytest.mark.parametrize(
    ("call", "operation"),
    [("complete", "complete_lifecycle_action"), ("heartbeat", "record_lifecycle_action_heartbeat")],
)
@pytest.mark.parametrize(
    ("code", "message"), [("AccessDenied", "Not authorized."), ("ValidationError", "No such hook.")]
)
def test_a_hold_that_cannot_be_changed_is_told(
    cloud: Cloud, group: BackupGroup, refuse: Refuse, call: str, operation: str, code: str, message: str
) -> None:
    """Else an instance would be held for the whole timeout, and nobody would know why."""
    action = LifecycleAction(NAME, "goodbye", "0" * 36, "i-1")
    refuse(cloud.client, operation, code, message)
    with pytest.raises(ClientError, match=message) as refused:
        getattr(group, call)(action)
    assert not isinstance(refused.value, EfsBackupError)
