"""Permissions that the two roles of a stack need, by the calls of the programs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from efs_backup.domain.sources.discovery import TAG

INSTANCE, ORCHESTRATOR = "instance", "orchestrator"


@dataclass(frozen=True)
class Need:
    """Calls on one resource. resource: a key of the resources that are known; of: what that is, in a finding.

    context: keys of conditions with their values, in which `{region}` stands for that of the resource.
    """

    actions: tuple[str, ...]
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)
    of: str = ""


ANY = "any"
MOUNT = ("elasticfilesystem:ClientMount", "elasticfilesystem:ClientRootAccess")
_POINT = "elasticfilesystem:AccessPointArn"

OF_SEVERAL = (
    Need(
        ("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:SendMessage"), "shares"
    ),
    Need(("autoscaling:SetInstanceProtection", "autoscaling:TerminateInstanceInAutoScalingGroup"), "group"),
    Need(
        ("autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeLifecycleHooks", "ec2:DescribeInstances"), ANY
    ),
)  # fmt: skip
"""Further calls of each instance where several make a backup."""

NEEDS: Mapping[str, tuple[Need, ...]] = {
    INSTANCE: (
        Need(("dynamodb:GetItem", "dynamodb:Scan", "dynamodb:UpdateItem"), "table"),
        Need(
            (
                "autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat",
                "autoscaling:SetDesiredCapacity",
            ),
            "group",
        ),
        Need(("elasticfilesystem:DescribeMountTargets", *MOUNT), "source"),
        Need(("elasticfilesystem:DescribeMountTargets", *MOUNT, "elasticfilesystem:ClientWrite"), "backup"),
        Need(("s3:PutObject",), "logs"),
        Need(
            (
                "ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel", "ssmmessages:OpenControlChannel",
                "ec2messages:GetMessages", "ec2messages:SendReply",
            ),
            ANY,
        ),
    ),
    ORCHESTRATOR: (
        Need(("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan", "dynamodb:UpdateItem"), "table"),
        Need(
            (
                "autoscaling:CompleteLifecycleAction", "autoscaling:SetDesiredCapacity",
                "autoscaling:SetInstanceProtection", "autoscaling:TerminateInstanceInAutoScalingGroup",
            ),
            "group",
        ),
        Need(
            (
                "autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances",
                "autoscaling:DescribeLifecycleHooks", "ec2:DescribeInstances", "ssm:GetCommandInvocation",
                "cloudwatch:GetMetricStatistics",
            ),
            ANY,
        ),
        Need(("cloudwatch:PutMetricData",), ANY, {"cloudwatch:namespace": "EfsBackup"}),
        Need(
            ("events:DisableRule", "events:ListTargetsByRule", "events:PutRule", "events:PutTargets"), "stop rule"
        ),
        Need(("elasticfilesystem:DescribeFileSystems",), "source"),
        Need(("elasticfilesystem:DescribeFileSystems",), "backup"),
        Need(("sns:Publish",), "topic"),
        Need(("events:PutEvents",), "bus"),
        Need(("kms:Decrypt", "kms:GenerateDataKey"), "topic key", {"kms:ViaService": "sns.{region}.amazonaws.com"}),
        Need(("ssm:SendCommand",), "document"),
    ),
}  # fmt: skip
"""Calls by role. A test holds them against the template and the program: none is missing there or here."""


def needs_of_source(which: str, file_system: str, role: str, tag: str | None) -> tuple[Need, ...]:
    """Calls of a role on a further source, whose resource is named by its id.

    tag: the value of its tag, by which alone the instance may mount it; None where it has none.
    """
    if which == ORCHESTRATOR:
        return (Need(("elasticfilesystem:DescribeFileSystems",), file_system, of=role),)
    bound = {} if tag is None else {f"aws:ResourceTag/{TAG}": tag}
    return (Need(("elasticfilesystem:DescribeMountTargets", *MOUNT), file_system, bound, role),)
