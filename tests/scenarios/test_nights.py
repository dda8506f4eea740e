"""Nights, told as timelines through the Lambda's handler."""

import logging
from dataclasses import replace

import boto3
import pytest
from botocore.exceptions import ClientError

from efs_backup.domain.errors import FailureReason, SettingsFault
from efs_backup.domain.operations.lifecycle import AGENT, LifecycleAction, create_commands
from efs_backup.domain.results import BackupStatus
from efs_backup.orchestrator import handler
from tests.scenarios.nights import BOOT, assert_nothing_left, succeed
from tests.support.cloud import GROUP, RULE, Cloud, Faults, event_from_file


def test_a_night_that_succeeds(cloud: Cloud) -> None:
    """Schedule, copy, report of the agent, hold, farewell, mail; and nothing is left over."""
    backup = cloud.schedule_fires()
    assert (backup.status, cloud.capacity(), cloud.rules()) == (BackupStatus.RUNNING, 1, [RULE])
    rule = boto3.client("events").describe_rule(Name=RULE)
    assert rule["ScheduleExpression"] == "cron(45 4 22 11 ? 2026)"
    cloud.time = "2026-11-22T02:40:00Z"
    cloud.agent_claims(backup.backup_id)
    succeed(cloud, backup.backup_id)
    ended = cloud.newest()
    assert ended.status is BackupStatus.SUCCESS
    assert ended.report_time == cloud.now()
    ((subject, text),) = cloud.mails()
    assert "succeeded" in subject
    assert "20261122T020000Z" in text
    assert "12" in text
    assert_nothing_left(cloud)


def test_a_window_that_closes(cloud: Cloud) -> None:
    """The stop rule takes the instance away, and its agent gets the time to say Incomplete."""
    backup = cloud.schedule_fires()
    instance = cloud.agent_claims(backup.backup_id)
    cloud.time = "2026-11-22T04:45:00Z"
    assert cloud.stop_rule_fires()["action"] == "stop"
    assert cloud.newest().stop_cause == "the window of 180 minutes closed"
    assert cloud.deliver()[0]["action"] == "ask the agent"
    assert cloud.instances() == [instance], "it is held until its agent is done"
    assert f"--backup-id={backup.backup_id}" in cloud.commands()[-1]
    cloud.agent_reports(backup.backup_id, BackupStatus.INCOMPLETE)
    cloud.agent_lets_go()
    cloud.deliver()
    ((subject, text),) = cloud.mails()
    assert "INCOMPLETE" in subject
    assert "continues from it" in text
    assert_nothing_left(cloud)


def test_a_mount_that_fails(cloud: Cloud) -> None:
    """The agent reports Failed with its reason, at once; the mail says both, and what is kept."""
    backup = cloud.schedule_fires()
    cloud.time = "2026-11-22T02:03:00Z"
    cloud.agent_claims(backup.backup_id)
    cloud.agent_reports(
        backup.backup_id, BackupStatus.FAILED, failure_reason=FailureReason.MOUNT_FAILED, message="No route to it."
    )
    cloud.agent_goes_home()
    cloud.deliver()
    cloud.agent_lets_go()
    cloud.deliver()
    ((subject, text),) = cloud.mails()
    assert "FAILED (MountFailed)" in subject
    assert "No route to it." in text
    assert "All older snapshots are untouched" in text
    assert_nothing_left(cloud)


def test_an_instance_that_could_not_be_set_up(cloud: Cloud) -> None:
    """Its boot gives it back; as no agent can be asked its hold ends at once; the mail has the boot's last words."""
    backup = cloud.schedule_fires()
    cloud.time = "2026-11-22T04:40:00Z"
    instance = cloud.instances()
    cloud.agent_goes_home()
    cloud.deliver()
    assert cloud.instances() == instance, "it is held"
    assert cloud.finish_fails(127, BOOT)["action"] == "let the instance go"
    cloud.deliver()
    ended = cloud.newest()
    assert (ended.backup_id, ended.status) == (backup.backup_id, BackupStatus.FAILED)
    assert (ended.failure_reason, [ended.instance_id]) == (FailureReason.TOOL_MISSING, instance)
    ((subject, text),) = cloud.mails()
    assert "FAILED (ToolMissing)" in subject
    assert BOOT in text
    assert_nothing_left(cloud)


