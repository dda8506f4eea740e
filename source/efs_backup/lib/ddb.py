"""DynamoDB: the records of one stack."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from efs_backup.domain.errors import AlreadyStarted, RecordChanged, RecordGone
from efs_backup.domain.operations.hold_requests import HOLD_KEY
from efs_backup.domain.operations.record import (
    ID_ATTRIBUTE,
    INSTANCE_ATTRIBUTE,
    LATEST_ATTRIBUTE,
    LATEST_KEY,
    SOURCES_KEY,
    STATUS_ATTRIBUTE,
    WAITING_KEY,
    BackupId,
    BackupRecord,
    Change,
    change_between,
    newest_success,
    readable,
)
from efs_backup.domain.results import BackupStatus
from efs_backup.lib.aws_errors import code_of, translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Attributes = dict[str, AttributeValueTypeDef]

_NO_RECORDS = frozenset({LATEST_KEY, HOLD_KEY, SOURCES_KEY, WAITING_KEY})
_REFUSED = "ConditionalCheckFailedException"
_CANCELED = "TransactionCanceledException"
_RECORD_REFUSED = "ConditionalCheckFailed"
_MAY_START = (
    "attribute_not_exists(#id) OR (#status = :failed AND (attribute_not_exists(#instance) OR #instance = :first))"
)


class RecordTable:
    """The BackupStore of one stack, in a table whose key is `BackupId`. What is read is always consistent."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table = table_name

    def start(self, backup: BackupRecord, after: BackupId | None) -> None:
        """See BackupStore. Both writes are one transaction: two starts at once cannot both succeed."""
        record = {
            "TableName": self._table,
            "Item": _attributes(backup.to_item()),
            "ConditionExpression": _MAY_START,
            "ExpressionAttributeNames": {
                "#id": ID_ATTRIBUTE, "#status": STATUS_ATTRIBUTE, "#instance": INSTANCE_ATTRIBUTE
            },
            "ExpressionAttributeValues": _attributes({
                ":failed": BackupStatus.FAILED, ":first": backup.first_instance or "nobody"
            }),
        }  # fmt: skip
        try:
            self._client.transact_write_items(
                TransactItems=[{"Put": record}, {"Put": self._move_latest(backup.backup_id, after)}]  # type: ignore[typeddict-item]
            )
        except ClientError as error:
            if code_of(error) != _CANCELED:
                raise
            reasons = _cancellations(error)
            if not {*reasons} & {_RECORD_REFUSED, "TransactionConflict"}:
                raise
            if reasons[0] == _RECORD_REFUSED:
                raise _already_started(backup) from error
            raise RecordChanged("Another backup was started at the same moment.") from error

    def put(self, backup: BackupRecord) -> None:
        """See BackupStore."""
        with translated(_already_started(backup), _REFUSED):
            self._client.put_item(
                TableName=self._table,
                Item=_attributes(backup.to_item()),
                ConditionExpression="attribute_not_exists(#id)",
                ExpressionAttributeNames={"#id": ID_ATTRIBUTE},
            )

    def get(self, backup_id: BackupId) -> BackupRecord:
        """See BackupStore."""
        item = self._read(backup_id)
        if item is None:
            raise _gone(backup_id)
        return BackupRecord.from_item(item)

    def update(self, before: BackupRecord, after: BackupRecord) -> None:
        """See BackupStore."""
        change = change_between(before, after)
        if not (change.put or change.drop):
            self._check(before)
            return
        try:
            self._client.update_item(
                TableName=self._table, Key=_attributes({ID_ATTRIBUTE: before.backup_id}), **_update(before, change)
            )
        except ClientError as error:
            if code_of(error) != _REFUSED:
                raise
            self._check(before)
            raise RecordChanged(f"The backup {before.backup_id} has just changed.") from error

    def _check(self, before: BackupRecord) -> None:
        """Raises RecordGone, or RecordChanged where the stored status is another."""
        stored = self.get(before.backup_id)
        if stored.status is not before.status:
            raise RecordChanged(f"The backup {before.backup_id} is {stored.status} by now, no more {before.status}.")

    def latest(self) -> BackupId | None:
        """See BackupStore."""
        item = self._read(LATEST_KEY)
        return BackupId(str(item[LATEST_ATTRIBUTE])) if item else None

    def backups(self) -> Iterator[BackupRecord]:
        """See BackupStore; a table holds some hundred records at most, since they expire."""
        pages = self._client.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True)
        for page in pages:
            items = (_values(item) for item in page["Items"])
            yield from readable(item for item in items if item[ID_ATTRIBUTE] not in _NO_RECORDS)

    def newest_success(self) -> BackupRecord | None:
        """See BackupStore."""
        return newest_success(self.backups())

    def _read(self, key: str) -> dict[str, Any] | None:
        found = self._client.get_item(
            TableName=self._table, Key=_attributes({ID_ATTRIBUTE: key}), ConsistentRead=True
        ).get("Item")
        return _values(found) if found else None

    def _move_latest(self, backup_id: BackupId, after: BackupId | None) -> dict[str, Any]:
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(#id)"}
        names = {"#id": ID_ATTRIBUTE}
        if after:
            condition = {
                "ConditionExpression": "#latest = :after", "ExpressionAttributeValues": _attributes({":after": after})
            }  # fmt: skip
            names = {"#latest": LATEST_ATTRIBUTE}
        item = _attributes({ID_ATTRIBUTE: LATEST_KEY, LATEST_ATTRIBUTE: backup_id})
        return {"TableName": self._table, "Item": item, "ExpressionAttributeNames": names, **condition}


def _update(before: BackupRecord, change: Change) -> dict[str, Any]:
    put = [(f"#put{number}", f":put{number}", name) for number, name in enumerate(change.put)]
    drop = [(f"#drop{number}", name) for number, name in enumerate(change.drop)]
    clauses = []
    if put:
        clauses.append("SET " + ", ".join(f"{name} = {value}" for name, value, _ in put))
    if drop:
        clauses.append("REMOVE " + ", ".join(name for name, _ in drop))
    guards = _guards(change)
    names = {"#status": STATUS_ATTRIBUTE, **{key: name for key, _, name in put}, **dict(drop), **guards.names}
    values = {":status": before.status, **{value: change.put[name] for _, value, name in put}, **guards.values}
    return {
        "UpdateExpression": " ".join(clauses),
        "ConditionExpression": " AND ".join(("#status = :status", *guards.conditions)),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": _attributes(values),
    }


class _Guards(NamedTuple):
    """The conditions for guarded attributes, in DynamoDB's words."""

    conditions: list[str]
    names: dict[str, str]
    values: dict[str, Any]


def _guards(change: Change) -> _Guards:
    names = {f"#guard{number}": name for number, name in enumerate(change.guards)}
    held = {key: change.guards[name] for key, name in names.items()}
    conditions = [
        f"attribute_not_exists({key})" if value is None else f"{key} = {key.replace('#', ':')}"
        for key, value in held.items()
    ]
    values = {key.replace("#", ":"): value for key, value in held.items() if value is not None}
    return _Guards(conditions, names, values)


def _attributes(item: Mapping[str, Any]) -> "Attributes":
    """Numbers become Decimal here and nowhere else: DynamoDB has no binary floating point."""
    exact = {name: Decimal(str(value)) if isinstance(value, float) else value for name, value in item.items()}
    return {name: TypeSerializer().serialize(value) for name, value in exact.items()}


def _values(attributes: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: TypeDeserializer().deserialize(value) for name, value in attributes.items()}
    return {name: _number(value) if isinstance(value, Decimal) else value for name, value in values.items()}


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _cancellations(error: ClientError) -> list[str]:
    reasons = error.response.get("CancellationReasons", ())
    return [str(reason.get("Code", "")) for reason in reasons]


def _already_started(backup: BackupRecord) -> AlreadyStarted:
    return AlreadyStarted(f"The backup {backup.backup_id} has been started before.")


def _gone(backup_id: BackupId) -> RecordGone:
    return RecordGone(f"There is no record of the backup {backup_id}.")
