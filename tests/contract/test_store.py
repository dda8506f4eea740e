"""The contract of every BackupStore, over the table and over the directory."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from efs_backup.domain.errors import AlreadyStarted, FailureReason, RecordChanged, RecordGone
from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.ports import BackupStore
from efs_backup.domain.results import BackupStatus
from efs_backup.engine.series.records import RecordDirectory
from efs_backup.lib.ddb import RecordTable
from tests.support.records import ENDED, RUNNING, START

OTHER = replace(RUNNING, backup_id=BackupId("0000beef"), start_time=START + timedelta(days=1))
SUCCESS = RUNNING.ended(BackupStatus.SUCCESS, now=START + timedelta(hours=1), message="Done.")
FAILED = RUNNING.ended(
    BackupStatus.FAILED, now=START + timedelta(minutes=1), message="It broke.", reason=FailureReason.INTERNAL_ERROR
)


@pytest.fixture(scope="module")
def client() -> Any:
    """DynamoDB whose transactions are atomic also among threads, which the emulation's are not."""
    client = boto3.Session("testing", "testing", region_name="us-east-1").client("dynamodb")
    alone = threading.Lock()

    def enter(**_: object) -> None:
        alone.acquire()

    def leave(**_: object) -> None:
        alone.release()

    client.meta.events.register("before-call.dynamodb.TransactWriteItems", enter)
    client.meta.events.register("after-call.dynamodb.TransactWriteItems", leave)
    return client


@pytest.fixture
def table(client: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordTable]:
    """An empty table in emulated AWS."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client.create_table(
            TableName="records", BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "BackupId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "BackupId", "AttributeType": "S"}],
        )  # fmt: skip
        yield RecordTable(client, "records")


@pytest.fixture
def directory(tmp_path: Path) -> RecordDirectory:
    """A directory that is made with the first record."""
    return RecordDirectory(tmp_path / "records")


@pytest.fixture(params=["table", "directory"])
def store(request: pytest.FixtureRequest) -> BackupStore:
    """Each store in turn, empty."""
    found: BackupStore = request.getfixturevalue(request.param)
    return found


def test_an_empty_store_knows_nothing(store: BackupStore) -> None:
    """And says so without an error."""
    assert (store.latest(), list(store.backups()), store.newest_success()) == (None, [], None)


def test_a_started_backup_is_recorded_as_the_latest(store: BackupStore) -> None:
    """Both at once."""
    store.start(RUNNING, None)
    assert (store.latest(), store.get(RUNNING.backup_id)) == (RUNNING.backup_id, RUNNING)


def test_a_backup_starts_after_the_latest(store: BackupStore) -> None:
    """Then it is the latest, and the one before is still known."""
    store.start(RUNNING, None)
    store.start(OTHER, RUNNING.backup_id)
    assert store.latest() == OTHER.backup_id
    assert {backup.backup_id for backup in store.backups()} == {RUNNING.backup_id, OTHER.backup_id}


@pytest.mark.parametrize("after", [None, BackupId("deadbeef")])
def test_a_backup_does_not_start_where_another_was_started_meanwhile(
    store: BackupStore, after: BackupId | None
) -> None:
    """Nothing of it is recorded, so that the start can decide again."""
    store.start(RUNNING, None)
    with pytest.raises(RecordChanged):
        store.start(OTHER, after)
    assert (store.latest(), list(store.backups())) == (RUNNING.backup_id, [RUNNING])


def test_a_backup_does_not_start_after_one_that_nobody_knows(store: BackupStore) -> None:
    """The store is another than the one that was looked at."""
    with pytest.raises(RecordChanged):
        store.start(RUNNING, OTHER.backup_id)
    assert (store.latest(), list(store.backups())) == (None, [])


@pytest.mark.parametrize("after", [None, RUNNING.backup_id])
def test_a_backup_starts_once(store: BackupStore, after: BackupId | None) -> None:
    """An event that is delivered twice finds it started; what is recorded stays."""
    store.start(RUNNING, None)
    with pytest.raises(AlreadyStarted, match=RUNNING.backup_id):
        store.start(replace(RUNNING, retention=99), after)
    assert store.get(RUNNING.backup_id) == RUNNING


@pytest.mark.parametrize("status", [status for status in ENDED if status is not BackupStatus.FAILED])
def test_a_backup_that_has_ended_does_not_start_again(store: BackupStore, status: BackupStatus) -> None:
    """Only a start that failed is repeated."""
    store.start(RUNNING, None)
    store.update(RUNNING, replace(RUNNING, status=status))
    with pytest.raises(AlreadyStarted):
        store.start(RUNNING, RUNNING.backup_id)


def test_a_start_that_failed_before_an_instance_served_it_may_be_repeated(store: BackupStore) -> None:
    """The event is delivered again, and asks for the same backup; nothing of the failure is left."""
    store.start(RUNNING, None)
    store.update(RUNNING, FAILED)
    store.start(RUNNING, RUNNING.backup_id)
    assert (store.get(RUNNING.backup_id), store.latest()) == (RUNNING, RUNNING.backup_id)


def test_a_backup_that_failed_on_its_instance_does_not_start_again(store: BackupStore) -> None:
    """A backup that failed so has been tried, and reported."""
    store.start(RUNNING, None)
    store.update(RUNNING, replace(FAILED, instance_id="i-1"))
    with pytest.raises(AlreadyStarted):
        store.start(RUNNING, RUNNING.backup_id)


def test_a_backup_that_failed_on_its_first_instance_starts_again_for_a_second(store: BackupStore) -> None:
    """If its record says that this instance was the first of two; nobody else's may be opened like that."""
    store.start(RUNNING, None)
    store.update(RUNNING, replace(FAILED, instance_id="i-1"))
    with pytest.raises(AlreadyStarted):
        store.start(replace(RUNNING, first_instance="i-2"), RUNNING.backup_id)
    again = replace(RUNNING, first_instance="i-1")
    store.start(again, RUNNING.backup_id)
    assert store.get(RUNNING.backup_id) == again
    with pytest.raises(AlreadyStarted):
        store.start(again, RUNNING.backup_id)


