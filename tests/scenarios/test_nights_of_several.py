"""Nights whose backup several instances make, as the orchestrator sees them."""

from collections.abc import Iterator
from dataclasses import replace

import boto3
import pytest

from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.triggers import start_event
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.sharing.workers import WorkerSign
from efs_backup.lib.asg import BackupGroup
from efs_backup.lib.worker_signs import WorkerSigns
from efs_backup.orchestrator import handler
from tests.support.cloud import GROUP, TABLE, Cloud

WORKERS = 3


@pytest.fixture
def several(cloud: Cloud) -> Iterator[Cloud]:
    """A stack whose backups are made by three instances."""
    boto3.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=GROUP, MaxSize=WORKERS)
    cloud.environment["WORKERS"] = str(WORKERS)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("WORKERS", str(WORKERS))
        handler.services.cache_clear()
        yield cloud
    handler.services.cache_clear()


def _group() -> BackupGroup:
    return BackupGroup(boto3.client("autoscaling"), GROUP)


def _led(cloud: Cloud, leader: str, *helpers: str) -> BackupRecord:
    """Somebody leads, the others have said that they live."""
    before = cloud.newest()
    cloud.store.update(before, replace(before, instance_id=leader, heartbeat_time=cloud.now()))
    signs = WorkerSigns(boto3.client("dynamodb"), TABLE)
    for name in (leader, *helpers):
        signs.say(before.backup_id, name, WorkerSign(cloud.now(), "share 1"))
    return cloud.newest()


def _goes(cloud: Cloud, name: str) -> list[dict[str, str]]:
    """An instance is let go; gives what follows."""
    cloud.deliver()
    _group().release(name)
    return cloud.deliver()


def test_a_backup_wants_all_of_them(several: Cloud) -> None:
    """The record says how many."""
    backup = several.schedule_fires()
    assert (len(several.instances()), several.capacity()) == (WORKERS, WORKERS)
    assert (backup.wanted_workers, backup.workers) == (WORKERS, {})


def test_a_drill_wants_one(several: Cloud) -> None:
    """A drill needs no more instances."""
    several.call({"mode": "drill", "action": "start", "event_id": "drill-1"})
    assert (several.capacity(), several.newest().is_shared) == (1, False)


def test_a_night_from_start_to_report(several: Cloud) -> None:
    """Helpers go first, and nobody is told; with the leader the night ends, and the mail says how many came."""
    several.schedule_fires()
    leader, *helpers = several.instances()
    backup = _led(several, leader, *helpers)
    _group().protect(leader)
    _group().start_instance(1)
    for name in helpers:
        assert [answer["action"] for answer in _goes(several, name)] == ["ignore"]
    assert several.mails() == []
    several.agent_reports(backup.backup_id, BackupStatus.SUCCESS, number_of_files=7)
    _group().unprotect([leader])
    several.agent_goes_home()
    _goes(several, leader)
    (mail,) = several.mails()
    assert "3 instances, 3 came" in mail[1]
    assert (several.instances(), several.capacity(), several.rules()) == ([], 0, [])


def test_the_leader_is_asked_to_end_and_its_helpers_too(several: Cloud) -> None:
    """When the window closes, whoever is protected is so no longer."""
    several.schedule_fires()
    leader, *helpers = several.instances()
    _led(several, leader, *helpers)
    _group().protect(leader)
    several.stop_rule_fires()
    several.deliver()
    assert several.capacity() == 0
    assert {*_group().state().held} == {leader, *helpers}
    asked = [line for line in several.commands() if "--instance-id=" in line]
    assert len(asked) == WORKERS


def test_a_leader_that_is_lost_ends_nothing_while_others_are_there(several: Cloud) -> None:
    """One of the helpers takes over; the group starts another one."""
    several.schedule_fires()
    leader, *helpers = several.instances()
    backup = _led(several, leader, *helpers)
    several.instance_is_lost()
    answers = _goes(several, leader)
    assert "wait for the next instance" in [answer["action"] for answer in answers]
    assert not several.store.get(backup.backup_id).has_ended
    assert len(several.instances()) == WORKERS


def test_an_instance_that_cannot_be_set_up_leaves_the_backup_to_the_others(several: Cloud) -> None:
    """Its finish fails before anybody leads: the record stays open."""
    backup = several.schedule_fires()
    _group().take_away(several.instances()[0])
    several.deliver()
    several.finish_fails(127, "no agent")
    several.deliver()
    assert not several.store.get(backup.backup_id).has_ended
    assert (several.capacity(), len(several.instances())) == (WORKERS - 1, WORKERS - 1)


def test_instances_that_cannot_be_launched_are_waited_for_silently_where_some_are_there(several: Cloud) -> None:
    """Where none is, the operator is told at once, as always."""
    several.schedule_fires()
    leader, helper, _ = several.instances()
    _led(several, leader)
    several.lifecycle.refusal = "There is no capacity."
    boto3.client("autoscaling").terminate_instance_in_auto_scaling_group(
        InstanceId=helper, ShouldDecrementDesiredCapacity=False
    )
    _goes(several, helper)
    assert several.newest().launch_failure == "There is no capacity."
    assert several.mails() == []


def test_protection_that_was_left_over_is_taken_off(several: Cloud) -> None:
    """A leader that died after its report would stay for ever."""
    backup = several.schedule_fires()
    leader, *helpers = several.instances()
    _led(several, leader, *helpers)
    _group().protect(leader)
    several.agent_reports(backup.backup_id, BackupStatus.SUCCESS, number_of_files=7)
    several.agent_goes_home()
    several.deliver()
    assert leader in _group().state().serving
    several.time = "2026-11-22T04:00:00Z"
    several.reconcile()
    assert leader in _group().state().held


def test_who_is_left_of_a_former_night_makes_way(several: Cloud) -> None:
    """Helpers too: the next night has all its instances."""
    backup = several.schedule_fires()
    leader, *helpers = several.instances()
    _led(several, leader, *helpers)
    several.agent_reports(backup.backup_id, BackupStatus.SUCCESS, number_of_files=7)
    several.time = "2026-11-23T02:00:00Z"
    several.call(start_event())
    assert {*_group().state().serving}.isdisjoint({leader, *helpers})
    assert len(_group().state().serving) == WORKERS
