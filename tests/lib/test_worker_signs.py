"""Signs of life of several instances in one record."""

from dataclasses import replace

import boto3
import pytest

from efs_backup.domain.errors import RecordChanged
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.sharing.workers import WorkerSign
from efs_backup.lib.ddb import RecordTable
from efs_backup.lib.worker_signs import WorkerSigns
from tests.support.records import RUNNING, START

TABLE = "records"
SHARED = replace(RUNNING, wanted_workers=3, workers={})


@pytest.fixture
def table(aws: None, session: boto3.Session) -> RecordTable:
    """Where the records are."""
    client = session.client("dynamodb", region_name="us-east-1")
    client.create_table(
        TableName=TABLE, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "BackupId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "BackupId", "AttributeType": "S"}],
    )  # fmt: skip
    return RecordTable(client, TABLE)


@pytest.fixture
def signs(table: RecordTable) -> WorkerSigns:
    """Those of the same table."""
    return WorkerSigns(table._client, TABLE)


def test_each_writes_its_own_and_no_other_one(table: RecordTable, signs: WorkerSigns) -> None:
    """Also where the record is written meanwhile by somebody who has read it before."""
    table.put(SHARED)
    known = table.get(SHARED.backup_id)
    for name, work in (("i-1", "share 1"), ("i-2", "begins"), ("i-1", "share 2")):
        signs.say(SHARED.backup_id, name, WorkerSign(START, work, 7))
    table.update(known, replace(known, phase="copy"))
    stored = table.get(SHARED.backup_id)
    assert stored.workers == {"i-1": WorkerSign(START, "share 2", 7), "i-2": WorkerSign(START, "begins", 7)}
    assert stored.phase == "copy"


@pytest.mark.parametrize(
    "record", [replace(SHARED, status=BackupStatus.SUCCESS), RUNNING, None], ids=["ended", "of one", "gone"]
)
def test_nobody_lives_in_a_record_that_is_over(
    table: RecordTable, signs: WorkerSigns, record: BackupRecord | None
) -> None:
    """Or in one of which several know nothing."""
    if record:
        table.put(record)
    with pytest.raises(RecordChanged):
        signs.say(SHARED.backup_id, "i-1", WorkerSign(START, "share 1"))


def test_a_leader_that_another_has_followed_writes_nothing(table: RecordTable) -> None:
    """However long it was frozen."""
    table.put(SHARED)
    led = replace(SHARED, instance_id="i-1")
    table.update(SHARED, led)
    table.update(led, replace(led, instance_id="i-2"))
    with pytest.raises(RecordChanged):
        table.update(led, led.ended(BackupStatus.SUCCESS, now=START, message="It is published."))
    with pytest.raises(RecordChanged):
        table.update(SHARED, replace(SHARED, instance_id="i-3"))