def test_a_start_that_failed_is_not_repeated_after_another_start(store: BackupStore) -> None:
    """The other backup has taken its place."""
    store.start(RUNNING, None)
    store.update(RUNNING, FAILED)
    store.start(OTHER, RUNNING.backup_id)
    with pytest.raises(RecordChanged):
        store.start(RUNNING, RUNNING.backup_id)
    assert (store.latest(), store.get(RUNNING.backup_id)) == (OTHER.backup_id, FAILED)


@pytest.mark.parametrize("same", [True, False])
def test_of_two_starts_at_once_exactly_one_wins(store: BackupStore, same: bool) -> None:
    """Whether one event was delivered twice or two came."""
    contenders = [RUNNING, RUNNING if same else OTHER]
    together = threading.Barrier(2)

    def start(backup: BackupRecord) -> str:
        together.wait(timeout=20)
        try:
            store.start(backup, None)
        except (AlreadyStarted, RecordChanged) as refused:
            return type(refused).__name__
        return backup.backup_id

    with ThreadPoolExecutor(2) as threads:
        outcomes = sorted(threads.map(start, contenders))
    loser = "AlreadyStarted" if same else "RecordChanged"
    assert outcomes == [store.latest(), loser]
    assert len(list(store.backups())) == 1


def test_a_backup_that_is_not_started_is_recorded_beside_the_latest(store: BackupStore) -> None:
    """A skipped one, for example."""
    store.start(RUNNING, None)
    skipped = replace(OTHER, status=BackupStatus.SKIPPED)
    store.put(skipped)
    assert (store.get(OTHER.backup_id), store.latest()) == (skipped, RUNNING.backup_id)


def test_a_record_is_put_once(store: BackupStore) -> None:
    """An event that is delivered twice changes nothing."""
    store.put(SUCCESS)
    with pytest.raises(AlreadyStarted, match=SUCCESS.backup_id):
        store.put(FAILED)
    assert store.get(SUCCESS.backup_id) == SUCCESS


