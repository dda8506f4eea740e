"""The fence of a fleet, around one instance of an emulated group."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from deployment.local_cloud.aws.lifecycle import Lifecycle
from efs_backup.domain.sharing.fleet import NotFenced
from efs_backup.lib import fence
from efs_backup.lib.asg import BackupGroup, GroupState
from efs_backup.lib.ec2 import Instances
from efs_backup.lib.fence import GRACE_SECONDS, PATIENCE_SECONDS, GroupFence
from tests.support.nightly import mostly_nightly

NAME, MOST = "nightly-group", 4


@dataclass
class Group:
    """A group with a terminate hook. Its time passes only where somebody waits."""

    scaling: Any
    compute: Any
    time: float = 0.0
    beats: int = 0
    meanwhile: dict[float, Any] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Its instances, in whatever state, oldest first."""
        (group,) = self.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[NAME])["AutoScalingGroups"]
        return [each["InstanceId"] for each in group["Instances"]]

    def want(self, capacity: int) -> list[str]:
        """Have so many instances."""
        self.scaling.set_desired_capacity(AutoScalingGroupName=NAME, DesiredCapacity=capacity)
        return self.names

    def fence(self, own: str) -> GroupFence:
        """That of one of them."""
        return GroupFence(
            BackupGroup(self.scaling, NAME), Instances(self.compute), own, clock=lambda: self.time, sleep=self._sleep
        )

    def beat(self) -> None:
        """Something moves."""
        self.beats += 1

    def _sleep(self, seconds: float) -> None:
        self.time += seconds
        for due in [due for due in self.meanwhile if due <= self.time]:
            self.meanwhile.pop(due)()

    def is_terminated(self, name: str) -> bool:
        """Ask Amazon EC2 whether the instance is terminated."""
        return not Instances(self.compute).not_terminated([name])


@pytest.fixture
def group(aws: None, session: boto3.Session) -> Iterator[Group]:
    """None of its instances is there yet."""
    scaling, compute = session.client("autoscaling"), session.client("ec2")
    scaling.create_launch_configuration(
        LaunchConfigurationName="launch", ImageId="ami-12345678", InstanceType="c7g.large"
    )
    with Lifecycle(lambda _: None).in_force():
        scaling.create_auto_scaling_group(
            AutoScalingGroupName=NAME, LaunchConfigurationName="launch", MinSize=0, MaxSize=MOST, DesiredCapacity=0,
            AvailabilityZones=["us-east-1a"],
        )  # fmt: skip
        scaling.put_lifecycle_hook(
            AutoScalingGroupName=NAME, LifecycleHookName="goodbye",
            LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
        )  # fmt: skip
        yield Group(scaling, compute)


@pytest.mark.parametrize("leader", mostly_nightly([1, 0, 2]))
def test_everybody_else_is_terminated_and_nobody_comes_in_their_place(group: Group, leader: int) -> None:
    """Whichever the group would choose by itself; the frozen ones are let go when they had time to say goodbye."""
    names = group.want(3)
    own = names[leader]
    group.fence(own).close(group.beat)
    assert group.names == [own]
    assert [group.is_terminated(name) for name in names] == [name != own for name in names]
    assert GRACE_SECONDS < group.time < PATIENCE_SECONDS
    assert group.beats


def test_a_held_instance_that_goes_by_itself_is_not_waited_for(group: Group) -> None:
    """Its agent has completed the hook."""
    own, other = group.want(2)
    group.meanwhile[5.0] = lambda: BackupGroup(group.scaling, NAME).release(other)
    group.fence(own).close(group.beat)
    assert group.time < GRACE_SECONDS


def test_who_is_alone_is_so_at_once(group: Group) -> None:
    """Nothing is protected, and nothing waited for."""
    (own,) = group.want(1)
    group.fence(own).close(group.beat)
    assert (group.time, BackupGroup(group.scaling, NAME).state().protected) == (0.0, ())


def test_a_leader_of_former_times_is_protected_in_vain(group: Group) -> None:
    """The former instance took itself for the leader; its protection is taken off."""
    own, former = group.want(2)
    BackupGroup(group.scaling, NAME).protect(former)
    group.fence(own).close(group.beat)
    assert group.names == [own]


def test_who_is_about_to_go_itself_waits_for_the_others_that_go_too(group: Group) -> None:
    """All are to go: the capacity is left as it is."""
    names = group.want(3)
    group.want(0)
    group.fence(names[0]).close(group.beat)
    assert group.names == [names[0]]
    assert BackupGroup(group.scaling, NAME).state().desired_capacity == 0


def test_who_is_taken_away_while_others_stay_is_not_the_leader_any_more(group: Group) -> None:
    """Another one takes over; this one publishes nothing."""
    own, _ = group.want(2)
    group.scaling.terminate_instance_in_auto_scaling_group(InstanceId=own, ShouldDecrementDesiredCapacity=True)
    with pytest.raises(NotFenced, match="on its way out"):
        group.fence(own).close(group.beat)


@pytest.mark.long
def test_an_instance_that_cannot_be_terminated_is_named(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a quarter of an hour."""
    own, other = group.want(2)
    monkeypatch.setattr(BackupGroup, "release", lambda *_: None)
    with pytest.raises(NotFenced, match=other):
        group.fence(own).close(group.beat)
    assert PATIENCE_SECONDS <= group.time < PATIENCE_SECONDS + fence.LOOK_SECONDS


def test_single_instances_are_expelled(group: Group) -> None:
    """The others stay; one that is gone for long, or is the instance itself, costs nothing."""
    own, lost, other = group.want(3)
    group.fence(own).expel({lost, own, "i-0123456789abcdef0"}, group.beat)
    assert group.names == [own, other]
    assert group.is_terminated(lost)
    assert BackupGroup(group.scaling, NAME).state().desired_capacity == 2


def test_a_service_that_refuses_for_a_while_is_asked_again(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nobody is taken for gone meanwhile."""
    (own,) = group.want(1)
    throttled = ClientError({"Error": {"Code": "Throttling", "Message": "slowly"}}, "DescribeAutoScalingGroups")
    refusals, state = iter([throttled, throttled]), BackupGroup.state

    def refused(of: BackupGroup) -> GroupState:
        if refusal := next(refusals, None):
            raise refusal
        return state(of)

    monkeypatch.setattr(BackupGroup, "state", refused)
    group.fence(own).close(group.beat)
    assert group.beats == 2
