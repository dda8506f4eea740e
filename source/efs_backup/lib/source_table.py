"""DynamoDB: the rows of a stack, and the starts that wait, in two items of the table of records."""

import logging
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from efs_backup.domain.errors import RecordChanged
from efs_backup.domain.operations.record import ID_ATTRIBUTE, SOURCES_KEY, WAITING_KEY
from efs_backup.domain.sources.table import SourceTable
from efs_backup.domain.sources.turns import Waiting, in_turn
from efs_backup.lib.aws_errors import code_of, translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_logger = logging.getLogger(__name__)
_REFUSED = "ConditionalCheckFailedException"


class SourceRows:
    """The rows of one stack. What is read is always consistent."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table = table_name

    def read(self) -> SourceTable:
        """All rows and policies."""
        return SourceTable.from_item(self._read(SOURCES_KEY))

    def write(self, table: SourceTable) -> None:
        """Store a table that is one change ahead of what is stored. Raises RecordChanged where somebody was faster."""
        changed = RecordChanged("Somebody else has just changed the sources.")
        before = table.version - 1
        condition = "#version = :before" if before else "attribute_not_exists(#version)"
        values = {"ExpressionAttributeValues": _attributes({":before": before})} if before else {}
        with translated(changed, _REFUSED):
            self._client.put_item(
                TableName=self._table, Item=_attributes({ID_ATTRIBUTE: SOURCES_KEY, **table.to_item()}),
                ConditionExpression=condition, ExpressionAttributeNames={"#version": "Version"},
                **values,  # type: ignore[arg-type]
            )  # fmt: skip

    def waiting(self) -> list[Waiting]:
        """The starts that wait, the oldest first."""
        found = self._read(WAITING_KEY) or {}
        return in_turn(_readable({row: item for row, item in found.items() if row != ID_ATTRIBUTE}))

    def wait(self, start: Waiting) -> bool:
        """Let a start wait; False where another of its row does."""
        return self._update(start.row, "SET #row = :start", "attribute_not_exists(#row)", {":start": start.to_item()})

    def forget(self, start: Waiting) -> None:
        """Let a start wait no more; it may be another by now, which goes on waiting."""
        self._update(start.row, "REMOVE #row", "#row.Id = :id", {":id": start.backup_id})

    def _update(self, row: str, change: str, condition: str, values: Mapping[str, Any]) -> bool:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_attributes({ID_ATTRIBUTE: WAITING_KEY}),
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#row": row},
                ExpressionAttributeValues=_attributes(values),
            )
        except ClientError as error:
            if code_of(error) != _REFUSED:
                raise
            return False
        return True

    def _read(self, key: str) -> dict[str, Any] | None:
        found = self._client.get_item(
            TableName=self._table, Key=_attributes({ID_ATTRIBUTE: key}), ConsistentRead=True
        ).get("Item")
        return _plain({name: TypeDeserializer().deserialize(value) for name, value in found.items()}) if found else None


def _readable(found: Mapping[str, Any]) -> Iterator[Waiting]:
    """One that cannot be read holds up no other; its row is started by its next time."""
    for row, item in found.items():
        try:
            yield Waiting.from_item(row, item)
        except (KeyError, TypeError, ValueError):
            _logger.warning("What waits as %s cannot be read, and is passed over: %s", row, item)


def _attributes(values: Mapping[str, Any]) -> "dict[str, AttributeValueTypeDef]":
    return {name: TypeSerializer().serialize(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    """The same with whole numbers, as they were."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return int(value) if isinstance(value, Decimal) else value
