"""The requests by which an instance without an agent closes its backup, on an emulated table."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.boot_failure import prepared_requests
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus
from efs_backup.lib.ddb import RecordTable
from tests.support.records import RUNNING

_TABLE = "records"
_BOOTED = RUNNING.start_time + timedelta(seconds=20)


def _ask(known: BackupRecord, booted: datetime = _BOOTED, now: str = "2026-11-22T02:07:00") -> BackupRecord:
    """The record after an instance i-1 has failed, given what was on record before."""
    with mock_aws():
        client = boto3.client("dynamodb", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test")  # noqa: S106
        client.create_table(
            TableName=_TABLE, BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "BackupId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "BackupId", "AttributeType": "S"}],
        )  # fmt: skip
        store = RecordTable(client, _TABLE)
        store.start(known, None)
        requests = json.loads(json.dumps(prepared_requests(_TABLE)))
        latest = client.get_item(**requests["get"])["Item"][requests["latest"]]["S"]
        update = _filled(requests["update"], {
            "@BACKUP@": latest, "@INSTANCE@": "i-1", "@LOGS@": "s3://b/log", "@NOW@": now,
            "@BOOTED@": f"{booted:%Y-%m-%dT%H:%M:%S}", "@WORDS@": 'E: "it" is locked\n404',
        })  # fmt: skip
        client.update_item(**update)
        return store.get(known.backup_id)


def _filled(request: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    text = json.dumps(request)
    for name, value in values.items():
        text = text.replace(name, json.dumps(value)[1:-1])
    assert "@" not in text
    filled: dict[str, Any] = json.loads(text)
    return filled


@pytest.mark.parametrize("instance", [None, "i-1"])
def test_a_backup_whose_instance_could_not_be_set_up_is_closed(instance: str | None) -> None:
    """With the last lines of the boot, by the names that the record knows."""
    ended = _ask(replace(RUNNING, instance_id=instance))
    assert (ended.status, ended.failure_reason) == (BackupStatus.FAILED, FailureReason.TOOL_MISSING)
    assert (ended.instance_id, ended.logs) == ("i-1", "s3://b/log")
    assert ended.stop_time == datetime(2026, 11, 22, 2, 7, tzinfo=UTC)
    assert (ended.message or "").endswith('The last lines of its boot: E: "it" is locked\n404')
    assert "package mirrors" in (ended.next_step or "")


@pytest.mark.parametrize(
    ("known", "booted"),
    [
        (replace(RUNNING, instance_id="i-2"), _BOOTED),
        (replace(RUNNING, status=BackupStatus.SUCCESS), _BOOTED),
        (RUNNING, RUNNING.start_time - timedelta(minutes=3)),
    ],
)
def test_what_is_not_its_own_is_not_closed(known: BackupRecord, booted: datetime) -> None:
    """Another's, one that has ended, and one that was started after it had booted."""
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        _ask(known, booted)
