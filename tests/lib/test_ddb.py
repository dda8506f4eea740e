"""The records of one stack in DynamoDB: what goes beyond the contract of every store."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError

from efs_backup.domain.errors import RecordChanged
from efs_backup.domain.operations.record import LATEST_KEY, BackupId
from efs_backup.domain.results import BackupStatus
from efs_backup.lib.clients import client as patient_client
from efs_backup.lib.ddb import RecordTable
from tests.lib.refusals import Refuse
from tests.support.records import RUNNING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "nightly-records"
OTHER = replace(RUNNING, backup_id=BackupId("0000beef"), start_time=RUNNING.start_time + timedelta(days=1))


@pytest.fixture(scope="module")
def client(session: boto3.Session) -> "DynamoDBClient":
    """DynamoDB."""
    return session.client("dynamodb")


@pytest.fixture
def store(aws: None, client: "DynamoDBClient") -> RecordTable:
    """An empty table."""
    client.create_table(
        TableName=TABLE, BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "BackupId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "BackupId", "AttributeType": "S"}],
    )  # fmt: skip
    return RecordTable(client, TABLE)


def _stored(client: "DynamoDBClient", key: str) -> dict[str, Any]:
    return dict(client.get_item(TableName=TABLE, Key={"BackupId": {"S": key}})["Item"])


def test_an_item_holds_numbers_as_numbers_and_the_rest_as_text(client: "DynamoDBClient", store: RecordTable) -> None:
    """The expiry above all: time to live ignores text."""
    store.start(replace(RUNNING, source_burst_credit_balance=0.1), None)
    item = _stored(client, RUNNING.backup_id)
    assert item["ExpireItem"] == {"N": str(int(RUNNING.expires.timestamp()))}
    assert item["SourceBurstCreditBalance"] == {"N": "0.1"}
    assert (item["BackupStatus"], item["BackupStartTime"]) == ({"S": "Running"}, {"S": "2026-11-22T02:00:00"})


def test_the_item_of_the_backup_started_last_never_expires_and_is_no_backup(
    client: "DynamoDBClient", store: RecordTable
) -> None:
    """The item only names a backup."""
    store.start(RUNNING, None)
    assert set(_stored(client, LATEST_KEY)) == {"BackupId", "LatestBackupId"}
    assert list(store.backups()) == [RUNNING]


def test_records_of_more_than_one_page_are_all_found(store: RecordTable) -> None:
    """A scan answers one megabyte at a time."""
    known = {BackupId(f"{number:08x}"): "x" * 9_000 for number in range(150)}
    for backup_id, message in known.items():
        store.put(replace(RUNNING, backup_id=backup_id, message=message))
    assert {backup.backup_id: backup.message for backup in store.backups()} == known


def test_what_is_read_is_never_older_than_what_was_written(client: "DynamoDBClient", store: RecordTable) -> None:
    """Each read asks DynamoDB for consistency."""
    asked: list[bool] = []

    def look(params: dict[str, Any], **_: object) -> None:
        asked.append(params.get("ConsistentRead", False))

    store.put(RUNNING)
    operations = ("GetItem", "Scan")
    for operation in operations:
        client.meta.events.register(f"provide-client-params.dynamodb.{operation}", look)
    store.get(RUNNING.backup_id)
    store.latest()
    list(store.backups())
    store.newest_success()
    for operation in operations:
        client.meta.events.unregister(f"provide-client-params.dynamodb.{operation}", look)
    assert asked == [True] * 4


def test_a_record_that_cannot_be_written_is_no_record_that_was_changed(client: "DynamoDBClient", aws: None) -> None:
    """A table that is missing is told as it is, by each write."""
    store = RecordTable(client, "nowhere")
    ended = replace(RUNNING, status=BackupStatus.SUCCESS)
    writes: list[Callable[[], None]] = [
        lambda: store.start(RUNNING, None),
        lambda: store.put(RUNNING),
        lambda: store.update(RUNNING, ended),
    ]
    for write in writes:
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            write()


def test_a_record_that_cannot_be_read_is_no_record_that_is_gone(client: "DynamoDBClient", aws: None) -> None:
    """A table that is missing is told as it is, by each read."""
    store = RecordTable(client, "nowhere")
    for read in (lambda: store.get(RUNNING.backup_id), store.latest, lambda: list(store.backups())):
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            read()


@pytest.mark.parametrize("operation", ["put_item", "update_item", "transact_write_items"])
def test_a_write_without_the_right_to_it_is_told_as_it_is(
    client: "DynamoDBClient", store: RecordTable, refuse: Refuse, operation: str
) -> None:
    """Nothing is translated that nobody expected."""
    calls: dict[str, Any] = {
        "put_item": lambda: store.put(RUNNING),
        "update_item": lambda: store.update(RUNNING, replace(RUNNING, status=BackupStatus.SUCCESS)),
        "transact_write_items": lambda: store.start(RUNNING, None),
    }
    refuse(client, operation, "AccessDeniedException", "Not authorized.")
    with pytest.raises(ClientError, match="Not authorized"):
        calls[operation]()


def _cancelled(*codes: str) -> Any:
    """The refusal of a transaction, with a reason for each of its writes."""
    reasons = [{"Code": code, "Message": code} for code in codes]
    error = {"Code": "TransactionCanceledException", "Message": f"Transaction cancelled: {codes}"}
    return AWSResponse("https://dynamodb", 400, HTTPHeaders(), None), {"Error": error, "CancellationReasons": reasons}


@pytest.mark.parametrize(
    ("codes", "refusal"),
    [
        (("None", "ConditionalCheckFailed"), RecordChanged),
        (("None", "TransactionConflict"), RecordChanged),
        (("TransactionConflict", "None"), RecordChanged),
        (("ThrottlingError", "None"), ClientError),
        (("None", "ProvisionedThroughputExceeded"), ClientError),
    ],
)
def test_only_another_start_is_called_one(
    client: "DynamoDBClient", store: RecordTable, codes: tuple[str, ...], refusal: type[Exception]
) -> None:
    """DynamoDB cancels a transaction for other causes too, with the same code."""

    def cancel(**_: object) -> Any:
        return _cancelled(*codes)

    client.meta.events.register("before-call.dynamodb.TransactWriteItems", cancel)
    try:
        with pytest.raises(refusal):
            store.start(RUNNING, None)
    finally:
        client.meta.events.unregister("before-call.dynamodb.TransactWriteItems", cancel)


class _Raw:
    """The body of an answer, as urllib3 gives it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> list[bytes]:
        """All at once."""
        return [self._body]


def test_a_throttled_request_is_tried_again(store: RecordTable) -> None:
    """Nobody notices it but the log."""
    tries: list[str] = []

    def throttle_once(request: Any, **_: object) -> AWSResponse | None:
        tries.append(request.url)
        body = b'{"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "Rate exceeded."}'
        return AWSResponse(request.url, 400, HTTPHeaders(), _Raw(body)) if len(tries) == 1 else None

    store.put(RUNNING)
    patient = patient_client("dynamodb")
    patient.meta.events.register("before-send.dynamodb.GetItem", throttle_once)
    assert RecordTable(patient, TABLE).get(RUNNING.backup_id) == RUNNING
    assert len(tries) == 2
