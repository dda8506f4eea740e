"""The instance that makes the backups, and what it may do."""

from dataclasses import dataclass

from constructs import Construct

from ..packaging.programs import Stored
from ..packaging.user_data import user_data
from ..permissions import arns
from ..permissions.allow import Allow, permit
from ..permissions.worker_role import every_worker, find_mount_targets, mount, worker_role
from .backup_settings import BackupSettings
from .proxy import ProxySecret
from .security_groups import SecurityGroups
from .worker_group import Launch, Size, WorkerGroup

_LOGS = ["ec2-logs", "efs-backup-logs", "efs-restore-logs", "ssm-logs"]
"""The last is where Run Command leaves its output."""


class WorkerRole(Construct):
    """The role of the instance, which others name before there is one. The group is made within it."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "Worker")
        self.role = worker_role(self)


@dataclass(frozen=True)
class Work:
    """The programs and settings of an instance."""

    settings: BackupSettings
    security_groups: SecurityGroups
    table_arn: str
    bundle: Stored


class BackupGroup(WorkerGroup):
    """A group whose size the orchestrator sets, of instances with that role."""

    def __init__(self, worker: WorkerRole, work: Work) -> None:
        settings, asked = work.settings, work.settings.asked
        super().__init__(
            worker,
            asked.instance,
            asked.network,
            Launch(
                worker.role,
                work.security_groups.of_instance(),
                user_data(settings.of_agent(), "backup", asked.instance, work.bundle),
            ),
            Size(most=settings.shares.most_instances, holds=True),
        )
        settings.shares.let_share(worker.role, self.name)
        ProxySecret(worker, asked.instance, worker.role)
        permit(
            worker,
            worker.role,
            [*every_worker(work.bundle, settings.log_bucket, _LOGS, self.name), *_own(work, self.name)],
        )


def _own(work: Work, group: str) -> list[Allow]:
    source, backup = work.settings.asked.source.file_system, work.settings.backup
    return [
        Allow(["dynamodb:GetItem", "dynamodb:Scan", "dynamodb:UpdateItem"], [work.table_arn]),
        Allow(
            ["autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"],
            [arns.group(group)],
            reason="The wildcard is the group's id, which no template knows; its name is fixed.",
        ),
        mount(source, writing=False),
        mount(backup, writing=True),
        find_mount_targets(source, backup),
    ]
