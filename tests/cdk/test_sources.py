"""Further file systems in the backup stack: only if wanted, and bounded by a tag."""

import json

import pytest

from efs_backup.domain.operations.triggers import LookForDue, read_trigger
from tests.support.iam import Role
from tests.support.template import ACCOUNT, Template, environment_file

_HERE = f"us-east-1:{ACCOUNT}"
_OTHER = f"arn:aws:elasticfilesystem:{_HERE}:file-system/fs-99999999"
_TAGGED = {"aws_ResourceTag_efs-backup_policy": "by-hand"}


@pytest.fixture
def many(backup: Template) -> Template:
    """The backup stack with further file systems, two at a time."""
    return backup.having(FurtherSources="Yes", ConcurrentBackups="2")


def test_a_stack_has_one_file_system_unless_more_are_wanted(backup: Template) -> None:
    """No rule, no alarm and no right for others."""
    kinds = ("AWS::Events::Rule", "AWS::CloudWatch::Alarm", "AWS::IAM::Policy")
    assert not [name for kind in kinds for name in backup.resources(kind) if name.startswith("Sources")]
    assert backup.properties("AWS::AutoScaling::AutoScalingGroup")["MaxSize"] == "1"
    assert environment_file(backup)["CONCURRENT_BACKUPS"] == "1"


def test_every_five_minutes_is_looked_who_is_due(many: Template) -> None:
    """On the clock; an event that is late is worth nothing."""
    (rule,) = (each for name, each in many.resources("AWS::Events::Rule").items() if name.startswith("Sources"))
    properties = many.resolve(rule["Properties"])
    assert properties["ScheduleExpression"] == "cron(0/5 * * * ? *)"
    (target,) = properties["Targets"]
    assert read_trigger(json.loads(target["Input"])) == LookForDue()
    assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == 300


@pytest.mark.parametrize("action", ["ClientMount", "ClientRootAccess", "DescribeMountTargets"])
def test_the_instance_reads_what_has_the_tag_and_nothing_else(many: Template, action: str) -> None:
    """And never writes there."""
    role = Role(many, "ec2.amazonaws.com")
    assert role.may(f"elasticfilesystem:{action}", _OTHER, **_TAGGED)
    assert not role.may(f"elasticfilesystem:{action}", _OTHER)
    assert not role.may("elasticfilesystem:ClientWrite", _OTHER, **_TAGGED)


def test_the_orchestrator_sees_all_file_systems_and_starts_no_more_than_is_wanted(many: Template) -> None:
    """Who may list them may describe all."""
    assert Role(many, "lambda.amazonaws.com").may("elasticfilesystem:DescribeFileSystems", _OTHER)
    assert many.properties("AWS::AutoScaling::AutoScalingGroup")["MaxSize"] == "2"


def test_an_instance_ends_itself_by_its_id_where_several_work(many: Template, backup: Template) -> None:
    """Of its own group alone."""
    end = "autoscaling:TerminateInstanceInAutoScalingGroup"
    assert end in Role(many, "ec2.amazonaws.com").actions
    assert end not in Role(backup, "ec2.amazonaws.com").actions