def test_a_record_that_is_not_there_is_gone(store: BackupStore) -> None:
    """A record that is missing is named."""
    store.put(OTHER)
    with pytest.raises(RecordGone, match=RUNNING.backup_id):
        store.get(RUNNING.backup_id)


def test_an_update_is_read_again(store: BackupStore) -> None:
    """The stored record has what the update changed, and what was there before."""
    store.put(RUNNING)
    store.update(RUNNING, replace(SUCCESS, number_of_files=12))
    assert store.get(RUNNING.backup_id) == replace(SUCCESS, number_of_files=12)


def test_an_update_writes_only_what_differs(store: BackupStore) -> None:
    """The agent and the orchestrator write the same record, each what it knows."""
    store.put(RUNNING)
    store.update(RUNNING, replace(RUNNING, instance_id="i-1"))
    store.update(RUNNING, replace(RUNNING, source_size=5))
    assert store.get(RUNNING.backup_id) == replace(RUNNING, instance_id="i-1", source_size=5)


def test_an_update_removes_what_is_not_known_any_more(store: BackupStore) -> None:
    """And nothing else."""
    store.put(FAILED)
    store.update(FAILED, replace(FAILED, message=None, failure_reason=None))
    assert store.get(FAILED.backup_id) == replace(FAILED, message=None, failure_reason=None)


def test_an_update_may_remove_and_write_at_once(store: BackupStore) -> None:
    """In one step."""
    before, after = replace(RUNNING, message="old"), replace(RUNNING, next_step="new")
    store.put(before)
    store.update(before, after)
    assert store.get(RUNNING.backup_id) == after


@pytest.mark.parametrize("status", ENDED)
def test_an_update_of_a_backup_that_has_ended_meanwhile_is_refused(store: BackupStore, status: BackupStatus) -> None:
    """Who comes second must look again; the record stays."""
    ended = replace(RUNNING, status=status)
    store.put(ended)
    with pytest.raises(RecordChanged, match=f"{RUNNING.backup_id} is {status} by now, no more Running"):
        store.update(RUNNING, replace(RUNNING, source_size=5))
    assert store.get(RUNNING.backup_id) == ended


def test_of_two_who_claim_a_report_one_learns_that_it_lost(store: BackupStore) -> None:
    """Both have read the same record, and its status stays."""
    store.put(SUCCESS)
    first, second = (replace(SUCCESS, report_claim=START + timedelta(hours=hours)) for hours in (2, 3))
    store.update(SUCCESS, first)
    with pytest.raises(RecordChanged):
        store.update(SUCCESS, second)
    assert store.get(SUCCESS.backup_id) == first


def test_a_claim_of_somebody_who_has_died_can_be_taken_over_and_given_back(store: BackupStore) -> None:
    """By whom who knows it; who does not is refused."""
    store.put(replace(SUCCESS, report_claim=START))
    old, new = store.get(SUCCESS.backup_id), replace(SUCCESS, report_claim=START + timedelta(hours=1))
    store.update(old, new)
    with pytest.raises(RecordChanged):
        store.update(old, replace(old, report_time=START, report_claim=None))
    store.update(new, SUCCESS)
    assert store.get(SUCCESS.backup_id) == SUCCESS


def test_an_update_of_other_attributes_needs_no_claim(store: BackupStore) -> None:
    """The agent does not know of it."""
    store.put(replace(RUNNING, launch_failure="no capacity"))
    store.update(RUNNING, replace(RUNNING, instance_id="i-1"))
    assert store.get(RUNNING.backup_id) == replace(RUNNING, launch_failure="no capacity", instance_id="i-1")


def test_an_update_does_not_bring_a_record_back(store: BackupStore) -> None:
    """A record may have expired, or never have been there."""
    with pytest.raises(RecordGone, match=RUNNING.backup_id):
        store.update(RUNNING, SUCCESS)
    assert list(store.backups()) == []


def test_an_update_without_a_difference_changes_nothing(store: BackupStore) -> None:
    """An update may be repeated."""
    store.put(SUCCESS)
    store.update(SUCCESS, SUCCESS)
    assert store.get(SUCCESS.backup_id) == SUCCESS


