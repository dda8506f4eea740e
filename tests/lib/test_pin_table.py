"""Requests about single snapshots in DynamoDB."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import pytest

from efs_backup.domain.operations.pin_requests import PinAction, PinRequest, Wish
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.lib.ddb import RecordTable
from efs_backup.lib.pin_table import PinTable
from tests.support.records import RUNNING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "nightly-records"
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
WISH = Wish(
    PinAction.PIN, SnapshotName(datetime(2026, 11, 22, 2, tzinfo=UTC)), "the audit", "ann", NOW.replace(year=2027)
)
ASKED = PinRequest(WISH, NOW, "event 1")
LATER = PinRequest(replace(WISH, action=PinAction.UNPIN, until=None), NOW + timedelta(hours=1), "event 2")


@pytest.fixture
def client(aws: None, session: boto3.Session) -> "DynamoDBClient":
    """A table with a record."""
    made: DynamoDBClient = session.client("dynamodb")
    made.create_table(
        TableName=TABLE, BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "BackupId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "BackupId", "AttributeType": "S"}],
    )  # fmt: skip
    RecordTable(made, TABLE).start(RUNNING, None)
    return made


def test_requests_wait_in_their_order_until_they_are_done(client: "DynamoDBClient") -> None:
    """They are no backups, and the table forgets them as it forgets records."""
    pins = PinTable(client, TABLE)
    assert pins.pending() == []
    assert pins.ask(LATER)
    assert pins.ask(ASKED)
    assert pins.pending() == [ASKED, LATER]
    assert list(RecordTable(client, TABLE).backups()) == [RUNNING]
    pins.done(ASKED, NOW, "It is pinned.")
    assert pins.pending() == [LATER]
    item = client.get_item(TableName=TABLE, Key={"BackupId": {"S": ASKED.key}})["Item"]
    assert item["Outcome"] == {"S": "It is pinned."}
    assert item["ExpireItem"] == {"N": str(int((NOW + timedelta(days=90)).timestamp()))}


def test_an_event_that_is_delivered_twice_asks_once(client: "DynamoDBClient") -> None:
    """Also when it was carried out since: what has come after it was not meant."""
    pins = PinTable(client, TABLE)
    assert pins.ask(ASKED)
    assert not pins.ask(replace(ASKED, at=NOW + timedelta(minutes=5)))
    pins.done(ASKED, NOW, "It is pinned.")
    assert not pins.ask(ASKED)
    assert pins.pending() == []


def test_an_item_that_is_no_request_hides_none(client: "DynamoDBClient") -> None:
    """Somebody has written into the table; and a request that is gone is no fault of who has done it."""
    pins = PinTable(client, TABLE)
    for number, more in enumerate(({}, {"Action": {"S": "xyzzy"}}, {"SnapshotName": {"N": "1"}})):
        client.put_item(TableName=TABLE, Item={"BackupId": {"S": f"pin-{number}"}, **more})
    pins.ask(ASKED)
    assert pins.pending() == [ASKED]
    pins.done(LATER, NOW, "Done.")
    assert pins.pending() == [ASKED]
