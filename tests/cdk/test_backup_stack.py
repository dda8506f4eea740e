"""Facts about the backup stack."""

import json
from typing import Any

import pytest
from moto.events.models import EventPattern

from efs_backup.domain.operations.lifecycle import LifecycleAction, create_commands
from efs_backup.domain.operations.record import BackupId
from efs_backup.domain.operations.report import NOT_SENT
from efs_backup.domain.operations.restore_mark import MARK_PREFIX
from efs_backup.domain.operations.triggers import FinishFailed, InstanceGone, Reconcile, StartBackup, read_trigger
from efs_backup.lib.events import TARGET_ID
from tests.support.cloud import event_from_file
from tests.support.template import Template

_RULES = "AWS::Events::Rule"


def _rule(backup: Template, word: str) -> Any:
    """The rule whose logical id has this word."""
    (rule,) = (each for name, each in backup.resources(_RULES).items() if word in name)
    return backup.resolve(rule["Properties"])


def test_the_schedule_starts_a_backup_and_names_its_firing(backup: Template) -> None:
    """A firing that is delivered twice has the same id both times."""
    rule = _rule(backup, "Start")
    assert rule["ScheduleExpression"] == "cron(0 2 * * ? *)"
    transformer = rule["Targets"][0]["InputTransformer"]
    ((place, path),) = transformer["InputPathsMap"].items()
    assert path == "$.id"
    event = json.loads(transformer["InputTemplate"].replace(f"<{place}>", '"a1b2"'))
    assert read_trigger(event) == StartBackup("a1b2")


