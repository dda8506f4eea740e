"""The instance that makes one restore, and what it may do."""

from aws_cdk import Aws
from constructs import Construct

from cdk import arns
from cdk.form import Form
from cdk.permissions import Allow, permit
from cdk.programs import Stored
from cdk.proxy import ProxySecret
from cdk.reports import Reports
from cdk.user_data import user_data
from cdk.worker_group import WorkerGroup
from cdk.worker_role import every_worker, find_mount_targets, group_name, mount, worker_role
from efs_backup.domain.operations.restore_mark import MARK_PREFIX

_LOGS = ["ec2-logs", "efs-restore-logs"]


def restore_environment(form: Form, topic: str) -> dict[str, str]:
    """The environment file of the instance: the fields of RestoreSettings, in capitals."""
    return {
        "STACK_ID": Aws.STACK_ID,
        "STACK_NAME": Aws.STACK_NAME,
        "TOPIC_ARN": topic,
        "CHAT_TOPIC_ARN": form.text("ChatTopicArn"),
        "LOG_BUCKET": form.text("RestoreLogBucket"),
        "GROUP_NAME": group_name(),
        "TARGET_FILE_SYSTEM": form.text("SrcEFS"),
        "BACKUP_FILE_SYSTEM": form.text("DstEFS"),
        "FOLDER_LABEL": form.text("FolderLabel"),
        "INTERVAL": form.text("IntervalTag"),
        "BACKUP_NUMBER": form.text("BackupNum"),
        "RESTORE_AS_OF": form.text("RestoreAsOf"),
        "RESTORE_PREFIX": form.text("RestorePrefix"),
        "RESTORE_SUB_DIR": form.text("RestoreSubDir"),
        "RESTORE_MODE": form.text("RestoreMode"),
        "DRY_RUN": form.text("DryRun"),
        "MAX_OPERATIONS_PER_SECOND": form.text("MaxOperationsPerSecond"),
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

    def __init__(self, scope: Construct, form: Form, reports: Reports, bundle: Stored) -> None:
        super().__init__(scope, "Worker")
        role = worker_role(self)
        self.group = WorkerGroup(
            self,
            form,
            role=role,
            security_groups=[form.text("SecurityGroupId")],
            user_data=user_data(restore_environment(form, reports.arn), "restore", form, bundle),
            desired="1",
        )
        target, backup = form.text("SrcEFS"), form.text("DstEFS")
        logs = form.text("RestoreLogBucket")
        policy = permit(self, role, [
            *every_worker(bundle, logs, _LOGS, group_name()),
            _marks(logs),
            mount(target, writing=True),
            mount(backup, writing=False),
            find_mount_targets(target, backup),
        ])  # fmt: skip
        tells = reports.let_tell(role)
        ProxySecret(self, form, role)
        self.group.start_after(policy, tells)
