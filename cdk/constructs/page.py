"""The page to browse the snapshots as a function, which costs nothing while nobody looks; made only if it is wanted."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_efs as efs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from ..parameters.around import Browsing
from ..permissions import arns
from ..permissions.allow import Allow, acknowledge, permit
from ..permissions.worker_role import mount
from .backup_file_system import BackupFileSystem
from .conditions import is_yes, only_if
from .security_groups import SecurityGroups

HANDLER = "efs_backup.browse.function.handler"
MOUNTED_AT = "/mnt/backup"
"""Where AWS Lambda mounts the file system; the commands that the page shows name it."""

_SECONDS = 60
_MEMORY_MEGABYTES = 1769
"""One processor's worth (AWS Lambda Developer Guide, "Configure Lambda function memory")."""

_ROOT = "0"
_INTERFACES = (
    "AssignPrivateIpAddresses", "CreateNetworkInterface", "DeleteNetworkInterface", "DescribeNetworkInterfaces",
    "DescribeSubnets", "UnassignPrivateIpAddresses",
)  # fmt: skip
"""The actions that AWSLambdaVPCAccessExecutionRole allows beside logs."""


class Page(Construct):
    """The function in the VPC, what it may do, its log, and its address, for which a caller signs."""

    def __init__(
        self, scope: Construct, browsing: Browsing, access: SecurityGroups, backup: BackupFileSystem, code: lambda_.Code
    ) -> None:
        super().__init__(scope, "Page")
        self.condition = is_yes(self, "IsWanted", browsing.wanted)
        self._log_group = logs.LogGroup(
            self, "Log", retention=logs.RetentionDays.THREE_MONTHS, removal_policy=cdk.RemovalPolicy.DESTROY
        )
        self._role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description="The function that shows the snapshots of EFS backups",
        )
        policy = permit(self, self._role, self._permissions(backup))
        policy.add_statements(_never_write(backup))
        self.function = self._function(code)
        self._connect(access, backup)
        self.function.node.add_dependency(policy)
        cdk.Tags.of(self.function).add("efs-backup:mount-targets", backup.mount_targets)
        url = lambda_.CfnUrl(
            self, "Url", target_function_arn=self.function.function_arn, auth_type="AWS_IAM", invoke_mode="BUFFERED"
        )
        self.url = url.attr_function_url
        only_if(self.condition, self)

    def _permissions(self, backup: BackupFileSystem) -> list[Allow]:
        """Read the snapshots as root, as a restore does; the rest is AWS Lambda's own way to the VPC and to the log."""
        return [
            mount(backup.id, writing=False),
            Allow(
                ["logs:CreateLogStream", "logs:PutLogEvents"],
                [self._log_group.log_group_arn],
                reason="The ARN of a log group ends with :* for its streams.",
            ),
            Allow(
                ["ec2:" + call for call in _INTERFACES],
                ["*"],
                reason="AWS Lambda looks for exactly that before it connects a function to a VPC; the function itself"
                " reaches no network but NFS.",
            ),
        ]

    def _function(self, code: lambda_.Code) -> lambda_.Function:
        function = lambda_.Function(
            self,
            "Function",
            description="EFS backup: shows the snapshots",
            code=code,
            handler=HANDLER,
            runtime=lambda_.Runtime.PYTHON_3_13,
            environment={"BACKUP": MOUNTED_AT},
            role=self._role.without_policy_updates(),
            log_group=self._log_group,
            timeout=cdk.Duration.seconds(_SECONDS),
            memory_size=_MEMORY_MEGABYTES,
        )
        acknowledge(function, "AwsSolutions-L1", "It is the version that the code is tested with; Lambda supports it.")
        return function

    def _connect(self, access: SecurityGroups, backup: BackupFileSystem) -> None:
        """Mount the file system as root by an access point of its own, from a group that may speak NFS and no more."""
        group = access.of_page(self)
        self.security_group = group.security_group_id
        point = efs.CfnAccessPoint(
            self,
            "Access",
            file_system_id=backup.id,
            posix_user=efs.CfnAccessPoint.PosixUserProperty(uid=_ROOT, gid=_ROOT),
            root_directory=efs.CfnAccessPoint.RootDirectoryProperty(path="/"),
        )
        made = cast("lambda_.CfnFunction", self.function.node.default_child)
        made.vpc_config = lambda_.CfnFunction.VpcConfigProperty(
            security_group_ids=[self.security_group], subnet_ids=backup.subnets
        )
        made.file_system_configs = [
            lambda_.CfnFunction.FileSystemConfigProperty(arn=point.attr_arn, local_mount_path=MOUNTED_AT)
        ]


def _never_write(backup: BackupFileSystem) -> iam.PolicyStatement:
    """A file system without a policy lets everybody write who reaches it, also whose role does not say so."""
    return iam.PolicyStatement(
        effect=iam.Effect.DENY, actions=["elasticfilesystem:ClientWrite"], resources=[arns.file_system(backup.id)]
    )