def test_an_agent_that_cannot_finish(cloud: Cloud) -> None:
    """The mail has what the command of the agent said."""
    backup = cloud.schedule_fires()
    cloud.agent_claims(backup.backup_id)
    cloud.time = "2026-11-22T04:45:00Z"
    cloud.stop_rule_fires()
    cloud.deliver()
    cloud.finish_fails(1, "SettingsFault: Missing in the environment: TABLE_NAME.")
    cloud.deliver()
    assert cloud.newest().failure_reason is FailureReason.INTERNAL_ERROR
    assert "TABLE_NAME" in cloud.mails()[0][1]
    assert_nothing_left(cloud)


def test_a_finish_that_fails_after_all_was_said_changes_nothing(cloud: Cloud) -> None:
    """The agent may have been killed with its instance, when it had reported and let it go."""
    backup = cloud.schedule_fires()
    cloud.agent_claims(backup.backup_id)
    succeed(cloud, backup.backup_id)
    before = cloud.newest()
    assert cloud.finish_fails(-1, "")["action"] == "let the instance go"
    assert (cloud.newest(), len(cloud.mails())) == (before, 1)
    assert_nothing_left(cloud)


def test_a_command_of_another_stack_is_left_alone(cloud: Cloud) -> None:
    """Its instance is no concern of ours; the rule cannot tell."""
    cloud.schedule_fires()
    cloud.agent_goes_home()
    cloud.deliver()
    ours = cloud.instances()
    other = LifecycleAction("another-group", "hook", "token", ours[0])
    event = event_from_file("command_failed")
    event["detail"]["parameters"]["commands"] = create_commands(other, cloud.newest().backup_id)
    assert cloud.call(event)["action"] == "ignore"
    assert (cloud.newest().status, cloud.instances()) == (BackupStatus.RUNNING, ours)


def test_an_agent_that_falls_silent_is_not_waited_for(cloud: Cloud) -> None:
    """Half an hour after its last sign of life the next reconcile takes its instance away, the window open or not."""
    backup = cloud.schedule_fires()
    cloud.agent_claims(backup.backup_id)
    running = cloud.newest()
    cloud.time = "2026-11-22T02:20:00Z"
    cloud.store.update(running, replace(running, heartbeat_time=cloud.now()))
    cloud.time = "2026-11-22T02:50:00Z"
    cloud.reconcile()
    assert cloud.capacity() == 1, "it was heard of half an hour ago"
    cloud.time = "2026-11-22T03:00:00Z"
    assert "1 silent" in cloud.reconcile()["reason"]
    assert cloud.deliver()[0]["action"] == "ask the agent"
    cloud.finish_fails(1, "Out of memory: Killed process 812")
    cloud.deliver()
    assert "Out of memory" in cloud.mails()[0][1]
    assert_nothing_left(cloud)


def test_a_source_that_does_not_exist_costs_no_instance(cloud: Cloud) -> None:
    """A deleted file system is found before anything is launched, and named."""
    boto3.client("efs").delete_file_system(FileSystemId=cloud.settings.source_file_system)
    backup = cloud.schedule_fires()
    assert (backup.status, backup.failure_reason) == (BackupStatus.FAILED, FailureReason.MOUNT_FAILED)
    ((_, text),) = cloud.mails()
    assert cloud.settings.source_file_system in text
    assert_nothing_left(cloud)


