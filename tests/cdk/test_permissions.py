"""Each call that the programs make is allowed by the synthesized policies; others are not."""

import pytest

from tests.support.iam import Role
from tests.support.template import ACCOUNT, Template

_HERE = f"us-east-1:{ACCOUNT}"
_INSTANCE = f"arn:aws:ec2:{_HERE}:instance/i-1"
_OURS = {"ssm_resourceTag_aws_autoscaling_groupName": "<GROUP>"}
_OTHERS = {"ssm_resourceTag_aws_autoscaling_groupName": "web"}
_METRICS = {"cloudwatch_namespace": "EfsBackup"}
_SHELL = "arn:aws:ssm:us-east-1::document/AWS-RunShellScript"
_SOURCE = f"arn:aws:elasticfilesystem:{_HERE}:file-system/fs-11111111"
_BACKUPS_OF_RESTORE = f"arn:aws:elasticfilesystem:{_HERE}:file-system/fs-22222222"
_OTHER_FILE_SYSTEM = f"arn:aws:elasticfilesystem:{_HERE}:file-system/fs-99999999"

Call = tuple[str, str] | tuple[str, str, dict[str, str]]

_ROLE = "AWS::IAM::Role"
_SERVICES = ("ec2.amazonaws.com", "lambda.amazonaws.com")

