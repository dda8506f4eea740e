"""The instance that makes the backups, and what it may do."""

from constructs import Construct

from cdk import arns
from cdk.backup_settings import BackupSettings
from cdk.permissions import Allow, permit
from cdk.programs import Stored
from cdk.proxy import ProxySecret
from cdk.security_groups import SecurityGroups
from cdk.user_data import user_data
from cdk.worker_group import WorkerGroup
from cdk.worker_role import every_worker, find_mount_targets, mount, worker_role

_LOGS = ["ec2-logs", "efs-backup-logs", "efs-restore-logs", "ssm-logs"]
"""The last is where Run Command leaves its output."""


class BackupWorker(Construct):
    """A role, and a group whose size the orchestrator sets."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "Worker")
        self.role = worker_role(self)

    def start_with(
        self, settings: BackupSettings, security_groups: SecurityGroups, table_arn: str, bundle: Stored
    ) -> WorkerGroup:
        """Give it what it works with."""
        form = settings.form
        group = WorkerGroup(
            self,
            form,
            role=self.role,
            security_groups=security_groups.of_instance(),
            user_data=user_data(settings.of_agent(), "backup", form, bundle),
            most=settings.shares.most_instances,
        )
        group.hold_before_termination()
        settings.shares.let_share(self.role, group.name)
        ProxySecret(self, form, self.role)
        permit(
            self,
            self.role,
            [*every_worker(bundle, settings.log_bucket, _LOGS, group.name), *_own(settings, table_arn, group.name)],
        )
        return group


def _own(settings: BackupSettings, table_arn: str, group: str) -> list[Allow]:
    source, backup = settings.form.text("SrcEFS"), settings.backup
    return [
        Allow(["dynamodb:GetItem", "dynamodb:Scan", "dynamodb:UpdateItem"], [table_arn]),
        Allow(
            ["autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"],
            [arns.group(group)],
            reason="The wildcard is the group's id, which no template knows; its name is fixed.",
        ),
        mount(source, writing=False),
        mount(backup, writing=True),
        find_mount_targets(source, backup),
    ]
