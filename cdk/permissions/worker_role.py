"""The permissions of the instance."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from ..packaging.programs import Stored
from . import arns
from .allow import Allow

_REACHED_BY_SYSTEMS_MANAGER = (
    "ssm:ListAssociations", "ssm:ListInstanceAssociations", "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
    "ec2messages:AcknowledgeMessage", "ec2messages:DeleteMessage", "ec2messages:FailMessage",
    "ec2messages:GetEndpoint", "ec2messages:GetMessages", "ec2messages:SendReply",
)  # fmt: skip
"""The actions that AmazonSSMManagedInstanceCore allows and Run Command needs; without its right to all parameters."""


def worker_role(scope: Construct) -> iam.Role:
    """The role of an instance, without a permission yet."""
    return iam.Role(
        scope,
        "Role",
        assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"),
        description="The instance that makes EFS backups or restores",
    )


def every_worker(bundle: Stored, log_bucket: str, log_prefixes: list[str], group: str) -> list[Allow]:
    """The permissions that the instances of a backup and of a restore both need."""
    return [
        Allow(["s3:GetObject"], [f"{arns.bucket(bundle.bucket)}/{bundle.key}"]),
        Allow(
            ["s3:PutObject"],
            [f"{arns.bucket(log_bucket)}/{prefix}/*" for prefix in log_prefixes],
            reason="A log's name holds its time.",
        ),
        Allow(
            ["autoscaling:SetDesiredCapacity"],
            [arns.group(group)],
            reason="The wildcard is the group's id, which no template knows; its name is fixed.",
        ),
        Allow(
            _REACHED_BY_SYSTEMS_MANAGER,
            ["*"],
            reason="The channels of Systems Manager have no resource-level permission.",
        ),
    ]


def mount(*file_systems: str, writing: bool) -> Allow:
    """Mount file systems and read them as root, and write to them only if wanted."""
    actions = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientRootAccess"]
    writes = ["elasticfilesystem:ClientWrite"] if writing else []
    return Allow(actions + writes, list(map(arns.file_system, file_systems)))


def find_mount_targets(*file_systems: str) -> Allow:
    """Learn where file systems can be mounted."""
    return Allow(["elasticfilesystem:DescribeMountTargets"], list(map(arns.file_system, file_systems)))


def group_name() -> str:
    """The group's name, known before the group: its instances' user data holds it."""
    return f"{cdk.Aws.STACK_NAME}-worker"
