"""Systems Manager: how the agent is told to finish, and the secrets that its parameters hold."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from efs_backup.domain.errors import CommandDenied, InstanceNotManaged, ServiceFault
from efs_backup.domain.operations.lifecycle import CommandOutput, LifecycleAction, create_commands
from efs_backup.domain.operations.record import BackupId
from efs_backup.lib.aws_errors import ignored, translated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_ssm import SSMClient

DOCUMENT = "AWS-RunShellScript"
OUTPUT_PREFIX = "ssm-logs"


class RunCommand:
    """Sends commands to an instance; their output goes to the log bucket."""

    def __init__(self, client: "SSMClient", log_bucket: str) -> None:
        self._client = client
        self._log_bucket = log_bucket

    def send_finish(self, action: LifecycleAction, backup_id: BackupId, *, timeout_minutes: int) -> str:
        """Ask the agent on the held instance to finish this backup; gives the command's id.

        Raises InstanceNotManaged where Systems Manager does not reach the instance, CommandDenied where it must not be
        asked: also of an instance that is gone, for its tags, by which the role may ask it, are gone too.
        """
        unmanaged = InstanceNotManaged(
            f"Systems Manager does not reach the instance {action.instance_id}.",
            "Check that its SSM agent runs, that its role may use Systems Manager, and its way to the service.",
        )
        denied = CommandDenied(
            f"Systems Manager does not let the instance {action.instance_id} be asked to finish.",
            "Compare the policy of the orchestrator's role with the template's: ssm:SendCommand is missing.",
        )
        with translated(unmanaged, "InvalidInstanceId"), translated(denied, "AccessDeniedException"):
            return self._client.send_command(
                InstanceIds=[action.instance_id],
                DocumentName=DOCUMENT,
                Comment=f"Finish the EFS backup {backup_id}",
                Parameters={
                    "commands": create_commands(action, backup_id),
                    "executionTimeout": [str(timeout_minutes * 60)],
                },
                OutputS3BucketName=self._log_bucket,
                OutputS3KeyPrefix=OUTPUT_PREFIX,
            )["Command"]["CommandId"]

    def output(self, command_id: str, instance_id: str) -> CommandOutput:
        """How a command ended on an instance, with what it wrote; nothing is known of one that never reached it."""
        ended: Mapping[str, Any] = {}
        with ignored("InvocationDoesNotExist"):
            ended = self._client.get_command_invocation(CommandId=command_id, InstanceId=instance_id)
        written = (ended.get("StandardOutputContent", ""), ended.get("StandardErrorContent", ""))
        return CommandOutput(ended.get("ResponseCode"), "\n".join(written).strip(), str(ended.get("StatusDetails", "")))


class Secrets:
    """The parameters of Systems Manager, of which some are encrypted."""

    def __init__(self, client: "SSMClient") -> None:
        self._client = client

    def read(self, name: str) -> str:
        """The value of a parameter. Raises ServiceFault, whose sentence does not hold it."""
        try:
            return self._client.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"].strip()
        except ClientError as refused:
            raise ServiceFault(f"It cannot be read: {refused.response['Error']['Code']}.", _LOOK) from refused
        except BotoCoreError as error:
            raise ServiceFault(f"It cannot be read: {error}.", _LOOK) from error


_LOOK = "See that the parameter is there, and that its key lets the role of the instance decrypt it."