def test_an_update_without_a_difference_finds_out_too_what_happened_meanwhile(store: BackupStore) -> None:
    """The caller learns it whatever it wanted to write."""
    with pytest.raises(RecordGone):
        store.update(RUNNING, RUNNING)
    store.put(SUCCESS)
    with pytest.raises(RecordChanged):
        store.update(RUNNING, RUNNING)


@pytest.mark.parametrize(
    "number", [0.1, 1 / 3, 1e-7, 2_308_974_418_330.5, 123_456_789.123_456_79, 5e20, 0.0, 104_857_600.0]
)
def test_a_fraction_survives_exactly(store: BackupStore, number: float) -> None:
    """To its last digit, in a start and in an update."""
    store.start(replace(RUNNING, source_permitted_throughput=number), None)
    before = store.get(RUNNING.backup_id)
    assert before.source_permitted_throughput == number
    store.update(before, replace(before, log_bucket_size=number))
    assert store.get(RUNNING.backup_id).log_bucket_size == number


@pytest.mark.parametrize("number", [0, 1, 2**31, 2**53 + 1, 10**18 + 1])
def test_a_large_whole_number_survives_exactly(store: BackupStore, number: int) -> None:
    """To the byte, in a start and in an update."""
    store.start(replace(RUNNING, source_size=number), None)
    before = store.get(RUNNING.backup_id)
    assert before.source_size == number
    store.update(before, replace(before, total_file_size=number))
    assert store.get(RUNNING.backup_id).total_file_size == number


@pytest.mark.parametrize("text", ["", "two\nlines", "é", '"quoted"', "{}", "x" * 10_000, "None", "12"])
def test_a_text_survives_as_it_is(store: BackupStore, text: str) -> None:
    """Also an empty one, and one that looks like a number."""
    store.put(replace(RUNNING, message=text))
    assert store.get(RUNNING.backup_id).message == text


def test_the_newest_success_is_the_one_that_started_last(store: BackupStore) -> None:
    """Not the one that was recorded last, and no failure."""
    newest = replace(SUCCESS, backup_id=BackupId("00000003"), start_time=START + timedelta(days=3))
    failed = replace(FAILED, backup_id=BackupId("00000004"), start_time=START + timedelta(days=4))
    for backup in (newest, failed, SUCCESS):
        store.put(backup)
    assert store.newest_success() == newest


def test_a_restart_from_another_process_finds_the_same_records(tmp_path: Path) -> None:
    """Nothing is kept in memory."""
    RecordDirectory(tmp_path).start(RUNNING, None)
    again = RecordDirectory(tmp_path)
    assert (again.latest(), list(again.backups())) == (RUNNING.backup_id, [RUNNING])


def test_a_directory_forgets_what_has_expired_when_a_backup_starts(directory: RecordDirectory) -> None:
    """As the table's time to live does; not a second before."""
    directory.start(RUNNING, None)
    kept = replace(SUCCESS, backup_id=BackupId("00000002"), expires=RUNNING.expires + timedelta(seconds=1))
    directory.put(kept)
    late = replace(OTHER, start_time=kept.expires, expires=kept.expires + timedelta(days=90))
    directory.start(late, RUNNING.backup_id)
    assert {backup.backup_id for backup in directory.backups()} == {kept.backup_id, late.backup_id}


def test_a_record_that_expires_while_all_are_read_is_left_out(directory: RecordDirectory, tmp_path: Path) -> None:
    """Another process may start a backup at that moment."""
    directory.put(RUNNING)
    directory.put(OTHER)
    reading = directory.backups()
    first = next(reading)
    for file in (tmp_path / "records").glob("*.json"):
        if file.stem != first.backup_id:
            file.unlink()
    assert list(reading) == []


def test_a_write_that_was_cut_off_leaves_no_record(directory: RecordDirectory, tmp_path: Path) -> None:
    """Half a file is there, under another name; the rest can be read."""
    directory.put(RUNNING)
    half = json.dumps(OTHER.to_item())[:40]
    (tmp_path / "records" / f".{OTHER.backup_id}.json").write_text(half)
    assert list(directory.backups()) == [RUNNING]
    directory.put(OTHER)
    assert directory.get(OTHER.backup_id) == OTHER