_BOTH_SIDES: list[Call] = [
    ("autoscaling:SetDesiredCapacity", "GROUP"),
    ("autoscaling:CompleteLifecycleAction", "GROUP"),
    ("dynamodb:GetItem", "TABLE"),
    ("dynamodb:UpdateItem", "TABLE"),
    ("dynamodb:Scan", "TABLE"),
]
_THROUGH_SNS = {"kms_ViaService": "sns.us-east-1.amazonaws.com"}
_ORCHESTRATOR: list[Call] = [
    *_BOTH_SIDES,
    ("autoscaling:DescribeAutoScalingGroups", "*"),
    ("autoscaling:DescribeAutoScalingInstances", "*"),
    ("events:PutRule", "STOP_RULE"),
    ("events:PutTargets", "STOP_RULE"),
    ("events:DisableRule", "STOP_RULE"),
    ("events:ListTargetsByRule", "STOP_RULE"),
    ("autoscaling:TerminateInstanceInAutoScalingGroup", "GROUP"),
    ("autoscaling:SetInstanceProtection", "GROUP"),
    ("autoscaling:DescribeLifecycleHooks", "*"),
    ("ec2:DescribeInstances", "*"),
    ("ssm:SendCommand", _SHELL),
    ("ssm:SendCommand", _INSTANCE, _OURS),
    ("ssm:SendCommand", "BUCKET"),
    ("ssm:GetCommandInvocation", "*"),
    ("dynamodb:PutItem", "TABLE"),
    ("cloudwatch:PutMetricData", "*", _METRICS),
    ("cloudwatch:GetMetricStatistics", "*"),
    ("elasticfilesystem:DescribeFileSystems", _SOURCE),
    ("elasticfilesystem:DescribeFileSystems", "BACKUP"),
    ("sns:Publish", "TOPIC"),
    ("events:PutEvents", f"arn:aws:events:{_HERE}:event-bus/default"),
    ("kms:GenerateDataKey", "KEY", _THROUGH_SNS),
    ("kms:Decrypt", "KEY", _THROUGH_SNS),
    ("sqs:SendMessage", "QUEUE"),
    ("logs:CreateLogStream", "LOG"),
    ("logs:PutLogEvents", "LOG"),
]
_NOT_THE_ORCHESTRATOR: list[Call] = [
    ("autoscaling:SetDesiredCapacity", "OTHER_GROUP"),
    ("autoscaling:DeleteAutoScalingGroup", "GROUP"),
    ("autoscaling:UpdateAutoScalingGroup", "GROUP"),
    ("autoscaling:RecordLifecycleActionHeartbeat", "GROUP"),
    ("events:PutRule", f"arn:aws:events:{_HERE}:rule/other"),
    ("events:PutTargets", f"arn:aws:events:{_HERE}:rule/other"),
    ("events:DisableRule", f"arn:aws:events:{_HERE}:rule/other"),
    ("events:DeleteRule", "STOP_RULE"),
    ("events:RemoveTargets", "STOP_RULE"),
    ("autoscaling:TerminateInstanceInAutoScalingGroup", "OTHER_GROUP"),
    ("ec2:TerminateInstances", "*"),
    ("lambda:AddPermission", "FUNCTION"),
    ("lambda:RemovePermission", "FUNCTION"),
    ("lambda:GetFunction", "FUNCTION"),
    ("lambda:UpdateFunctionCode", "FUNCTION"),
    ("lambda:InvokeFunction", "FUNCTION"),
    ("ssm:SendCommand", _INSTANCE),
    ("ssm:SendCommand", _INSTANCE, _OTHERS),
    ("ssm:SendCommand", "arn:aws:ssm:us-east-1::document/AWS-RunPowerShellScript"),
    ("dynamodb:DeleteTable", "TABLE"),
    ("dynamodb:DeleteItem", "TABLE"),
    ("dynamodb:ConditionCheckItem", "TABLE"),
    ("dynamodb:PutItem", f"arn:aws:dynamodb:{_HERE}:table/other"),
    ("elasticfilesystem:DeleteFileSystem", "BACKUP"),
    ("elasticfilesystem:ClientMount", "BACKUP"),
    ("elasticfilesystem:DescribeMountTargets", "BACKUP"),
    ("elasticfilesystem:DescribeFileSystems", _OTHER_FILE_SYSTEM),
    ("cloudwatch:PutMetricData", "*"),
    ("cloudwatch:PutMetricData", "*", {"cloudwatch_namespace": "AWS/EC2"}),
    ("sns:Publish", f"arn:aws:sns:{_HERE}:other"),
    ("s3:GetObject", "BUCKET/ec2-logs/a"),
    ("s3:PutObject", "BUCKET/ec2-logs/a"),
    ("iam:PassRole", "*"),
    ("logs:CreateLogGroup", "*"),
]
_AGENT: list[Call] = [
    *_BOTH_SIDES,
    ("autoscaling:RecordLifecycleActionHeartbeat", "GROUP"),
    ("elasticfilesystem:DescribeMountTargets", _SOURCE),
    ("elasticfilesystem:DescribeMountTargets", "BACKUP"),
    ("s3:PutObject", "BUCKET/ec2-logs/a"),
    ("s3:PutObject", "BUCKET/efs-backup-logs/a"),
    ("s3:PutObject", "BUCKET/ssm-logs/a"),
    ("s3:GetObject", "BUNDLE"),
    ("elasticfilesystem:ClientMount", _SOURCE),
    ("elasticfilesystem:ClientRootAccess", _SOURCE),
    ("elasticfilesystem:ClientMount", "BACKUP"),
    ("elasticfilesystem:ClientRootAccess", "BACKUP"),
    ("elasticfilesystem:ClientWrite", "BACKUP"),
    ("ssm:UpdateInstanceInformation", "*"),
    ("ssmmessages:OpenDataChannel", "*"),
    ("ec2messages:GetMessages", "*"),
]
_NOT_THE_AGENT: list[Call] = [
    ("elasticfilesystem:ClientWrite", _SOURCE),
    ("elasticfilesystem:ClientMount", _OTHER_FILE_SYSTEM),
    ("elasticfilesystem:DeleteFileSystem", "BACKUP"),
    ("s3:PutObject", "BUCKET/other/a"),
    ("s3:GetObject", "BUCKET/ec2-logs/a"),
    ("s3:DeleteObject", "BUCKET/ec2-logs/a"),
    ("dynamodb:PutItem", "TABLE"),
    ("dynamodb:DeleteItem", "TABLE"),
    ("ssm:SendCommand", _INSTANCE, _OURS),
    ("ssm:GetParameter", f"arn:aws:ssm:{_HERE}:parameter/secret"),
    ("sns:Publish", "TOPIC"),
    ("events:PutRule", "STOP_RULE"),
    ("autoscaling:SetDesiredCapacity", "OTHER_GROUP"),
    ("autoscaling:SetInstanceProtection", "GROUP"),
    ("sqs:ReceiveMessage", "QUEUE"),
    ("cloudwatch:PutMetricData", "*"),
    ("cloudwatch:PutMetricData", "*", _METRICS),  # it could say that all is well
    ("cloudwatch:GetMetricStatistics", "*"),
]
_SEALER: list[Call] = [
    ("s3:PutObject", "SEALS/seals/efs-backup/daily/20261122T020000Z.json"),
    ("s3:PutObject", "SEALS/changes/efs-backup/daily/20261122T020000Z.changes.gz"),
    ("s3:PutObject", "SEALS/manifests/efs-backup/daily/20261122T020000Z.mtree.gz"),
    ("s3:GetObject", "SEALS/seals/efs-backup/daily/20261122T020000Z.json"),
]
_NOT_THE_SEALER: list[Call] = [
    *(
        (f"s3:{action}", f"SEALS/{kind}/efs-backup/daily/a")
        for kind in ("seals", "changes", "manifests")
        for action in (
            "DeleteObject", "DeleteObjectVersion", "PutObjectRetention", "PutObjectLegalHold",
            "BypassGovernanceRetention", "PutObjectAcl", "PutObjectTagging", "AbortMultipartUpload",
        )
    ),
    *(
        (f"s3:{action}", "SEALS")
        for action in (
            "DeleteBucket", "PutBucketPolicy", "DeleteBucketPolicy", "PutBucketVersioning", "PutLifecycleConfiguration",
            "PutBucketObjectLockConfiguration", "PutReplicationConfiguration", "ListBucket", "ListBucketVersions",
        )
    ),
    ("s3:GetObject", "SEALS/manifests/efs-backup/daily/a"),
    ("s3:PutObject", "SEALS/other/a"),
]  # fmt: skip
_RESTORER: list[Call] = [
    ("autoscaling:SetDesiredCapacity", "GROUP"),
    ("s3:GetObject", "BUNDLE"),
    ("s3:PutObject", "arn:aws:s3:::restore-logs/ec2-logs/a"),
    ("s3:PutObject", "arn:aws:s3:::restore-logs/efs-restore-logs/a"),
    ("s3:PutObject", "arn:aws:s3:::restore-logs/efs-restore-marks/a"),
    ("s3:GetObject", "arn:aws:s3:::restore-logs/efs-restore-marks/a"),
    ("sns:Publish", "TOPIC"),
    ("events:PutEvents", f"arn:aws:events:{_HERE}:event-bus/default"),
    ("kms:GenerateDataKey", "KEY", _THROUGH_SNS),
    ("kms:Decrypt", "KEY", _THROUGH_SNS),
    ("elasticfilesystem:ClientMount", _BACKUPS_OF_RESTORE),
    ("elasticfilesystem:ClientRootAccess", _BACKUPS_OF_RESTORE),
    ("elasticfilesystem:ClientMount", _SOURCE),
    ("elasticfilesystem:ClientRootAccess", _SOURCE),
    ("elasticfilesystem:ClientWrite", _SOURCE),
    ("elasticfilesystem:DescribeMountTargets", _SOURCE),
    ("elasticfilesystem:DescribeMountTargets", _BACKUPS_OF_RESTORE),
    ("ssm:UpdateInstanceInformation", "*"),
]
_NOT_THE_RESTORER: list[Call] = [
    ("elasticfilesystem:ClientWrite", _BACKUPS_OF_RESTORE),
    ("elasticfilesystem:ClientWrite", _OTHER_FILE_SYSTEM),
    ("s3:PutObject", "arn:aws:s3:::restore-logs/efs-backup-logs/a"),
    ("s3:PutObject", "arn:aws:s3:::other/ec2-logs/a"),
    ("s3:GetObject", "arn:aws:s3:::restore-logs/efs-restore-logs/a"),
    ("s3:DeleteObject", "arn:aws:s3:::restore-logs/efs-restore-marks/a"),
    ("autoscaling:CompleteLifecycleAction", "GROUP"),
    ("autoscaling:SetDesiredCapacity", "OTHER_GROUP"),
    ("cloudwatch:PutMetricData", "*", _METRICS),
    ("cloudwatch:GetMetricStatistics", "*"),
    ("ssm:GetParameter", "*"),
]


