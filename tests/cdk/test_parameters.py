"""The parameters that the templates ask for, and those that they refuse."""

import re
from typing import Any

import pytest

from tests.support.template import Template

_OLD_BACKUP = {
    "SrcEFS": None, "IntervalTag": "daily", "Retain": 7, "KeepSpare": "Yes", "FolderLabel": "efs-backup",
    "BackupWindow": "180",
    "BackupSchedule": "cron(0 2 * * ? *)", "BackupPrefix": "/", "EFSMode": "generalPurpose", "EFSEncryption": "Yes",
    "SuccessNotification": "Yes", "VpcId": None, "Subnets": None, "Email": "", "Dashboard": "Yes",
}  # fmt: skip
_OLD_RESTORE = {
    "SrcEFS": None, "DstEFS": None, "IntervalTag": "daily", "BackupNum": 0, "FolderLabel": "efs-backup",
    "RestorePrefix": "/", "RestoreSubDir": "", "VpcId": None, "Subnets": None, "SecurityGroupId": None,
    "RestoreLogBucket": None, "Email": "", "Dashboard": "Yes",
}  # fmt: skip
_WINDOWS = (60, 90, 120, 150, 180, 240, 300, 360, 480, 600, 720, 840, 960, 1080, 1200, 1320)


def _takes(parameter: dict[str, Any], value: str) -> bool:
    """As CloudFormation decides before it makes anything."""
    if "AllowedValues" in parameter and value not in map(str, parameter["AllowedValues"]):
        return False
    if "AllowedPattern" in parameter and not re.fullmatch(parameter["AllowedPattern"], value):
        return False
    if parameter["Type"] != "Number":
        return True
    try:
        return float(parameter.get("MinValue", "-inf")) <= float(value) <= float(parameter.get("MaxValue", "inf"))
    except ValueError:
        return False


