"""Facts about either stack."""

import json
from typing import Any

import pytest

from cdk.parameters.instance import GRAVITON_TYPES, X86_TYPES
from efs_backup import __version__
from tests.support.template import Template


def _launch(template: Template) -> dict[str, object]:
    data: dict[str, object] = template.properties("AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    return data


def test_a_stack_says_of_which_version_it_is(template: Template) -> None:
    """In the console's list, and by `describe-stacks`."""
    assert template.content["Description"].endswith(f" (efs-backup {__version__})")


def test_no_arn_names_a_partition(template: Template) -> None:
    """The stacks work in China and GovCloud, too."""
    assert "arn:aws:" not in json.dumps(template.content)


def test_an_instance_shows_its_metadata_by_tokens_alone(template: Template) -> None:
    """And one hop far: no container can ask for its credentials."""
    assert _launch(template)["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}


def test_the_disk_is_encrypted(template: Template) -> None:
    """Of the newer kind, and gone with the instance."""
    disk = _disk(template)
    assert disk["DeviceName"] == "/dev/sda1"
    assert disk["Ebs"] == {"Encrypted": True, "VolumeType": "gp3", "VolumeSize": "16", "DeleteOnTermination": True}


def _disk(template: Template) -> Any:
    (disk,) = template.properties("AWS::EC2::LaunchTemplate")["LaunchTemplateData"]["BlockDeviceMappings"]
    return disk


def test_the_disk_suits_another_ami(template: Template) -> None:
    """Its root device has the AMI's name, and, if no size is asked for, the AMI's size."""
    disk = _disk(template.having(RootDevice="/dev/xvda", DiskGigabytes="0"))
    assert disk["DeviceName"] == "/dev/xvda"
    assert "VolumeSize" not in disk["Ebs"]
    assert _disk(template.having(DiskGigabytes="100"))["Ebs"]["VolumeSize"] == "100"


@pytest.mark.parametrize(("types", "ami"), [(X86_TYPES, "/ami/x86"), (GRAVITON_TYPES, "/ami/graviton")])
def test_the_ami_is_of_the_type_s_architecture_and_looked_up_at_each_launch(
    template: Template, types: tuple[str, ...], ami: str
) -> None:
    """For each type that can be chosen. So security fixes need no update, and no update ends what runs for an AMI."""
    assert {_launch(template.having(InstanceType=each))["ImageId"] for each in types} == {f"resolve:ssm:{ami}"}


def test_every_type_that_can_be_chosen_has_an_architecture(template: Template) -> None:
    """None is forgotten."""
    assert set(template.parameters["InstanceType"]["AllowedValues"]) == set(X86_TYPES + GRAVITON_TYPES)


def test_the_instance_has_the_role(template: Template) -> None:
    """By a profile."""
    profile, resource = template.one("AWS::IAM::InstanceProfile")
    assert _launch(template)["IamInstanceProfile"] == {"Arn": f"<{profile}.Arn>"}
    (role,) = template.resolve(resource["Properties"]["Roles"])
    assert "ec2.amazonaws.com" in str(template.resources("AWS::IAM::Role")[role.strip("<>")])


def test_a_restore_starts_at_once_when_all_is_ready(restore: Template) -> None:
    """Not before it may do its work, and tell of it."""
    _, group = restore.one("AWS::AutoScaling::AutoScalingGroup")
    assert group["Properties"]["DesiredCapacity"] == "1"
    assert set(restore.resources("AWS::IAM::Policy")) <= set(group["DependsOn"])


def test_a_restore_that_nobody_ends_is_ended_and_told(restore: Template) -> None:
    """By an alarm on its group: nothing of that needs the instance, which may be dead."""
    asked = restore.having(RestoreHours="48")
    group, resource = asked.one("AWS::AutoScaling::AutoScalingGroup")
    assert resource["Properties"]["MetricsCollection"] == [
        {"Granularity": "1Minute", "Metrics": ["GroupTotalInstances"]}
    ]
    alarm = asked.properties("AWS::CloudWatch::Alarm")
    assert (alarm["MetricName"], alarm["Namespace"]) == ("GroupTotalInstances", "AWS/AutoScaling")
    assert alarm["Dimensions"] == [{"Name": "AutoScalingGroupName", "Value": f"<{group}>"}]
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (3600, "48", "notBreaching")
    end, policy = asked.one("AWS::AutoScaling::ScalingPolicy")
    assert alarm["AlarmActions"] == [f"<{asked.one('AWS::SNS::Topic')[0]}>", f"<{end}>"]
    assert asked.resolve(policy["Properties"]) == {
        "AutoScalingGroupName": f"<{group}>", "PolicyType": "SimpleScaling", "AdjustmentType": "ExactCapacity",
        "ScalingAdjustment": 0,
    }  # fmt: skip


def test_a_restore_without_a_limit_has_no_alarm(restore: Template) -> None:
    """For trees of which nobody knows how long they take."""
    asked = restore.having(RestoreHours="0")
    assert not asked.resources("AWS::CloudWatch::Alarm")
    assert not asked.resources("AWS::AutoScaling::ScalingPolicy")


def test_a_restore_uses_the_security_group_that_it_is_given(restore: Template) -> None:
    """The stack of a restore makes no group itself."""
    assert _launch(restore)["SecurityGroupIds"] == ["sg-1"]
    assert not restore.resources("AWS::EC2::SecurityGroup")


def test_a_restore_has_its_old_outputs(restore: Template) -> None:
    """Under their names."""
    assert {"SNSTopic", "DashboardView", "LogBucket", "AmiId"} <= set(restore.content["Outputs"])