def _places(template: Template) -> dict[str, str]:
    """The resources that the words in capitals stand for in this template."""
    group, _ = template.one("AWS::AutoScaling::AutoScalingGroup")
    groups = f"arn:aws:autoscaling:{_HERE}:autoScalingGroup:0a1b:autoScalingGroupName"
    places = {
        "OTHER_GROUP": f"{groups}/web",
        "GROUP": f"{groups}/<{group}>" if template.resources("AWS::Lambda::Function") else f"{groups}/EfsBackup-worker",
        "KEY": template.arn("AWS::KMS::Key"),
        "TOPIC": f"<{template.one('AWS::SNS::Topic')[0]}>",
    }
    return places | _of_backups(template) if template.resources("AWS::Lambda::Function") else places


def _of_backups(template: Template) -> dict[str, str]:
    backup, _ = template.one("AWS::EFS::FileSystem")
    buckets = {"Seals" if "Seals" in name else "Logs": name for name in template.resources("AWS::S3::Bucket")}
    return {
        "BACKUP": f"arn:aws:elasticfilesystem:{_HERE}:file-system/<{backup}>",
        "BUCKET": f"arn:aws:s3:::<{buckets['Logs']}>",
        "SEALS": f"arn:aws:s3:::<{buckets.get('Seals')}>",
        "FUNCTION": template.arn("AWS::Lambda::Function"),
        "LOG": template.arn("AWS::Logs::LogGroup"),
        "QUEUE": template.arn("AWS::SQS::Queue"),
        "STOP_RULE": f"arn:aws:events:{_HERE}:rule/efs-backup-stop-0f1e2d3c",
        "TABLE": template.arn("AWS::DynamoDB::Table"),
    }


