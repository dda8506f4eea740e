"""Drills in the backup stack: by one schedule, with a role that cannot write."""

import json
from typing import Any

import pytest

from efs_backup.domain.operations.triggers import StartDrill, read_trigger
from tests.support.iam import Role
from tests.support.template import ACCOUNT, Template, environment_file

_WEEKLY = "cron(0 12 ? * SUN *)"
_HERE = f"us-east-1:{ACCOUNT}"


@pytest.fixture
def drilling(backup: Template) -> Template:
    """The backup stack with drills."""
    return backup.having(DrillSchedule=_WEEKLY)


def _named(template: Template, kind: str, word: str) -> dict[str, Any]:
    return {name: each for name, each in template.resources(kind).items() if word in name}


def _drill_role(template: Template) -> str:
    (name,) = _named(template, "AWS::IAM::Role", "Drills")
    return name


def _statements(template: Template, role: str) -> list[Any]:
    policies = (each["Properties"] for each in template.resources("AWS::IAM::Policy").values())
    return [
        template.resolve(statement)
        for policy in policies
        if {"Ref": role} in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def test_there_are_no_drills_unless_they_are_wanted(backup: Template) -> None:
    """Neither a rule, a role, a policy, a schedule nor an alarm; and both programs know that."""
    kinds = ("AWS::Events::Rule", "AWS::IAM::Role", "AWS::IAM::Policy", "AWS::CloudWatch::Alarm")
    assert not [name for kind in kinds for name in _named(backup, kind, "Drill")]
    assert environment_file(backup)["DRILL_ROLE"] == ""
    assert backup.properties("AWS::Lambda::Function")["Environment"]["Variables"]["DRILL_SCHEDULE"] == ""


def test_the_schedule_starts_a_drill_and_names_its_firing(drilling: Template) -> None:
    """As that of backups does."""
    ((_, rule),) = _named(drilling, "AWS::Events::Rule", "Drill").items()
    properties = drilling.resolve(rule["Properties"])
    assert properties["ScheduleExpression"] == _WEEKLY
    transformer = properties["Targets"][0]["InputTransformer"]
    ((place, path),) = transformer["InputPathsMap"].items()
    assert path == "$.id"
    event = json.loads(transformer["InputTemplate"].replace(f"<{place}>", '"a1b2"'))
    assert read_trigger(event) == StartDrill("a1b2")
    assert len(drilling.resources("AWS::Lambda::Permission")) == len(drilling.resources("AWS::Events::Rule"))


def test_drills_go_by_the_same_clock_as_backups(drilling: Template) -> None:
    """In a time zone both are schedules of EventBridge Scheduler."""
    asked = drilling.having(ScheduleTimeZone="Europe/Berlin")
    assert not _named(asked, "AWS::Events::Rule", "Drill")
    ((_, schedule),) = _named(asked, "AWS::Scheduler::Schedule", "Drill").items()
    properties = asked.resolve(schedule["Properties"])
    assert (properties["ScheduleExpression"], properties["ScheduleExpressionTimezone"]) == (_WEEKLY, "Europe/Berlin")
    sent = properties["Target"]["Input"].replace("<aws.scheduler.scheduled-time>", "2026-11-22T12:00:00Z")
    assert read_trigger(json.loads(sent)) == StartDrill("2026-11-22T12:00:00Z")
    assert not _named(asked.having(DrillSchedule=""), "AWS::Scheduler::Schedule", "Drill")


def test_the_role_of_drills_reads_the_backup_and_does_nothing_else(drilling: Template) -> None:
    """The instance alone may take it."""
    role = _drill_role(drilling)
    backup, _ = drilling.one("AWS::EFS::FileSystem")
    (statement,) = _statements(drilling, role)
    assert statement["Effect"] == "Allow"
    assert statement["Action"] == ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientRootAccess"]
    assert statement["Resource"] == f"arn:aws:elasticfilesystem:{_HERE}:file-system/<{backup}>"
    (trust,) = drilling.resources("AWS::IAM::Role")[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    (worker,) = _named(drilling, "AWS::IAM::Role", "Worker")
    assert drilling.resolve(trust["Principal"]) == {"AWS": f"<{worker}.Arn>"}


def test_the_instance_may_take_that_role_and_keep_evidence(drilling: Template) -> None:
    """Beside the logs; and no other role, and nothing of it without drills."""
    worker, role = Role(drilling, "ec2.amazonaws.com"), _drill_role(drilling)
    assert worker.may("sts:AssumeRole", f"<{role}.Arn>")
    assert not worker.may("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/admin")
    (logs,) = _named(drilling, "AWS::S3::Bucket", "Logs")
    assert worker.may("s3:PutObject", f"arn:aws:s3:::<{logs}>/drills/efs-backup/daily/drill-a.json")
    assert worker.may("s3:PutObject", f"arn:aws:s3:::<{logs}>/efs-drill-logs/a.log")
    assert "sts:AssumeRole" not in Role(drilling.having(DrillSchedule=""), "ec2.amazonaws.com").actions
    assert environment_file(drilling)["DRILL_ROLE"] == f"<{role}.Arn>"


def test_evidence_is_locked_where_seals_are(drilling: Template) -> None:
    """Evidence may be written into that bucket, and neither read nor deleted there."""
    asked = drilling.having(SealBucketLockDays="365")
    (seals,) = _named(asked, "AWS::S3::Bucket", "Seals")
    worker, key = Role(asked, "ec2.amazonaws.com"), f"arn:aws:s3:::<{seals}>/drills/efs-backup/daily/drill-a.json"
    assert worker.may("s3:PutObject", key)
    assert not worker.may("s3:GetObject", key)
    assert not worker.may("s3:DeleteObject", key)


def test_too_long_without_a_drill_is_an_alarm(drilling: Template) -> None:
    """And so is silence."""
    ((_, alarm),) = _named(drilling.having(MaximumDrillAge="200"), "AWS::CloudWatch::Alarm", "Drill").items()
    properties = drilling.having(MaximumDrillAge="200").resolve(alarm["Properties"])
    assert (properties["MetricName"], properties["Namespace"]) == ("HoursSinceLastDrill", "EfsBackup")
    assert (properties["Threshold"], properties["TreatMissingData"]) == ("200", "breaching")
    assert properties["AlarmActions"] == [f"<{drilling.one('AWS::SNS::Topic')[0]}>"]


def test_a_drill_reaches_the_service_that_gives_its_role(drilling: Template) -> None:
    """Without another way to AWS, by an endpoint of its own."""
    asked = drilling.having(CreateEndpoints="Yes", RouteTables="rtb-1")
    services = [each["Properties"]["ServiceName"] for each in asked.resources("AWS::EC2::VPCEndpoint").values()]
    assert "com.amazonaws.us-east-1.sts" in map(asked.resolve, services)
    without = asked.having(DrillSchedule="")
    services = [each["Properties"]["ServiceName"] for each in without.resources("AWS::EC2::VPCEndpoint").values()]
    assert "com.amazonaws.us-east-1.sts" not in map(without.resolve, services)
