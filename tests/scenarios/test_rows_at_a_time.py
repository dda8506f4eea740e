"""Two backups at a time: each has its own instance, its own stop, and its own end."""

from collections.abc import Iterator
from dataclasses import replace
from unittest import mock

import boto3
import pytest
from botocore.exceptions import ClientError

from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.sources.claims import claimable
from efs_backup.lib.source_table import SourceRows
from tests.scenarios.nights import assert_nothing_left
from tests.support.cloud import GROUP, Cloud, Faults
from tests.support.rows import NIGHTLY, add_row, further_sources, look, rows_of

pytestmark = pytest.mark.usefixtures("two")


@pytest.fixture
def two(cloud: Cloud) -> Iterator[None]:
    """Two backups at a time, and two further rows."""
    with further_sources(cloud, concurrent=2):
        add_row(cloud, "data")
        add_row(cloud, "web")
        yield


def claims(cloud: Cloud, instance_id: str) -> BackupRecord:
    """The agent of this instance takes the record that is best for it."""
    before, *_ = claimable(cloud.store.backups(), instance_id, cloud.now())
    after = replace(before, instance_id=instance_id, heartbeat_time=cloud.now())
    cloud.store.update(before, after)
    return after


def goes(cloud: Cloud, backup: BackupRecord, status: BackupStatus = BackupStatus.SUCCESS) -> None:
    """The agent reports, and ends its own instance alone."""
    cloud.agent_reports(backup.backup_id, status)
    boto3.client("autoscaling").terminate_instance_in_auto_scaling_group(
        InstanceId=str(backup.instance_id), ShouldDecrementDesiredCapacity=True
    )
    cloud.deliver()
    cloud.agent_lets_go()
    cloud.deliver()


def both(cloud: Cloud) -> tuple[BackupRecord, BackupRecord]:
    """The first row and `data` run, each claimed by an instance of its own; `web` waits."""
    cloud.schedule_fires()
    look(cloud)
    first, second = (claims(cloud, each) for each in cloud.instances())
    return first, second


def test_two_run_and_the_third_waits_for_the_first_to_end(cloud: Cloud) -> None:
    """Whoever that is; each instance has a record of its own."""
    first, second = both(cloud)
    assert {first.label, second.label} == {None, "data"}
    assert (cloud.capacity(), [each.row for each in rows_of().waiting()]) == (2, ["web/daily"])
    goes(cloud, second)
    assert cloud.store.get(first.backup_id).status is BackupStatus.RUNNING
    third = claims(cloud, cloud.instances()[-1])
    assert (third.label, cloud.capacity(), len(cloud.instances())) == ("web", 2, 2)
    goes(cloud, first)
    goes(cloud, third, BackupStatus.FAILED)
    assert_nothing_left(cloud)
    assert [subject.split(":")[0] for subject, _ in cloud.mails()] == ["data", "EFS backup succeeded", "web"]


def test_each_window_closes_by_itself(cloud: Cloud) -> None:
    """The stop rule knows who was started last; the regular look finds the others, and touches nobody else."""
    first, second = both(cloud)
    look(cloud, "2026-11-22T03:45:00Z")
    cloud.deliver()
    assert f"--backup-id={second.backup_id}" in cloud.commands()[-1]
    assert sum("finish" in line for line in cloud.commands()) == 1
    cloud.agent_reports(second.backup_id, BackupStatus.INCOMPLETE)
    cloud.agent_lets_go()
    cloud.deliver()
    assert cloud.store.get(first.backup_id).status is BackupStatus.RUNNING
    assert str(first.instance_id) in cloud.instances()


@pytest.mark.long
def test_a_window_that_cannot_be_closed_holds_up_no_other_row(cloud: Cloud, faults: Faults) -> None:
    """The other's window closes, who is due starts or waits; in the end the look fails, of which an alarm tells."""
    both(cloud)
    late = replace(NIGHTLY, schedule="cron(50 4 * * ? *)")
    add_row(cloud, "late", policy=late)
    with (
        faults.refusing("autoscaling", "TerminateInstanceInAutoScalingGroup", "AccessDenied", times=1),
        pytest.raises(Exception, match="AccessDenied"),
    ):
        look(cloud, "2026-11-22T04:50:00Z")
    cloud.deliver()
    assert sum("finish" in line for line in cloud.commands()) == 1
    assert "late/daily" in [each.row for each in rows_of().waiting()]
    look(cloud)
    cloud.deliver()
    assert sum("finish" in line for line in cloud.commands()) == 2