def test_every_parameter_has_a_label_a_group_and_a_description(template: Template) -> None:
    """The console shows them; nothing is asked by a bare name."""
    interface = template.content["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(template.parameters)
    assert set(interface["ParameterLabels"]) == set(template.parameters)
    assert all(len(parameter["Description"]) > 10 for parameter in template.parameters.values())


@pytest.mark.parametrize(("stack", "old"), [("backup", _OLD_BACKUP), ("restore", _OLD_RESTORE)])
def test_the_old_parameters_are_there_with_their_defaults(
    request: pytest.FixtureRequest, stack: str, old: dict[str, Any]
) -> None:
    """A deployment of the old solution moves over with the parameters that it has."""
    parameters = request.getfixturevalue(stack).parameters
    assert {name: parameters[name].get("Default") for name in old} == old


@pytest.mark.parametrize(("stack", "old"), [("backup", _OLD_BACKUP), ("restore", _OLD_RESTORE)])
def test_new_parameters_need_not_be_given(request: pytest.FixtureRequest, stack: str, old: dict[str, Any]) -> None:
    """Each has a default."""
    parameters = request.getfixturevalue(stack).parameters
    assert not [name for name, parameter in parameters.items() if name not in old and "Default" not in parameter]


def test_every_default_is_accepted(template: Template) -> None:
    """By the parameter's own rules."""
    asked = {name: parameter for name, parameter in template.parameters.items() if "Default" in parameter}
    assert not [name for name, parameter in asked.items() if not _takes(parameter, str(parameter["Default"]))]


def test_the_windows_are_those_of_the_list(backup: Template) -> None:
    """An hour to 22 hours."""
    assert tuple(map(int, backup.parameters["BackupWindow"]["AllowedValues"])) == _WINDOWS


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Retain", "500"), ("Retain", "171"), ("Retain", "0"), ("Retain", "many"),
        ("Email", "nobody"), ("Email", "a@b"), ("Email", "a b@example.com"),
        ("BackupWindow", "61"), ("BackupWindow", "1440"),
        ("SrcEFS", ""), ("SrcEFS", "fs-"), ("SrcEFS", "vol-11111111"), ("ExistingBackupEFS", "nfs-1"),
        ("IntervalTag", "yearly"), ("EFSMode", "fast"), ("ThroughputMode", "provisioned"), ("EFSEncryption", "maybe"),
        ("BackupSchedule", "every night"), ("BackupSchedule", "0 2 * * *"), ("MaximumBackupAge", "-1"),
        ("FolderLabel", ""), ("FolderLabel", "a/b"), ("FolderLabel", ".hidden"), ("FolderLabel", "a b"),
        ("BackupPrefix", "home"), ("BackupPrefix", "/a b"), ("BackupPrefix", "/$(reboot)"), ("BackupPrefix", "/a\nB=c"),
        ("HttpProxy", "10.0.0.5:3128"), ("HttpProxy", "http://a b"), ("HttpProxy", 'http://a";reboot'),
        ("SecurityGroups", "default"), ("SecurityGroups", "sg-1, sg-2"), ("SecurityGroups", "sg-1,sg-2,sg-3,sg-4,sg-5"),
        ("KmsKey", "alias/mine"), ("Workers", "0"), ("Workers", "17"), ("InstanceType", "t2.nano"), ("MetricsEndpoint", "http://a"),
        ("BackupSecurity", "perhaps"), ("MaxOperationsPerSecond", "-1"), ("MaxOperationsPerSecond", "fast"),
        ("AmiX86", "ami-0123456789abcdef0"), ("AmiGraviton", ""), ("DiskGigabytes", "-1"), ("RootDevice", "sda1"),
        ("TransitionToIA", "AFTER_90_DAYS"), ("TransitionToArchive", "AFTER_7_DAYS"), ("AvailabilityZone", "us-east-1"),
        ("ScheduleTimeZone", "UTC+1; reboot"), ("SourceSecurityGroup", "default"), ("RouteTables", "rtb-1, rtb-2"),
        ("SealBucketLockDays", "-1"), ("SealBucketLockDays", "3651"), ("SealBucketLockDays", "1.5"),
        ("SealBucketLockMode", "NONE"), ("DrillSchedule", "weekly"), ("DrillSchedule", "0 2 * * *"),
        ("RetentionRules", "daily"), ("RetentionRules", "daily=0"), ("RetentionRules", "daily=7, weekly=4"),
        ("RetentionRules", "fortnightly=2"), ("RetentionRules", "within=14"), ("RetentionRules", "daily=7;reboot"),
        ("MaximumDrillAge", "0"), ("MaximumDrillAge", "2001"),
        ("CreateEndpoints", "some"), ("HttpProxyParameter", "proxy"), ("HttpProxyParameter", "/a b"),
        ("ScrubDays", "-1"), ("ScrubDays", "3651"), ("ScrubGigabytes", "-1"), ("ScrubGigabytes", "10G"),
        ("QuiesceDocument", "AWS-RunShellScript"), ("QuiesceDocument", "amazon-x"), ("QuiesceDocument", "*"),
        ("QuiesceDocument", "arn:aws:ssm:us-east-1:123456789012:document/a"), ("QuiesceTag", "a\nB=c"),
        ("QuiesceTag", "a*"), ("QuiesceTag", "a b"), ("PingUrlParameter", "ping"),
        ("PingUrlParameter", "https://hc-ping.com/key"), ("ReplicationRegion", "eu-west-1a"),
        ("ReplicationRegion", "Ireland"), ("ReplicationKmsKey", "alias/mine"), ("Browse", "perhaps"),
    ],
)  # fmt: skip
def test_a_wrong_backup_parameter_is_refused(backup: Template, name: str, value: str) -> None:
    """Before anything is made."""
    assert not _takes(backup.parameters[name], value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BackupNum", "-1"), ("RestoreMode", "delete"), ("DryRun", "perhaps"), ("RestoreAsOf", "yesterday"),
        ("RestoreAsOf", "2026-11-20 12:00"), ("RestoreSubDir", "a b"), ("RestoreSubDir", "../a"),
        ("RestorePrefix", ""), ("RestorePrefix", "home"), ("DstEFS", ""), ("RestoreLogBucket", ""),
        ("RestoreLogBucket", "My_Bucket"), ("RestoreHours", "-1"), ("RestoreHours", "169"),
    ],
)  # fmt: skip
def test_a_wrong_restore_parameter_is_refused(restore: Template, name: str, value: str) -> None:
    """Before anything is made."""
    assert not _takes(restore.parameters[name], value)


