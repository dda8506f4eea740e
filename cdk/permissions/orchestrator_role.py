"""The permissions of the orchestrator: for the calls that it makes, and nothing else."""

from dataclasses import dataclass

from efs_backup.domain.operations.figures import NAMESPACE

from . import arns
from .allow import Allow

_STOP_RULE_CALLS = ("DisableRule", "ListTargetsByRule", "PutRule", "PutTargets")
"""The rule itself is the template's."""


@dataclass(frozen=True)
class Surroundings:
    """The resources that the orchestrator works with: two file systems by their ids, the others by their names."""

    source: str
    backup: str
    log_bucket: str
    group: str
    stop_rule: str
    table_arn: str


def orchestrator_permissions(around: Surroundings) -> list[Allow]:
    """Each action is one that the code calls."""
    file_systems = (around.source, around.backup)
    return [
        *_group(around.group),
        Allow(["events:" + call for call in _STOP_RULE_CALLS], [arns.rule(around.stop_rule)]),
        Allow(["ec2:DescribeInstances"], ["*"], reason="Amazon EC2 has no resource-level permission for descriptions."),
        *_run_command(around),
        Allow(["dynamodb:" + call for call in ("GetItem", "PutItem", "Scan", "UpdateItem")], [around.table_arn]),
        Allow(["elasticfilesystem:DescribeFileSystems"], list(map(arns.file_system, file_systems))),
        *_metrics(),
    ]


def _metrics() -> list[Allow]:
    """Read those of AWS, and write our own and no others."""
    return [
        Allow(
            ["cloudwatch:GetMetricStatistics"], ["*"], reason="CloudWatch has no resource-level permission for reading."
        ),
        Allow(
            ["cloudwatch:PutMetricData"],
            ["*"],
            reason="CloudWatch has no resource-level permission for writing; the namespace bounds it.",
            conditions={"StringEquals": {"cloudwatch:namespace": NAMESPACE}},
        ),
    ]


def _group(name: str) -> list[Allow]:
    changes = (
        "CompleteLifecycleAction", "SetDesiredCapacity", "SetInstanceProtection", "TerminateInstanceInAutoScalingGroup",
    )  # fmt: skip
    looks = ("DescribeAutoScalingGroups", "DescribeAutoScalingInstances", "DescribeLifecycleHooks")
    return [
        Allow(
            ["autoscaling:" + call for call in changes],
            [arns.group(name)],
            reason="The wildcard is the group's id, which no template knows; its name is fixed.",
        ),
        Allow(
            ["autoscaling:" + call for call in looks],
            ["*"],
            reason="Auto Scaling has no resource-level permission for descriptions.",
        ),
    ]


def _run_command(around: Surroundings) -> list[Allow]:
    """One document, on the instances of the group alone, with the output in one bucket; and how that ended."""
    bucket = arns.bucket(around.log_bucket)
    return [
        Allow(["ssm:SendCommand"], [arns.run_shell_script(), bucket]),
        Allow(
            ["ssm:SendCommand"],
            [arns.any_instance()],
            reason="The group's instances have no name beforehand; the tag that Auto Scaling gives them bounds it.",
            conditions={"StringEquals": {"ssm:resourceTag/aws:autoscaling:groupName": around.group}},
        ),
        Allow(
            ["ssm:GetCommandInvocation"],
            ["*"],
            reason="Systems Manager has no resource-level permission for reading how a command ended.",
        ),
    ]