def _bundle(template: Template) -> str:
    """Where the user data takes it from."""
    data = template.properties("AWS::EC2::LaunchTemplate")["LaunchTemplateData"]["UserData"]
    (line,) = (line for line in data.splitlines() if line.startswith("python3 boot.py fetch"))
    bucket, key = line.split('"')[-4], line.split('"')[-2]
    return f"arn:aws:s3:::{bucket}/{key}"


def _may(template: Template, service: str, call: Call) -> bool:
    action, resource, *context = call
    places = _places(template) | {"BUNDLE": _bundle(template)}
    head, slash, rest = resource.partition("/")
    group = places["GROUP"].rsplit("/", 1)[1]
    known = {key: value.replace("<GROUP>", group) for each in context for key, value in each.items()}
    return Role(template, service).may(action, places.get(head, head) + slash + rest, **known)


@pytest.mark.parametrize("call", _ORCHESTRATOR, ids=str)
def test_the_orchestrator_may_do_what_it_does(backup: Template, call: Call) -> None:
    """Every call of its code."""
    assert _may(backup, "lambda.amazonaws.com", call)


@pytest.mark.parametrize("call", _NOT_THE_ORCHESTRATOR, ids=str)
def test_the_orchestrator_may_do_no_more(backup: Template, call: Call) -> None:
    """Nothing on what is not its own, and nothing that its code does not call."""
    assert not _may(backup, "lambda.amazonaws.com", call)


@pytest.mark.parametrize("call", _AGENT, ids=str)
def test_the_agent_may_do_what_it_does(backup: Template, call: Call) -> None:
    """Every call that its part of the work needs."""
    assert _may(backup, "ec2.amazonaws.com", call)


