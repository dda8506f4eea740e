"""Drills, told as timelines through the Lambda's handler: they never cost a backup anything."""

from dataclasses import replace

import boto3
import pytest

from efs_backup.domain.drill.result import DrillStatus
from efs_backup.domain.operations.record import BackupRecord, Mode
from efs_backup.domain.operations.triggers import drill_event, reconcile_event
from efs_backup.domain.results import BackupStatus
from efs_backup.orchestrator import handler
from tests.scenarios.nights import assert_nothing_left, succeed
from tests.support.cloud import GROUP, RULE, Cloud

FIRING = {**drill_event(), "event_id": "2026-11-22T02:00:00Z"}


def drill_starts(cloud: Cloud) -> BackupRecord:
    """The schedule of drills fires; gives the record."""
    cloud.call(drill_event())
    return max(
        (each for each in cloud.store.backups() if each.is_drill), key=lambda each: (each.start_time, each.has_ended)
    )


def passes(cloud: Cloud, drill: BackupRecord) -> None:
    """The agent says that all is as it was sealed, goes home, and is let go."""
    before = cloud.store.get(drill.backup_id)
    ended = before.ended(BackupStatus.SUCCESS, now=cloud.now(), message="All are as they were sealed.")
    cloud.store.update(
        before,
        replace(ended, drill_result=DrillStatus.PASSED, drill_files=1003, drill_different=0, seal="ab" * 32),
    )
    cloud.agent_goes_home()
    cloud.deliver()
    cloud.agent_lets_go()
    cloud.deliver()


def metric(cloud: Cloud, name: str) -> list[float]:
    """The values of this metric that the orchestrator has sent."""
    found = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="EfsBackup", MetricName=name, StartTime=cloud.now().replace(year=2026, month=1),
        EndTime=cloud.now().replace(year=2027), Period=60, Statistics=["Maximum"],
        Dimensions=[{"Name": "StackName", "Value": "efs-backup"}],
    )["Datapoints"]  # fmt: skip
    return [point["Maximum"] for point in sorted(found, key=lambda point: point["Timestamp"])]


def test_a_drill_that_passes(cloud: Cloud) -> None:
    """The same group, a record of its own, a window of an hour, and a mail."""
    drill = drill_starts(cloud)
    assert (drill.mode, drill.window_minutes, cloud.capacity()) == (Mode.DRILL, 60, 1)
    assert boto3.client("events").describe_rule(Name=RULE)["ScheduleExpression"] == "cron(45 2 22 11 ? 2026)"
    cloud.agent_claims(drill.backup_id)
    passes(cloud, drill)
    ((subject, text),) = cloud.mails()
    assert "EFS restore drill passed" in subject
    assert "1,003" in text
    assert_nothing_left(cloud)


def test_a_drill_is_no_backup(cloud: Cloud) -> None:
    """Its success does not count as one, and the figures of backups do not have it."""
    drill = drill_starts(cloud)
    cloud.agent_claims(drill.backup_id)
    passes(cloud, drill)
    assert cloud.store.newest_success() is None
    assert metric(cloud, "BackupDuration") == []


def test_a_drill_does_not_start_while_a_backup_runs(cloud: Cloud) -> None:
    """A drill beside a backup is skipped and told; the backup goes on."""
    backup = cloud.schedule_fires()
    drill = drill_starts(cloud)
    assert (drill.status, drill.has_ended) == (BackupStatus.SKIPPED, True)
    ((subject, text),) = cloud.mails()
    assert "restore drill SKIPPED" in subject
    assert "DrillSchedule" in text
    assert (cloud.store.latest(), cloud.capacity()) == (backup.backup_id, 1)


def test_a_drill_gives_way_to_a_backup(cloud: Cloud) -> None:
    """Its instance is taken away, and the backup has one of its own; both are told."""
    drill = drill_starts(cloud)
    taken = cloud.agent_claims(drill.backup_id)
    cloud.time = "2026-11-22T02:20:00Z"
    backup = cloud.schedule_fires()
    assert cloud.store.get(drill.backup_id).drill_result is DrillStatus.INCOMPLETE
    assert (backup.status, cloud.capacity(), cloud.store.latest()) == (BackupStatus.RUNNING, 1, backup.backup_id)
    cloud.deliver()
    assert f"--backup-id={drill.backup_id}" in cloud.commands()[-1]
    cloud.agent_lets_go()
    cloud.deliver()
    assert cloud.instances() != [taken]
    succeed(cloud, backup.backup_id)
    assert [("drill" in subject, "INCOMPLETE" in subject) for subject, _ in cloud.mails()] == [
        (True, True), (False, False),
    ]  # fmt: skip
    assert cloud.store.get(backup.backup_id).status is BackupStatus.SUCCESS
    assert_nothing_left(cloud)


def test_a_drill_whose_instance_boots_still_leaves_it_to_the_backup(cloud: Cloud) -> None:
    """Whoever comes up serves what was started last."""
    drill_starts(cloud)
    cloud.time = "2026-11-22T02:02:00Z"
    backup = cloud.schedule_fires()
    assert len(cloud.instances()) == 1
    succeed(cloud, backup.backup_id)
    assert cloud.store.get(backup.backup_id).status is BackupStatus.SUCCESS
    assert_nothing_left(cloud)


def test_a_firing_that_is_delivered_twice_starts_one_drill(cloud: Cloud) -> None:
    """And a backup that is due at the same moment is another."""
    cloud.call(FIRING)
    assert "delivered before" in cloud.call(FIRING)["reason"]
    assert len(list(cloud.store.backups())) == 1
    cloud.call({"mode": "backup", "action": "start", "event_id": FIRING["event_id"]})
    assert len(list(cloud.store.backups())) == 2


def test_a_drill_that_is_never_heard_of_is_told(cloud: Cloud) -> None:
    """As a backup would be."""
    drill = drill_starts(cloud)
    cloud.agent_claims(drill.backup_id)
    boto3.client("autoscaling").set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=0)
    cloud.hold_times_out()
    cloud.deliver()
    ((subject, _),) = cloud.mails()
    assert "restore drill ended UNKNOWN" in subject
    assert_nothing_left(cloud)


@pytest.mark.parametrize(("schedule", "hours"), [("cron(0 12 ? * SUN *)", [14.0]), ("", [])])
def test_the_age_of_the_last_drill_is_published_where_there_are_drills(
    cloud: Cloud, schedule: str, hours: list[float]
) -> None:
    """From the last one that said something; the alarm is there under the same condition."""
    drill = drill_starts(cloud)
    cloud.agent_claims(drill.backup_id)
    passes(cloud, drill)
    cloud.time = "2026-11-22T16:00:00Z"
    cloud.schedule_fires()
    handler.services.cache_clear()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DRILL_SCHEDULE", schedule)
        cloud.call(reconcile_event())
    handler.services.cache_clear()
    assert metric(cloud, "HoursSinceLastDrill") == hours