@pytest.mark.parametrize(
    ("stack", "name", "value"),
    [
        ("backup", "SrcEFS", "fs-0123456789abcdef0"), ("backup", "BackupPrefix", "/home/alice"),
        ("backup", "BackupSchedule", "rate(1 day)"), ("backup", "Retain", "170"), ("backup", "Retain", "1"),
        ("backup", "HttpProxy", "http://user:pass@10.0.0.5:3128"), ("backup", "SecurityGroups", "sg-1,sg-2"),
        ("backup", "Email", "first.last+tag@sub.example.com"), ("backup", "ExistingBackupEFS", "fs-12345678"),
        ("backup", "KmsKey", "arn:aws:kms:us-east-1:123456789012:key/0f1e2d3c-0000-1111-2222-333344445555"),
        ("backup", "IntervalTag", "hourly"), ("restore", "IntervalTag", "hourly"), ("backup", "AmiX86", "/my/ami:3"),
        ("backup", "AvailabilityZone", "us-gov-west-1a"), ("backup", "ScheduleTimeZone", "America/Argentina/Ushuaia"),
        ("backup", "HttpProxyParameter", "/team/proxy.address"), ("backup", "PingUrlParameter", "/team/ping"),
        ("backup", "QuiesceDocument", "Quiesce.db_1-a"), ("backup", "QuiesceTag", "team/orders:db"),
        ("backup", "ScrubDays", "0"), ("backup", "ScrubGigabytes", "0"),
        ("backup", "DrillSchedule", ""), ("backup", "DrillSchedule", "cron(0 12 ? * SUN *)"),
        ("backup", "DrillSchedule", "rate(7 days)"),
        ("backup", "ReplicationRegion", ""), ("backup", "ReplicationRegion", "us-gov-west-1"),
        ("backup", "ReplicationKmsKey", "arn:aws:kms:eu-west-1:123456789012:key/0f1e2d3c-0000-1111-2222-333344445555"),
        ("backup", "RetentionRules", ""), ("backup", "RetentionRules", "daily=30,weekly=12,monthly=24,yearly=7"),
        ("backup", "RetentionRules", "last=3,hourly=48,within=1y2m"),
        ("backup", "SealBucketLockDays", ""), ("backup", "SealBucketLockDays", "0"),
        ("backup", "SealBucketLockDays", "365"), ("backup", "SealBucketLockDays", "3650"),
        ("backup", "ScheduleTimeZone", "UTC"), ("restore", "RestoreHours", "168"), ("restore", "RestoreHours", "0"),
        ("restore", "RestoreAsOf", "2026-11-20T12:00:00Z"), ("restore", "RestoreAsOf", "2026-11-20"),
        ("restore", "RestoreAsOf", "2026-11-20T12:00:00+01:00"), ("restore", "RestoreSubDir", "home/alice"),
        ("restore", "RestoreSubDir", "/home/alice"), ("restore", "RestoreMode", "mirror"),
    ],
)  # fmt: skip
def test_a_right_parameter_is_accepted(request: pytest.FixtureRequest, stack: str, name: str, value: str) -> None:
    """The rules are no stricter than they must be."""
    assert _takes(request.getfixturevalue(stack).parameters[name], value)


def test_a_part_cannot_be_mirrored_into_the_root(restore: Template) -> None:
    """All else would leave the file system: the template refuses it."""
    rule = restore.content["Rules"]["MirrorOfAPart"]
    mirror, part = rule["RuleCondition"]["Fn::And"]
    assert mirror == {"Fn::Equals": [{"Ref": "RestoreMode"}, "mirror"]}
    assert part == {"Fn::Not": [{"Fn::Equals": [{"Ref": "RestoreSubDir"}, ""]}]}
    assert rule["Assertions"][0]["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "RestorePrefix"}, "/"]}]}


def test_subnets_of_another_vpc_are_refused(template: Template) -> None:
    """CloudFormation looks them up."""
    (assertion,) = template.content["Rules"]["SubnetsInVpc"]["Assertions"]
    assert assertion["Assert"]["Fn::EachMemberIn"] == [
        {"Fn::ValueOfAll": ["AWS::EC2::Subnet::Id", "VpcId"]},
        {"Fn::RefAll": "AWS::EC2::VPC::Id"},
    ]