@pytest.mark.parametrize("call", _NOT_THE_AGENT, ids=str)
def test_the_agent_may_do_no_more(backup: Template, call: Call) -> None:
    """The agent cannot write to the source, start commands elsewhere, or read secrets."""
    assert not _may(backup, "ec2.amazonaws.com", call)


@pytest.mark.parametrize("call", [*_AGENT, *_SEALER], ids=str)
def test_an_agent_that_stores_seals_may_do_that_too(backup: Template, call: Call) -> None:
    """Write new objects, and read the seals that are there."""
    assert _may(backup.having(SealBucketLockDays="365"), "ec2.amazonaws.com", call)


@pytest.mark.parametrize("call", [*_NOT_THE_AGENT, *_NOT_THE_SEALER], ids=str)
def test_who_stores_seals_may_not_take_one_back(backup: Template, call: Call) -> None:
    """Neither delete nor unlock one, nor change the bucket."""
    assert not _may(backup.having(SealBucketLockDays="365"), "ec2.amazonaws.com", call)


@pytest.mark.parametrize("call", _RESTORER, ids=str)
def test_a_restore_may_do_what_it_does(restore: Template, call: Call) -> None:
    """Read snapshots, write to the target, and report."""
    assert _may(restore, "ec2.amazonaws.com", call)


@pytest.mark.parametrize("call", _NOT_THE_RESTORER, ids=str)
def test_a_restore_may_do_no_more(restore: Template, call: Call) -> None:
    """Above all it cannot write to the snapshots."""
    assert not _may(restore, "ec2.amazonaws.com", call)


def test_no_action_is_a_wildcard(template: Template) -> None:
    """Each action is written out."""
    services = [name for name in _SERVICES if any(name in str(role) for role in template.resources(_ROLE).values())]
    actions = {action for service in services for action in Role(template, service).actions}
    assert actions
    assert not [action for action in actions if "*" in action]


def test_no_role_takes_a_managed_policy(template: Template) -> None:
    """Those of AWS allow more than is called."""
    roles = template.resources(_ROLE).values()
    assert roles
    assert not [role for role in roles if "ManagedPolicyArns" in role["Properties"]]


def test_the_function_may_write_to_its_queue_as_long_as_it_is_there(backup: Template) -> None:
    """Lambda looks for that when the queue is set: a policy that comes later may not be seen yet."""
    (policy,) = Role(backup, "lambda.amazonaws.com").resource["Properties"]["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "sqs:SendMessage"
    assert backup.resolve(statement["Resource"]) == backup.arn("AWS::SQS::Queue")


def test_an_instance_may_read_the_parameter_with_its_proxy_and_no_other(template: Template) -> None:
    """Where there is one."""
    asked = Role(template.having(HttpProxyParameter="/team/proxy"), "ec2.amazonaws.com")
    parameters = f"arn:aws:ssm:{_HERE}:parameter"
    assert asked.may("ssm:GetParameter", f"{parameters}/team/proxy")
    assert not asked.may("ssm:GetParameter", f"{parameters}/team/other")
    assert "ssm:GetParameter" not in Role(template, "ec2.amazonaws.com").actions


def test_the_schedule_in_a_time_zone_may_start_the_function_and_no_more(backup: Template) -> None:
    """And keep what it could not deliver; for schedules of this account alone."""
    asked = backup.having(ScheduleTimeZone="Europe/Berlin")
    role = Role(asked, "scheduler.amazonaws.com")
    function, queue = asked.arn("AWS::Lambda::Function"), asked.arn("AWS::SQS::Queue")
    assert role.actions == {"lambda:InvokeFunction", "sqs:SendMessage"}
    assert (role.may("lambda:InvokeFunction", function), role.may("sqs:SendMessage", queue)) == (True, True)
    (trust,) = role.resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert asked.resolve(trust["Condition"]) == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_a_wildcard_without_a_reason_stops_the_synthesis() -> None:
    """The reason stands where the permission stands."""
    from cdk.permissions.allow import Allow

    with pytest.raises(ValueError, match="The wildcard for a:B has no reason"):
        Allow(["a:B"], ["*"])