def test_a_schedule_in_a_time_zone_takes_the_place_of_the_rule(backup: Template) -> None:
    """By that zone's clock, with summer time; each try of one firing has the same time, and so the same id."""
    asked = backup.having(ScheduleTimeZone="Europe/Berlin", BackupSchedule="cron(30 1 * * ? *)")
    assert not [name for name in asked.resources(_RULES) if "Start" in name]
    assert not backup.resources("AWS::Scheduler::Schedule")
    schedule = asked.properties("AWS::Scheduler::Schedule")
    assert schedule["ScheduleExpression"] == "cron(30 1 * * ? *)"
    assert schedule["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    sent = schedule["Target"]["Input"].replace("<aws.scheduler.scheduled-time>", "2026-11-22T00:30:00Z")
    assert read_trigger(json.loads(sent)) == StartBackup("2026-11-22T00:30:00Z")


def test_a_start_that_a_time_zone_s_schedule_cannot_deliver_is_kept(backup: Template) -> None:
    """After an hour it would disturb the day; then it is in the queue, which is an alarm."""
    asked = backup.having(ScheduleTimeZone="Europe/Berlin")
    target = asked.properties("AWS::Scheduler::Schedule")["Target"]
    assert target["Arn"] == asked.arn("AWS::Lambda::Function")
    assert target["DeadLetterConfig"] == {"Arn": asked.arn("AWS::SQS::Queue")}
    assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == 3600


def test_the_orchestrator_looks_for_what_was_forgotten_every_half_hour(backup: Template) -> None:
    """By itself, whatever was lost."""
    rule = _rule(backup, "Reconcile")
    assert rule["ScheduleExpression"] == "rate(30 minutes)"
    assert read_trigger(json.loads(rule["Targets"][0]["Input"])) == Reconcile()


def test_events_of_this_group_alone_reach_the_orchestrator(backup: Template) -> None:
    """All kinds that it reads, and no others."""
    pattern = _rule(backup, "TriggersGroup")["EventPattern"]
    group, _ = backup.one("AWS::AutoScaling::AutoScalingGroup")
    assert pattern["detail"] == {"AutoScalingGroupName": [f"<{group}>"]}
    assert set(pattern["detail-type"]) == {
        "EC2 Instance-terminate Lifecycle Action", "EC2 Instance Terminate Successful",
        "EC2 Instance Launch Unsuccessful",
    }  # fmt: skip
    gone = {"source": pattern["source"][0], "detail-type": "EC2 Instance Terminate Successful"}
    detail = {"AutoScalingGroupName": "g", "EC2InstanceId": "i-1"}
    assert read_trigger({**gone, "detail": detail}) == InstanceGone("g", "i-1")


def test_finishes_that_failed_reach_the_orchestrator_and_no_other_commands(backup: Template) -> None:
    """Which group they are about it reads itself."""
    pattern = json.dumps(_rule(backup, "TriggersCommand")["EventPattern"])
    ours = event_from_file("command_failed")
    ours["detail"]["parameters"]["commands"] = create_commands(
        LifecycleAction("g", "h", "t", "i-1"), BackupId("0badcafe")
    )
    succeeded = {**ours, "detail": {**ours["detail"], "status": "Success"}}
    events: list[Any] = [ours, succeeded, event_from_file("command_failed"), event_from_file("lifecycle_action")]
    matches = [EventPattern.load(pattern).matches_event(event) for event in events]
    assert matches == [True, False, False, False]
    assert isinstance(read_trigger(ours), FinishFailed)


def test_the_rule_that_stops_a_backup_is_the_templates_and_stops_nothing_yet(backup: Template) -> None:
    """The function only sets it: whatever becomes of a backup, the rule goes with the stack."""
    rule = _rule(backup, "TriggersStop")
    assert (rule["State"], rule["ScheduleExpression"]) == ("DISABLED", "cron(0 0 1 1 ? 2199)")
    (target,) = rule["Targets"]
    assert target["Id"] == TARGET_ID
    assert read_trigger(json.loads(target["Input"])) == Reconcile()
    told = backup.properties("AWS::Lambda::Function")["Environment"]["Variables"]["STOP_RULE_NAME"]
    assert rule["Name"] == told


def test_each_rule_has_the_function_as_its_target_and_may_call_it(backup: Template) -> None:
    """No rule without a permission, no permission without a rule."""
    function = backup.arn("AWS::Lambda::Function")
    rules = backup.resources(_RULES)
    assert {backup.resolve(each["Properties"]["Targets"])[0]["Arn"] for each in rules.values()} == {function}
    permissions = [backup.resolve(each["Properties"]) for each in backup.resources("AWS::Lambda::Permission").values()]
    assert {permission["SourceArn"] for permission in permissions} == {f"<{name}.Arn>" for name in rules}
    assert {(each["FunctionName"], each["Principal"]) for each in permissions} == {(function, "events.amazonaws.com")}


def test_the_name_of_the_stop_rule_is_short_enough(backup: Template) -> None:
    """EventBridge allows 64 characters, and a stack's name may have 128: the name is of the stack's id."""
    name = backup.properties("AWS::Lambda::Function")["Environment"]["Variables"]["STOP_RULE_NAME"]
    assert len(name.replace("0f1e2d3c", "x" * 36)) <= 64


def test_the_function_runs_our_handler(backup: Template) -> None:
    """With time for a few slow calls, and its own log that is not kept for ever."""
    function = backup.properties("AWS::Lambda::Function")
    assert (function["Handler"], function["Runtime"]) == ("efs_backup.orchestrator.handler.handler", "python3.13")
    assert function["Timeout"] == 300
    log, group = backup.one("AWS::Logs::LogGroup")
    assert function["LoggingConfig"] == {
        "LogGroup": f"<{log}>", "LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO",
    }  # fmt: skip
    assert group["Properties"]["RetentionInDays"] == 90


def test_an_event_that_cannot_be_handled_is_kept_and_reported(backup: Template) -> None:
    """In a queue whose first message is an alarm."""
    failed = backup.properties("AWS::Lambda::EventInvokeConfig")["DestinationConfig"]["OnFailure"]
    assert failed == {"Destination": backup.arn("AWS::SQS::Queue")}
    alarm = _alarm(backup, "ApproximateNumberOfMessagesVisible")
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")


def test_a_report_that_cannot_be_sent_is_an_alarm(backup: Template) -> None:
    """Where Amazon SNS refuses the function: its log says so, and an alarm publishes in CloudWatch's name."""
    filtered = backup.properties("AWS::Logs::MetricFilter")
    assert filtered["LogGroupName"] == f"<{backup.one('AWS::Logs::LogGroup')[0]}>"
    assert filtered["FilterPattern"] == f'{{ $.errorMessage = "{NOT_SENT}*" }}'
    (metric,) = filtered["MetricTransformations"]
    alarm = _alarm(backup, metric["MetricName"])
    assert (alarm["Namespace"], alarm["Statistic"], alarm["Threshold"]) == (metric["MetricNamespace"], "Sum", 0)
    assert alarm["TreatMissingData"] == "notBreaching"


def test_the_queue_is_set_when_the_role_may_write_to_it(backup: Template) -> None:
    """Lambda checks the role at that moment."""
    _, config = backup.one("AWS::Lambda::EventInvokeConfig")
    assert [name for name in config["DependsOn"] if name.startswith("OrchestratorPolicy")]


def _alarm(backup: Template, metric: str) -> Any:
    alarms = [backup.resolve(each["Properties"]) for each in backup.resources("AWS::CloudWatch::Alarm").values()]
    (alarm,) = (each for each in alarms if each["MetricName"] == metric)
    return alarm


def test_too_long_without_a_success_is_an_alarm_and_so_is_silence(backup: Template) -> None:
    """Above the hours that were asked for; missing data is as bad."""
    alarm = _alarm(backup.having(MaximumBackupAge="200"), "HoursSinceLastSuccess")
    assert (alarm["Namespace"], alarm["Threshold"]) == ("EfsBackup", "200")
    assert alarm["Dimensions"] == [{"Name": "StackName", "Value": "EfsBackup"}]
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert alarm["TreatMissingData"] == "breaching"


@pytest.mark.parametrize(
    ("interval", "hours"), [("hourly", "4"), ("daily", "36"), ("weekly", "180"), ("monthly", "756")]
)
def test_the_alarm_suits_the_interval(backup: Template, interval: str, hours: str) -> None:
    """A weekly backup is not late after two days; unless another number is asked for. Mappings hold texts."""
    assert _alarm(backup.having(IntervalTag=interval), "HoursSinceLastSuccess")["Threshold"] == hours


def test_a_window_that_fills_is_an_alarm_and_silence_is_none(backup: Template) -> None:
    """The first week says nothing, nor does a window that fits for years."""
    alarm = _alarm(backup, "ForecastDaysLeft")
    assert (alarm["Namespace"], alarm["Threshold"], alarm["Statistic"]) == ("EfsBackup", 14, "Minimum")
    assert alarm["ComparisonOperator"] == "LessThanThreshold"
    assert alarm["TreatMissingData"] == "notBreaching"


def test_alarms_report_on_the_topic(backup: Template) -> None:
    """By mail, with the key that lets them."""
    topic, _ = backup.one("AWS::SNS::Topic")
    alarms = backup.resources("AWS::CloudWatch::Alarm").values()
    assert all(backup.resolve(each["Properties"]["AlarmActions"]) == [f"<{topic}>"] for each in alarms)
    for kind, actions in (("AWS::SNS::TopicPolicy", "sns:Publish"), ("AWS::KMS::Key", "kms:GenerateDataKey*")):
        policy = backup.properties(kind)
        statements = policy.get("PolicyDocument", policy.get("KeyPolicy"))["Statement"]
        allowed = [each for each in statements if each["Principal"] == {"Service": "cloudwatch.amazonaws.com"}]
        assert [each for each in allowed if actions in each["Action"]]


def test_the_topic_is_encrypted_and_sends_mail(template: Template) -> None:
    """To the address that was given."""
    assert template.properties("AWS::SNS::Topic")["KmsMasterKeyId"] == template.arn("AWS::KMS::Key")
    subscription = template.properties("AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "someone@example.com")


def test_records_expire_and_can_be_brought_back(backup: Template) -> None:
    """On demand, encrypted, to any second of the last weeks."""
    table = backup.properties("AWS::DynamoDB::Table")
    assert table["KeySchema"] == [{"AttributeName": "BackupId", "KeyType": "HASH"}]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ExpireItem", "Enabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True}


def test_logs_are_private_and_outlive_the_stack(backup: Template) -> None:
    """Versioned, encrypted, and not for ever; the bucket of a stack that never came to be goes."""
    _, bucket = backup.one("AWS::S3::Bucket")
    properties = bucket["Properties"]
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert properties["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] == 365
    policy = backup.properties("AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    assert {"Bool": {"aws:SecureTransport": "false"}} in [each["Condition"] for each in policy]


def test_marks_of_restores_do_not_grow_old(backup: Template) -> None:
    """Without its mark a restore would be done again by the next update of its stack, years later too."""
    rules = backup.properties("AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"]
    expiring = [rule["Prefix"] for rule in rules if "ExpirationInDays" in rule]
    assert set(expiring) == {"ec2-logs/", "efs-backup-logs/", "efs-drill-logs/", "efs-restore-logs/", "ssm-logs/"}
    assert not any(f"{MARK_PREFIX}/".startswith(prefix) for prefix in expiring)


def test_the_group_is_empty_until_a_backup_starts(backup: Template) -> None:
    """And holds an instance that ends, so that its agent can say goodbye.

    A desired capacity would be sent again with every update of the group, and end the backup that runs.
    """
    group = backup.properties("AWS::AutoScaling::AutoScalingGroup")
    assert (group["MinSize"], group["MaxSize"]) == ("0", "1")
    assert "DesiredCapacity" not in group
    hook = backup.properties("AWS::AutoScaling::LifecycleHook")
    assert hook["AutoScalingGroupName"] == f"<{backup.one('AWS::AutoScaling::AutoScalingGroup')[0]}>"
    assert hook["LifecycleTransition"] == "autoscaling:EC2_INSTANCE_TERMINATING"
    assert (hook["HeartbeatTimeout"], hook["DefaultResult"]) == (3600, "CONTINUE")


def test_the_outputs_have_their_old_names(backup: Template) -> None:
    """And what they say is there."""
    outputs = backup.resolve(backup.content["Outputs"])
    old = {"UUID", "SNSTopic", "SourceEFS", "BackupEFS", "DashboardView", "LogBucket", "AmiId", "SecurityGroup"}
    assert old <= set(outputs)
    assert outputs["UUID"]["Value"] == "0f1e2d3c"
    assert outputs["AmiId"]["Value"] == "/ami/x86"


def test_outputs_can_be_used_as_they_are(backup: Template) -> None:
    """Addresses to click on, and commands to paste, which name the stack and its region."""
    outputs = {name: each["Value"] for name, each in backup.resolve(backup.content["Outputs"]).items()}
    console = "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#"
    board, _ = backup.one("AWS::CloudWatch::Dashboard")
    log, _ = backup.one("AWS::Logs::LogGroup")
    topic, _ = backup.one("AWS::SNS::Topic")
    assert outputs["DashboardUrl"] == f"{console}dashboards/dashboard/<{board}>"
    assert outputs["LogGroupUrl"] == f"{console}logsV2:log-groups/log-group/<{log}>"
    assert (outputs["TopicArn"], outputs["LogGroup"]) == (f"<{topic}>", f"<{log}>")
    assert outputs["StartCommand"].startswith("efs-backup stack start EfsBackup --region us-east-1")
    assert outputs["RestoreCommand"].startswith("efs-backup stack restore EfsBackup --region us-east-1 --dry-run")


def test_a_dashboard_is_made_only_if_wanted(template: Template) -> None:
    """With its output."""
    assert template.resources("AWS::CloudWatch::Dashboard")
    assert not template.having(Dashboard="No").resources("AWS::CloudWatch::Dashboard")
    assert template.content["Outputs"]["DashboardView"]["Condition"]
