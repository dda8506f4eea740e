"""Systems Manager: how the agent is told to finish."""

import shlex
from typing import TYPE_CHECKING

from efs_backup.domain.errors import InstanceNotManaged
from efs_backup.domain.record import BackupId
from efs_backup.domain.triggers import LifecycleAction
from efs_backup.lib.refusals import translated

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

DOCUMENT = "AWS-RunShellScript"
AGENT = "/opt/efs-backup/venv/bin/efs-backup-agent"
OUTPUT_PREFIX = "ssm-logs"


class RunCommand:
    """Sends commands to an instance; their output goes to the log bucket."""

    def __init__(self, client: "SSMClient", log_bucket: str) -> None:
        self._client = client
        self._log_bucket = log_bucket

    def send_finish(self, action: LifecycleAction, backup_id: BackupId, *, timeout_minutes: int) -> str:
        """Ask the agent on the held instance to finish this backup; gives the command's id.

        Raises InstanceNotManaged where Systems Manager does not reach the instance.
        """
        unmanaged = InstanceNotManaged(
            f"Systems Manager does not reach the instance {action.instance_id}.",
            "Check that its SSM agent runs, that its role may use Systems Manager, and its way to the service.",
        )
        with translated(unmanaged, "InvalidInstanceId"):
            return self._client.send_command(
                InstanceIds=[action.instance_id],
                DocumentName=DOCUMENT,
                Comment=f"Finish the EFS backup {backup_id}",
                Parameters={
                    "commands": [create_command(action, backup_id)],
                    "executionTimeout": [str(timeout_minutes * 60)],
                },
                OutputS3BucketName=self._log_bucket,
                OutputS3KeyPrefix=OUTPUT_PREFIX,
            )["Command"]["CommandId"]


def create_command(action: LifecycleAction, backup_id: BackupId) -> str:
    """The shell line that calls the agent; each argument is quoted, so that none can be anything but an argument."""
    return shlex.join((
        AGENT, "finish", f"--backup-id={backup_id}", f"--group={action.group}", f"--hook={action.hook}",
        f"--token={action.token}", f"--instance-id={action.instance_id}",
    ))  # fmt: skip