def test_rules_that_cannot_be_kept_cost_no_instance(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sum is checked before anything is launched; the mail says which parameter is wrong, and why."""
    monkeypatch.setenv("RETENTION_RULES", "daily=100,weekly=100")
    backup = cloud.schedule_fires()
    assert (backup.status, backup.failure_reason) == (BackupStatus.FAILED, FailureReason.RULES_REFUSED)
    ((_, text),) = cloud.mails()
    assert "The parameter RetentionRules is wrong." in text
    assert "daily 100, weekly 100 is above 170" in text
    assert_nothing_left(cloud)


def test_the_rules_of_the_stack_are_on_record(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """With how many they keep at most, and in the mail."""
    monkeypatch.setenv("RETENTION_RULES", "daily=30,weekly=12")
    backup = cloud.schedule_fires()
    assert (backup.retention, backup.retention_rules) == (42, "daily=30,weekly=12")
    succeed(cloud, backup.backup_id)
    assert "that the retention (daily=30,weekly=12) keeps" in cloud.mails()[0][1]


def test_an_instance_lost_in_the_middle_is_replaced(cloud: Cloud) -> None:
    """While the window is open the group starts another, which serves the same backup; nobody is woken for it."""
    backup = cloud.schedule_fires()
    lost = cloud.agent_claims(backup.backup_id)
    cloud.time = "2026-11-22T03:00:00Z"
    cloud.instance_is_lost()
    cloud.deliver()
    cloud.hold_times_out()
    assert cloud.deliver()[-1]["action"] == "wait for the next instance"
    assert cloud.newest().status is BackupStatus.RUNNING
    assert cloud.mails() == []
    second = cloud.agent_claims(backup.backup_id)
    assert second != lost
    succeed(cloud, backup.backup_id)
    assert cloud.newest().status is BackupStatus.SUCCESS
    assert_nothing_left(cloud)


def test_an_instance_lost_at_the_end_leaves_the_backup_unknown(cloud: Cloud) -> None:
    """When the window is over no other instance comes, and nothing is known."""
    backup = cloud.schedule_fires()
    instance = cloud.agent_claims(backup.backup_id)
    cloud.time = "2026-11-22T04:45:00Z"
    cloud.stop_rule_fires()
    cloud.deliver()
    cloud.hold_times_out()
    cloud.deliver()
    assert cloud.newest().status is BackupStatus.UNKNOWN
    ((subject, text),) = cloud.mails()
    assert "UNKNOWN" in subject
    assert instance in text
    assert_nothing_left(cloud)


def test_an_instance_that_systems_manager_does_not_reach_is_let_go_at_once(cloud: Cloud, faults: Faults) -> None:
    """There is nobody to wait for: the hold ends, and the backup is Unknown."""
    cloud.schedule_fires()
    cloud.time = "2026-11-22T04:45:00Z"
    with faults.refusing("ssm", "SendCommand", "InvalidInstanceId"):
        cloud.stop_rule_fires()
        answers = cloud.deliver()
    assert answers[0]["action"] == "let the instance go"
    assert "Systems Manager does not reach" in answers[0]["reason"]
    assert cloud.newest().status is BackupStatus.UNKNOWN
    assert_nothing_left(cloud)


def test_a_second_start_while_one_runs_is_skipped_and_reported(cloud: Cloud) -> None:
    """The running one goes on; the skipped one is on record."""
    first = cloud.schedule_fires()
    cloud.time = "2026-11-22T02:30:00Z"
    second = cloud.schedule_fires()
    assert second.status is BackupStatus.SKIPPED
    assert first.backup_id in (second.message or "")
    assert cloud.store.get(first.backup_id).status is BackupStatus.RUNNING
    assert boto3.client("events").list_targets_by_rule(Rule=RULE)["Targets"][0]["Input"].count(first.backup_id) == 1
    ((subject, _),) = cloud.mails()
    assert "SKIPPED" in subject
    cloud.agent_claims(first.backup_id)
    succeed(cloud, first.backup_id)
    assert_nothing_left(cloud)


def test_a_start_delivered_twice_starts_one_backup(cloud: Cloud) -> None:
    """EventBridge delivers at least once; the second delivery is neither a backup nor a Skipped one."""
    event = event_from_file("schedule_start")
    cloud.call(event)
    assert "delivered before" in cloud.call(event)["reason"]
    assert len(list(cloud.store.backups())) == 1
    backup = cloud.newest()
    succeed(cloud, backup.backup_id)
    assert "delivered before" in cloud.call(event)["reason"]
    assert_nothing_left(cloud)


def test_a_skipped_start_delivered_twice_is_reported_once(cloud: Cloud) -> None:
    """The second delivery finds the record of the first."""
    cloud.schedule_fires()
    cloud.schedule_fires("late")
    cloud.schedule_fires("late")
    assert len(cloud.mails()) == 1


def test_a_stop_before_any_start_does_nothing(cloud: Cloud) -> None:
    """A stop before any start names a backup that nobody knows."""
    assert cloud.call(event_from_file("stop"))["action"] == "ignore"
    assert_nothing_left(cloud)


def test_a_stop_of_yesterday_does_not_stop_today(cloud: Cloud) -> None:
    """Events may be late."""
    yesterday = cloud.schedule_fires()
    succeed(cloud, yesterday.backup_id)
    cloud.time = "2026-11-23T02:00:00Z"
    cloud.schedule_fires()
    assert cloud.call(event_from_file("stop", backup_id=yesterday.backup_id))["action"] == "ignore"
    assert cloud.capacity() == 1


def test_events_of_the_group_delivered_twice_change_and_tell_nothing_more(cloud: Cloud) -> None:
    """Each event of a night is delivered a second time, in the end: one mail, one record, nothing left."""
    backup = cloud.schedule_fires()
    cloud.agent_claims(backup.backup_id)
    cloud.time = "2026-11-22T04:45:00Z"
    cloud.stop_rule_fires()
    action = cloud.events[0]
    cloud.deliver()
    cloud.call(action)
    asked = [line for line in cloud.commands() if line.startswith(f"{AGENT} finish ")]
    assert len(asked) == 2, "to ask twice is safe: the agent's finish is"
    cloud.agent_reports(backup.backup_id, BackupStatus.INCOMPLETE)
    cloud.agent_lets_go()
    gone = cloud.events[0]
    cloud.deliver()
    ended = cloud.newest()
    assert cloud.call(gone)["action"] == "ignore"
    assert cloud.call(action)["action"] == "ignore"
    assert cloud.newest() == ended
    assert len(cloud.mails()) == 1
    assert_nothing_left(cloud)


def test_terminate_successful_before_the_lifecycle_action_is_taken_in_any_order(cloud: Cloud) -> None:
    """Out of order, the late lifecycle action finds no instance and does nothing."""
    backup = cloud.schedule_fires()
    instance = cloud.agent_claims(backup.backup_id)
    cloud.agent_reports(backup.backup_id, BackupStatus.SUCCESS, snapshot="20261122T020000Z")
    cloud.agent_goes_home()
    action = cloud.events.popleft()
    cloud.hold_times_out()
    assert cloud.deliver()[0]["action"] == "close"
    assert cloud.call(action)["action"] == "ignore"
    assert instance not in cloud.instances()
    assert len(cloud.mails()) == 1


@pytest.mark.parametrize("name", ["lifecycle_action", "terminate_successful"])
def test_events_of_another_group_are_ignored(cloud: Cloud, name: str) -> None:
    """A rule that matches too much must not end our backup."""
    cloud.schedule_fires()
    answer = cloud.call(event_from_file(name, AutoScalingGroupName="somebody-elses"))
    assert answer["action"] == "ignore"
    assert cloud.newest().status is BackupStatus.RUNNING
    assert cloud.capacity() == 1


def test_a_lifecycle_action_of_an_instance_that_is_not_ours_is_ignored(cloud: Cloud) -> None:
    """The event names our group, but Auto Scaling knows better."""
    cloud.schedule_fires()
    answer = cloud.call(event_from_file("lifecycle_action", AutoScalingGroupName=GROUP))
    assert answer["action"] == "ignore"
    assert cloud.commands() == []


@pytest.mark.parametrize("name", ["launch_successful", "another_service"])
def test_an_event_of_no_concern_is_logged_and_nothing_else(
    cloud: Cloud, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No action, no exception."""
    with caplog.at_level(logging.INFO):
        assert cloud.call(event_from_file(name))["action"] == "ignore"
    assert "unknown event" in caplog.text
    assert_nothing_left(cloud)


def test_a_record_that_vanished_is_reported_as_that(cloud: Cloud) -> None:
    """TTL may drop a record; the operator hears so, once, and the rest is cleaned up."""
    backup = cloud.schedule_fires()
    cloud.agent_claims(backup.backup_id)
    boto3.client("dynamodb").delete_item(TableName="efs-backup-records", Key={"BackupId": {"S": backup.backup_id}})
    cloud.agent_goes_home()
    cloud.deliver()
    cloud.agent_lets_go()
    gone = cloud.events[0]
    cloud.deliver()
    cloud.call(gone)
    ((subject, text),) = cloud.mails()
    assert backup.backup_id in subject
    assert "No snapshot is ever removed" in text
    assert_nothing_left(cloud)


def test_an_agent_that_never_reports_is_found_by_reconcile(cloud: Cloud) -> None:
    """No instance could be launched, and no event said so: after window and hold the backup is Unknown."""
    cloud.lifecycle.refusal = "no capacity"
    backup = cloud.schedule_fires()
    cloud.events.clear()
    cloud.time = "2026-11-22T05:59:59Z"
    cloud.reconcile()
    assert cloud.newest().status is BackupStatus.RUNNING
    cloud.time = "2026-11-22T06:00:00Z"
    cloud.reconcile()
    assert cloud.store.get(backup.backup_id).status is BackupStatus.UNKNOWN
    ((_, text),) = cloud.mails()
    assert "perhaps none could be launched" in text
    assert_nothing_left(cloud)


def test_a_backup_that_never_reported_does_not_block_the_next(cloud: Cloud) -> None:
    """The next schedule closes it, reports it and starts."""
    lost = cloud.schedule_fires()
    cloud.time = "2026-11-23T02:00:00Z"
    backup = cloud.schedule_fires()
    assert backup.status is BackupStatus.RUNNING
    assert cloud.store.get(lost.backup_id).status is BackupStatus.UNKNOWN
    assert len(cloud.mails()) == 1


def test_a_start_that_fails_is_undone_and_the_next_try_succeeds(cloud: Cloud, faults: Faults) -> None:
    """Lambda delivers the event again, which must not be told that a backup is running already."""
    event = event_from_file("schedule_start")
    with (
        faults.refusing("events", "PutTargets", "AccessDeniedException"),
        pytest.raises(ClientError, match="AccessDenied"),
    ):
        cloud.call(event)
    failed = cloud.newest()
    assert (failed.status, failed.failure_reason) == (BackupStatus.FAILED, FailureReason.INTERNAL_ERROR)
    assert "AccessDenied" in (failed.message or "")
    assert_nothing_left(cloud)
    assert cloud.call(event)["action"] == "start"
    assert cloud.newest().status is BackupStatus.RUNNING
    assert cloud.capacity() == 1


def test_a_start_that_fails_for_good_is_reported_by_reconcile(cloud: Cloud, faults: Faults) -> None:
    """Each try of Lambda is silent; one mail follows."""
    event = event_from_file("schedule_start")
    with faults.refusing("autoscaling", "SetDesiredCapacity", "AccessDenied"):
        for _ in range(3):
            with pytest.raises(ClientError):
                cloud.call(event)
    cloud.reconcile()
    ((subject, text),) = cloud.mails()
    assert "FAILED (InternalError)" in subject
    assert "could not be started" in text
    assert_nothing_left(cloud)


def test_dynamodb_throttled_on_the_way_delays_and_loses_nothing(cloud: Cloud, faults: Faults) -> None:
    """Requests that are refused twice for their rate are sent again."""
    with faults.refusing("dynamodb", "UpdateItem", "ProvisionedThroughputExceededException", times=2) as refused:
        backup = cloud.schedule_fires()
    assert len(refused) == 2
    assert backup.status is BackupStatus.RUNNING
    succeed(cloud, backup.backup_id)
    assert cloud.newest().status is BackupStatus.SUCCESS
    assert_nothing_left(cloud)


def test_with_sns_down_the_backup_still_ends_and_reconcile_reports_it(
    cloud: Cloud, faults: Faults, caplog: pytest.LogCaptureFixture
) -> None:
    """The failure is logged, the clean-up goes on, and the mail comes later; once."""
    backup = cloud.schedule_fires()
    with faults.refusing("sns", "Publish", "InternalError"):
        succeed(cloud, backup.backup_id)
    assert "could not be sent" in caplog.text
    assert_nothing_left(cloud)
    assert cloud.mails() == []
    cloud.time = "2026-11-22T03:00:00Z"
    cloud.reconcile()
    cloud.reconcile()
    assert len(cloud.mails()) == 1
    assert cloud.newest().report_time == cloud.now()


def test_a_success_is_reported_only_if_asked(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure always is."""
    monkeypatch.setenv("SUCCESS_NOTIFICATION", "No")
    handler.services.cache_clear()
    succeed(cloud, cloud.schedule_fires().backup_id)
    cloud.time = "2026-11-23T02:00:00Z"
    failing = cloud.schedule_fires()
    cloud.agent_claims(failing.backup_id)
    cloud.agent_reports(failing.backup_id, BackupStatus.FAILED, failure_reason=FailureReason.COPY_FAILED)
    cloud.agent_goes_home()
    cloud.deliver()
    cloud.agent_lets_go()
    cloud.deliver()
    ((subject, text),) = cloud.mails()
    assert "FAILED" in subject
    assert "the newest on record is 20261122T020000Z" in text


def test_reconcile_publishes_the_age_of_the_last_success(cloud: Cloud) -> None:
    """The alarm watches it."""
    cloud.time = "2026-11-22T02:30:00Z"
    succeed(cloud, cloud.schedule_fires().backup_id)
    cloud.time = "2026-11-22T08:30:00Z"
    cloud.reconcile()
    found = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="EfsBackup", MetricName="HoursSinceLastSuccess", Period=300, Statistics=["Maximum"],
        Dimensions=[{"Name": "StackName", "Value": "efs-backup"}],
        StartTime="2026-11-22T08:00:00Z", EndTime="2026-11-22T09:00:00Z",
    )["Datapoints"]  # fmt: skip
    assert [point["Maximum"] for point in found] == [6.0]


def test_reconcile_takes_away_an_instance_and_a_rule_that_nobody_needs(cloud: Cloud) -> None:
    """A backup that has ended, whose agent could not go home."""
    backup = cloud.schedule_fires()
    cloud.agent_claims(backup.backup_id)
    cloud.agent_reports(backup.backup_id, BackupStatus.SUCCESS, snapshot="20261122T020000Z")
    cloud.reconcile()
    assert cloud.capacity() == 0
    assert cloud.rules() == []


def test_a_missing_variable_is_named(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is read with the first event."""
    monkeypatch.delenv("TOPIC_ARN")
    handler.services.cache_clear()
    with pytest.raises(SettingsFault, match="TOPIC_ARN"):
        cloud.reconcile()


def test_the_days_until_the_window_is_full_are_published(cloud: Cloud) -> None:
    """As the agent has recorded them, and told in the mail; a night that foretells nothing publishes nothing."""
    backup = cloud.schedule_fires()
    cloud.agent_claims(backup.backup_id)
    cloud.agent_reports(backup.backup_id, BackupStatus.SUCCESS, forecast_seconds=9000.0, forecast_days_left=9.5)
    cloud.agent_goes_home()
    cloud.deliver()
    cloud.agent_lets_go()
    cloud.deliver()
    found = boto3.client("cloudwatch").list_metrics(Namespace="EfsBackup", MetricName="ForecastDaysLeft")["Metrics"]
    assert [each["Dimensions"] for each in found] == [[{"Name": "StackName", "Value": "efs-backup"}]]
    assert "2 h 30 min, and fills its window in 10 days" in cloud.mails()[0][1]
