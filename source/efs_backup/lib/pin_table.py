"""DynamoDB: what somebody wants of single snapshots, an item each in the table of records."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from efs_backup.domain.operations.pin_requests import DONE_ATTRIBUTE, OUTCOME_ATTRIBUTE, PIN_KEY, PinRequest
from efs_backup.domain.operations.record import ID_ATTRIBUTE
from efs_backup.lib.aws_errors import code_of, ignored

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_REFUSED = "ConditionalCheckFailedException"


class PinTable:
    """The requests of one row of a stack; "" is the first. What is read is always consistent."""

    def __init__(self, client: "DynamoDBClient", table_name: str, row: str = "") -> None:
        self._client = client
        self._table = table_name
        self._row = row

    def of_row(self, row: str) -> "PinTable":
        """The requests of this row, LABEL/INTERVAL; "" is the first."""
        return PinTable(self._client, self._table, row)

    def ask(self, request: PinRequest) -> bool:
        """Store a request; False where this very event was taken before, even if it was carried out since."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item={name: _attribute(value) for name, value in request.to_item().items()},
                ConditionExpression="attribute_not_exists(#id)",
                ExpressionAttributeNames={"#id": ID_ATTRIBUTE},
            )
        except ClientError as error:
            if code_of(error) != _REFUSED:
                raise
            return False
        return True

    def pending(self) -> list[PinRequest]:
        """The requests of the row that nobody has carried out, in the order in which they came."""
        return [each for each in self.pending_of_all() if each.row == self._row]

    def pending_of_all(self) -> list[PinRequest]:
        """Those of all rows."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table,
            ConsistentRead=True,
            FilterExpression="begins_with(#id, :pin) AND attribute_not_exists(#done)",
            ExpressionAttributeNames={"#id": ID_ATTRIBUTE, "#done": DONE_ATTRIBUTE},
            ExpressionAttributeValues={":pin": {"S": PIN_KEY}},
        )
        found = (PinRequest.from_item(_texts(item)) for page in pages for item in page["Items"])
        return sorted(filter(None, found), key=lambda one: (one.at, one.key))

    def done(self, request: PinRequest, now: datetime, outcome: str) -> None:
        """Keep what became of it; the item stays until it expires, so that its event stays known."""
        with ignored(_REFUSED):
            self._client.update_item(
                TableName=self._table,
                Key={ID_ATTRIBUTE: {"S": request.key}},
                UpdateExpression="SET #done = :now, #outcome = :outcome",
                ConditionExpression="attribute_exists(#id)",
                ExpressionAttributeNames={"#id": ID_ATTRIBUTE, "#done": DONE_ATTRIBUTE, "#outcome": OUTCOME_ATTRIBUTE},
                ExpressionAttributeValues={
                    ":now": {"S": now.astimezone(UTC).isoformat(timespec="seconds")}, ":outcome": {"S": outcome}
                },
            )  # fmt: skip


def _attribute(value: str | int) -> dict[str, str]:
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def _texts(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {name: value["S"] for name, value in item.items() if "S" in value}
