"""DynamoDB: what somebody wants of a hold, in one item of the table of records."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from efs_backup.domain.operations.hold_requests import HoldRequest, hold_key, requests_in
from efs_backup.domain.operations.record import ID_ATTRIBUTE
from efs_backup.lib.aws_errors import code_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_Values = Mapping[str, Mapping[str, str]]
_REFUSED = "ConditionalCheckFailedException"


class HoldTable:
    """The requests of one row of a stack; "" is the first. What is read is always consistent."""

    def __init__(self, client: "DynamoDBClient", table_name: str, row: str = "") -> None:
        self._client = client
        self._table = table_name
        self._key = {ID_ATTRIBUTE: {"S": hold_key(row)}}

    def of_row(self, row: str) -> "HoldTable":
        """The requests of this row, LABEL/INTERVAL; "" is the first."""
        return HoldTable(self._client, self._table, row)

    def ask(self, request: HoldRequest) -> bool:
        """Store a request over an earlier one of its kind; False where this very event was taken before."""
        item = request.to_item()
        names = {f"#{number}": name for number, name in enumerate(item)}
        values = {f":{number}": {"S": value} for number, value in enumerate(item.values())}
        assignments = ", ".join(f"#{number} = :{number}" for number in range(len(item)))
        return self._update(
            request, f"SET {assignments}", "attribute_not_exists(#id) OR #id <> :id", names, values
        )  # fmt: skip

    def pending(self) -> list[HoldRequest]:
        """The requests that nobody has carried out, in the order in which they came."""
        found = self._client.get_item(TableName=self._table, Key=self._key, ConsistentRead=True).get("Item", {})
        return requests_in({name: value["S"] for name, value in found.items() if "S" in value})

    def done(self, request: HoldRequest) -> None:
        """Forget a request that was carried out, unless another has come in its place; its event stays known."""
        kept = f"{request.action.attribute}Id"
        names = {f"#{number}": name for number, name in enumerate(request.to_item()) if name != kept}
        self._update(request, f"REMOVE {', '.join(names)}", "#id = :id", names, {})

    def _update(
        self,
        request: HoldRequest,
        change: str,
        condition: str,
        names: dict[str, str],
        values: dict[str, dict[str, str]],
    ) -> bool:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=self._key,
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeNames={**names, "#id": f"{request.action.attribute}Id"},
                ExpressionAttributeValues={**values, ":id": {"S": request.event_id}},
            )
        except ClientError as error:
            if code_of(error) != _REFUSED:
                raise
            return False
        return True
