"""Requests about holds in DynamoDB."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import pytest

from efs_backup.domain.operations.hold_requests import HoldAction, HoldRequest
from efs_backup.lib.ddb import RecordTable
from efs_backup.lib.hold_table import HoldTable
from tests.support.records import RUNNING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "nightly-records"
ASKED = HoldRequest(HoldAction.RELEASE, "it was a release", "ann", datetime(2026, 11, 22, 9, tzinfo=UTC), "event 1")
AGAIN = replace(ASKED, at=ASKED.at + timedelta(hours=1))


@pytest.fixture
def holds(aws: None, session: boto3.Session) -> HoldTable:
    """An empty table."""
    client: DynamoDBClient = session.client("dynamodb")
    client.create_table(
        TableName=TABLE, BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "BackupId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "BackupId", "AttributeType": "S"}],
    )  # fmt: skip
    RecordTable(client, TABLE).start(RUNNING, None)
    return HoldTable(client, TABLE)


def test_a_request_waits_until_it_is_done(holds: HoldTable, session: boto3.Session) -> None:
    """A request is no backup."""
    assert holds.pending() == []
    assert holds.ask(ASKED)
    assert holds.pending() == [ASKED]
    assert list(RecordTable(session.client("dynamodb"), TABLE).backups()) == [RUNNING]
    holds.done(ASKED)
    assert holds.pending() == []


def test_an_event_that_is_delivered_twice_asks_once(holds: HoldTable) -> None:
    """Also long after it was done: what has come since was not meant. Its time is that of the first delivery."""
    holds.ask(ASKED)
    assert not holds.ask(AGAIN)
    assert holds.pending() == [ASKED]
    holds.done(ASKED)
    assert not holds.ask(AGAIN)
    assert holds.pending() == []


def test_a_request_that_came_meanwhile_is_not_forgotten_with_the_one_that_was_done(holds: HoldTable) -> None:
    """Both kinds wait for themselves."""
    other, held = replace(AGAIN, event_id="event 2"), replace(ASKED, action=HoldAction.HOLD, event_id="event 3")
    holds.ask(ASKED)
    holds.ask(held)
    holds.ask(other)
    holds.done(ASKED)
    assert holds.pending() == [held, other]