@pytest.mark.long
def test_a_silent_agent_that_cannot_be_taken_away_holds_up_no_other_row(cloud: Cloud, faults: Faults) -> None:
    """Nor the rest of the reconcile, which is raised in the end."""
    both(cloud)
    cloud.time = "2026-11-22T02:45:00Z"
    with (
        faults.refusing("autoscaling", "TerminateInstanceInAutoScalingGroup", "AccessDenied", times=1),
        pytest.raises(Exception, match="AccessDenied"),
    ):
        cloud.reconcile()
    cloud.deliver()
    assert sum("finish" in line for line in cloud.commands()) == 1


@pytest.mark.long
def test_a_start_that_cannot_be_forgotten_holds_up_nothing(cloud: Cloud) -> None:
    """The backup has begun; the next look finds that, and forgets the start."""
    first, _ = both(cloud)
    refused = ClientError({"Error": {"Code": "ThrottlingException", "Message": "no"}}, "UpdateItem")
    with mock.patch.object(SourceRows, "forget", side_effect=refused):
        goes(cloud, first)
    begun = [each for each in cloud.store.backups() if each.label == "web"]
    assert ([each.status for each in begun], len(rows_of().waiting())) == ([BackupStatus.RUNNING], 1)
    look(cloud)
    assert (len([each for each in cloud.store.backups() if each.label == "web"]), rows_of().waiting()) == (1, [])


def test_a_lost_instance_is_replaced_for_its_own_backup(cloud: Cloud) -> None:
    """The new one takes nothing from the other, whose agent says every minute that it lives."""
    backups = {each.instance_id: each for each in both(cloud)}
    gone, stays = cloud.instances()
    cloud.instance_is_lost()
    cloud.deliver()
    cloud.hold_times_out()
    assert cloud.deliver()[-1]["action"] == "wait for the next instance"
    (new,) = (each for each in cloud.instances() if each not in (gone, stays))
    cloud.time = "2026-11-22T02:06:00Z"
    alive = cloud.store.get(backups[stays].backup_id)
    cloud.store.update(alive, replace(alive, heartbeat_time=cloud.now()))
    assert claims(cloud, new).backup_id == backups[gone].backup_id
    assert cloud.store.get(alive.backup_id).instance_id == stays


@pytest.mark.long
def test_a_boot_that_fails_costs_the_other_nothing(cloud: Cloud) -> None:
    """Its record is opened again for a second instance; the other goes on."""
    cloud.schedule_fires()
    look(cloud)
    one, other = cloud.instances()
    serving = claims(cloud, other)
    boto3.client("autoscaling").terminate_instance_in_auto_scaling_group(
        InstanceId=one, ShouldDecrementDesiredCapacity=True
    )
    cloud.deliver()
    cloud.finish_fails(127, "E: Unable to fetch some archives")
    cloud.deliver()
    assert cloud.capacity() == 2
    (again,) = (each for each in cloud.store.backups() if each.first_instance == one)
    assert (again.has_ended, cloud.store.get(serving.backup_id).instance_id) == (False, other)
    (new,) = (each for each in cloud.instances() if each != other)
    assert claims(cloud, new).backup_id == again.backup_id


def test_a_silent_agent_is_taken_away_alone(cloud: Cloud) -> None:
    """The other says that it lives."""
    first, second = both(cloud)
    cloud.time = "2026-11-22T02:45:00Z"
    cloud.store.update(first, replace(first, heartbeat_time=cloud.now()))
    assert "1 silent" in cloud.reconcile()["reason"]
    (answer,) = cloud.deliver()
    assert answer["action"] == "ask the agent"
    assert f"--backup-id={second.backup_id}" in cloud.commands()[-1]
    assert str(first.instance_id) in cloud.instances()


@pytest.mark.long
def test_instances_that_cannot_be_launched_are_told_of_each(cloud: Cloud) -> None:
    """The group tries on; the window of each ends it."""
    cloud.lifecycle.refusal = "no capacity"
    cloud.schedule_fires()
    cloud.deliver()
    look(cloud)
    cloud.deliver()
    assert cloud.capacity() == 2
    assert "WAITS" in cloud.mails()[0][0]
    cloud.lifecycle.refusal = ""
    cloud.group_tries_to_launch()
    assert len(cloud.instances()) == 2
    assert boto3.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])
