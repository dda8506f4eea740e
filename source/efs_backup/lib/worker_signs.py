"""DynamoDB: where each instance of a backup says that it lives, under its own name in the record."""

from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeSerializer

from efs_backup.domain.errors import RecordChanged
from efs_backup.domain.operations.record import ID_ATTRIBUTE, STATUS_ATTRIBUTE, WORKERS_ATTRIBUTE, BackupId
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.sharing.workers import WorkerSign
from efs_backup.lib.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class WorkerSigns:
    """The signs of life in the records of one stack; of two who write at one moment neither loses anything."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table = table_name

    def say(self, backup_id: BackupId, name: str, sign: WorkerSign) -> None:
        """Write it. Raises RecordChanged where the backup does not run any more, or is none of several instances."""
        over = RecordChanged(f"The backup {backup_id} has ended.")
        with translated(over, "ConditionalCheckFailedException"):
            self._client.update_item(
                TableName=self._table, Key=_values({ID_ATTRIBUTE: backup_id}),
                UpdateExpression="SET #workers.#name = :sign",
                ConditionExpression="#status = :running AND attribute_exists(#workers)",
                ExpressionAttributeNames={"#workers": WORKERS_ATTRIBUTE, "#name": name, "#status": STATUS_ATTRIBUTE},
                ExpressionAttributeValues=_values({":sign": sign.to_item(), ":running": str(BackupStatus.RUNNING)}),
            )  # fmt: skip


def _values(given: dict[str, Any]) -> Any:
    return {name: TypeSerializer().serialize(value) for name, value in given.items()}
