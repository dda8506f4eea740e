"""The instance that makes one restore, and what it may do."""

from aws_cdk import Aws
from constructs import Construct

from efs_backup.domain.operations.restore_mark import MARK_PREFIX

from ..packaging.programs import Stored
from ..packaging.user_data import user_data
from ..parameters.restore import RestoreParameters
from ..permissions import arns
from ..permissions.allow import Allow, permit
from ..permissions.worker_role import every_worker, find_mount_targets, group_name, mount, worker_role
from .conditions import as_text
from .proxy import ProxySecret
from .reports import Reports
from .worker_group import Launch, Size, WorkerGroup

_LOGS = ["ec2-logs", "efs-restore-logs"]


def restore_environment(asked: RestoreParameters, topic: str) -> dict[str, str]:
    """The environment file of the instance: the fields of RestoreSettings, in capitals."""
    return {
        "STACK_ID": Aws.STACK_ID,
        "STACK_NAME": Aws.STACK_NAME,
        "TOPIC_ARN": topic,
        "CHAT_TOPIC_ARN": asked.reports.chat_topic,
        "LOG_BUCKET": asked.logs.bucket,
        "GROUP_NAME": group_name(),
        "TARGET_FILE_SYSTEM": asked.target.file_system,
        "BACKUP_FILE_SYSTEM": asked.backup.file_system,
        "FOLDER_LABEL": asked.series.label,
        "INTERVAL": asked.series.interval,
        "BACKUP_NUMBER": as_text(asked.snapshot.number),
        "RESTORE_AS_OF": asked.snapshot.as_of,
        "RESTORE_PREFIX": asked.target.directory,
        "RESTORE_SUB_DIR": asked.snapshot.directory,
        "RESTORE_MODE": asked.manner.mode,
        "DRY_RUN": as_text(asked.manner.dry_run),
        "MAX_OPERATIONS_PER_SECOND": as_text(asked.instance.operations_per_second),
        "AWS_DEFAULT_REGION": Aws.REGION,
    }


def _marks(log_bucket: str) -> Allow:
    """Leave the mark of a restore, and read one that is there."""
    return Allow(
        ["s3:GetObject", "s3:PutObject"],
        [f"{arns.bucket(log_bucket)}/{MARK_PREFIX}/*"],
        reason="A mark's name is a hash of the stack and its order.",
    )


class RestoreWorker(Construct):
    """A group that starts its one instance at once; the instance sets it back to none."""

    def __init__(self, scope: Construct, asked: RestoreParameters, reports: Reports, bundle: Stored) -> None:
        super().__init__(scope, "Worker")
        role = worker_role(self)
        self.group = WorkerGroup(
            self,
            asked.instance,
            asked.network,
            Launch(
                role,
                [asked.access.security_group],
                user_data(restore_environment(asked, reports.arn), "restore", asked.instance, bundle),
            ),
            Size(desired="1", counts=True),
        )
        target, backup = asked.target.file_system, asked.backup.file_system
        logs = asked.logs.bucket
        policy = permit(self, role, [
            *every_worker(bundle, logs, _LOGS, group_name()),
            _marks(logs),
            mount(target, writing=True),
            mount(backup, writing=False),
            find_mount_targets(target, backup),
        ])  # fmt: skip
        tells = reports.let_tell(role)
        ProxySecret(self, asked.instance, role)
        self.group.start_after(policy, tells)
