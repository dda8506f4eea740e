"""The record of a backup, and the item that is stored of it."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.drill.result import DrillStatus
from efs_backup.domain.errors import FailureReason, RecordFault
from efs_backup.domain.operations.record import BackupId, BackupRecord, Change, Mode, backup_id_of, change_between
from efs_backup.domain.results import BackupStatus, SealStatus
from efs_backup.domain.sharing.workers import Workers, WorkerSign
from efs_backup.domain.snapshots.names import Interval
from tests.support.records import ENDED, RUNNING, START, backups


@given(backups)
def test_what_is_stored_is_read_again(backup: BackupRecord) -> None:
    """Nothing is lost on the way, also by way of JSON."""
    assert BackupRecord.from_item(json.loads(json.dumps(backup.to_item()))) == backup


@given(backups)
def test_an_item_holds_only_text_and_numbers(backup: BackupRecord) -> None:
    """No store has to know more, but for what several instances say of themselves; what is unknown is left out."""
    signs = backup.to_item().pop("Workers", {})
    plain = (value for name, value in backup.to_item().items() if name != "Workers")
    assert all(type(value) in (str, int, float) for value in plain)
    assert all(type(value) in (str, int) for sign in signs.values() for value in sign.values())


def test_the_names_of_the_attributes_are_those_of_years_ago() -> None:
    """Dashboards and scripts of operators read them."""
    every = {entry.name: _any_value(entry.type) for entry in fields(BackupRecord)}
    assert set(BackupRecord(**every).to_item()) == {
        "BackupId", "BackupStatus", "BackupStartTime", "BackupStopTime", "BackupWindow", "IntervalTag", "RetainPeriod",
        "ExpireItem", "S3BucketSize", "SourceEfsId", "SourceEfsSize", "SourcePerformanceMode",
        "SourceBurstCreditBalance", "SourcePermittedThroughput", "SourceBurstCreditBalancePostBackup",
        "DestinationEfsId", "DestinationEfsSize", "DestinationPerformanceMode", "BackupPrefix", "InstanceType",
        "NumberOfFiles", "NumberOfFilesTransferred", "NumberOfFilesLinked", "TotalFileSize", "TotalTransferredFileSize",
        "RemoveSnapshotStartTime", "RemoveSnapshotStopTime", "CreateHardlinksStartTime", "CreateHardlinksStopTime",
        "EC2Logs", "InstanceId", "SnapshotName", "FailureReason", "Message", "VanishedFiles", "NextStep", "ReportTime",
        "Phase", "HeartbeatTime", "Warning", "AmiId", "ReportClaim", "LaunchFailure", "FirstInstanceId",
        "SealSha256", "SealStatus", "SealObject", "Mode", "DrillResult", "DrillFiles", "DrillDifferent",
        "EstimatedRestoreSeconds", "DrillEvidence", "RetentionRules", "KeptSnapshots",
        "ForecastSeconds", "ForecastDaysLeft", "SeriesReport", "StopCause", "Told", "ScrubCoverage", "FolderLabel",
        "RestoreOrder", "RestoreCreated", "RestoreReplaced", "RestoreExtra", "RestoreBytes", "RestoreFirst",
        "RestoreQuarantine", "WantedWorkers", "Workers", "Excludes", "PinnedSnapshots",
        "ChangedFiles", "RemovedFiles", "RenamedFiles", "AttributeChanges", "ChangedShare", "Hold",
    }  # fmt: skip


def _any_value(kind: Any) -> Any:
    examples = {
        BackupId: "0badcafe", str: "text", int: 1, float: 1.5, datetime: START, BackupStatus: BackupStatus.SUCCESS,
        FailureReason: FailureReason.LOCKED, SealStatus: SealStatus.STORED, Mode: Mode.DRILL,
        DrillStatus: DrillStatus.PASSED, Interval: Interval.DAILY, Workers: {"i-1": WorkerSign(START, "share 1")},
    }  # fmt: skip
    return examples[next(iter(get_args(kind)), kind)]


@given(backups)
def test_the_expiry_is_a_whole_number(backup: BackupRecord) -> None:
    """DynamoDB's time to live ignores text, and so the records of the old solution never went."""
    expiry = backup.to_item()["ExpireItem"]
    assert type(expiry) is int
    assert datetime.fromtimestamp(expiry, UTC) == backup.expires


def test_times_are_written_in_utc() -> None:
    """Whatever the zone in which they were given."""
    local = START.astimezone(timezone(timedelta(hours=-5)))
    assert replace(RUNNING, start_time=local).to_item()["BackupStartTime"] == "2026-11-22T02:00:00"


def test_a_record_of_the_old_solution_can_be_read() -> None:
    """A record of the old solution holds its numbers as text."""
    item = {
        "BackupId": "a1b2c3d4", "BackupStatus": "Success", "BackupStartTime": "2019-03-01T02:00:00",
        "BackupStopTime": "2019-03-01T03:10:20", "BackupWindow": "180", "IntervalTag": "daily", "RetainPeriod": "7",
        "ExpireItem": "1559181600", "SourceEfsSize": "6144", "SourceBurstCreditBalance": "2308974418330.0",
        "NumberOfFiles": "12", "S3BucketSize": "0.5", "SourcePerformanceMode": "generalPurpose",
    }  # fmt: skip
    backup = BackupRecord.from_item(item)
    assert backup.seconds == 4220
    assert (backup.window_minutes, backup.retention, backup.source_size) == (180, 7, 6144)
    assert (backup.source_burst_credit_balance, backup.log_bucket_size) == (2_308_974_418_330, 0.5)
    assert backup.expires == datetime(2019, 5, 30, 2, tzinfo=UTC)


@pytest.mark.parametrize("size", [0, 1, 2**53, 2**53 + 1, 10**18 + 1])
@pytest.mark.parametrize("written", [int, str])
def test_a_size_is_read_to_the_byte(size: int, written: type[int] | type[str]) -> None:
    """However large: no whole number goes through a float."""
    read = BackupRecord.from_item({**RUNNING.to_item(), "SourceEfsSize": written(size)}).source_size
    assert (read, type(read)) == (size, int)


@given(backups)
def test_attributes_of_others_are_ignored(backup: BackupRecord) -> None:
    """An operator may add notes to a record."""
    assert BackupRecord.from_item({**backup.to_item(), "Note": "kept for the audit", "backup_id": 1}) == backup


@pytest.mark.parametrize("name", sorted(RUNNING.to_item()))
def test_a_record_without_what_every_record_has_is_a_fault(name: str) -> None:
    """A record without them cannot be worked with."""
    item = {other: value for other, value in RUNNING.to_item().items() if other != name}
    with pytest.raises(RecordFault, match="cannot be read"):
        BackupRecord.from_item(item)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BackupStatus", "Finished"), ("BackupStartTime", "yesterday"), ("BackupStartTime", 1_763_000_000),
        ("BackupWindow", "three hours"), ("BackupWindow", ""), ("BackupWindow", "nan"), ("BackupWindow", "inf"),
        ("IntervalTag", "yearly"), ("ExpireItem", "never"), ("ExpireItem", 10**20), ("ExpireItem", "nan"),
        ("FailureReason", "Bored"), ("NumberOfFiles", "many"),
    ],
)  # fmt: skip
def test_a_record_with_a_value_that_means_nothing_is_a_fault(name: str, value: str | int) -> None:
    """The fault names the record."""
    with pytest.raises(RecordFault, match=r"The record 0badcafe cannot be read"):
        BackupRecord.from_item({**RUNNING.to_item(), name: value})


def _applied(change: Change, item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in change.drop} | change.put


@given(backups, backups)
def test_a_change_turns_the_old_item_into_the_new_one(before: BackupRecord, after: BackupRecord) -> None:
    """Put and drop together are the whole difference."""
    assert _applied(change_between(before, after), before.to_item()) == after.to_item()


@given(backups, backups)
def test_a_change_holds_only_what_differs(before: BackupRecord, after: BackupRecord) -> None:
    """Attributes that somebody else writes meanwhile survive."""
    change, old = change_between(before, after), before.to_item()
    assert all(old.get(name) != value for name, value in change.put.items())
    assert all(name in old and name not in after.to_item() for name in change.drop)


@given(backups)
def test_a_backup_that_stays_as_it_is_needs_no_change(backup: BackupRecord) -> None:
    """Nothing is to be written."""
    assert change_between(backup, backup) == Change({}, ())


@given(st.text(st.characters(codec="utf-8")))
def test_one_request_asks_for_one_backup(seed: str) -> None:
    """An event that is delivered twice gives the same id: eight hexadecimal digits."""
    backup_id = backup_id_of(seed)
    assert backup_id == backup_id_of(seed)
    assert len(backup_id) == 8
    assert set(backup_id) <= set("0123456789abcdef")


def test_different_requests_ask_for_different_backups() -> None:
    """Every night has its own."""
    assert len({backup_id_of(f"event {number}") for number in range(1000)}) == 1000


@pytest.mark.parametrize("status", BackupStatus)
def test_every_status_but_running_is_final(status: BackupStatus) -> None:
    """A running backup is the only one of which more is to come."""
    assert replace(RUNNING, status=status).has_ended is (status in ENDED)


def test_a_backup_that_ends_keeps_all_that_was_known_before() -> None:
    """Only how it ended is new."""
    served = replace(RUNNING, instance_id="i-1", source_size=5)
    ended = served.ended(
        BackupStatus.FAILED, now=START + timedelta(minutes=5), message="It broke.", next_step="Mend it.",
        reason=FailureReason.MOUNT_FAILED,
    )  # fmt: skip
    assert set(change_between(served, ended).put) == {
        "BackupStatus", "BackupStopTime", "Message", "NextStep", "FailureReason",
    }  # fmt: skip
    assert ended.seconds == 300


def test_a_backup_that_is_ended_without_a_next_step_has_none() -> None:
    """There is nothing to do."""
    assert RUNNING.ended(BackupStatus.SUCCESS, now=START, message="Done.").next_step is None


def test_a_running_backup_has_no_duration() -> None:
    """A duration is not known before the end."""
    assert RUNNING.seconds is None


def test_a_window_stops_before_it_ends() -> None:
    """The stop leaves 15 minutes for the farewell."""
    assert RUNNING.window_end == START + timedelta(minutes=180)
    assert RUNNING.window_stop == START + timedelta(minutes=165)


@pytest.mark.parametrize("item", [[], 5, None, "text", True, [{}], {"BackupId": "x"}, {"BackupId": []}])
def test_what_is_no_record_is_a_fault(item: object) -> None:
    """After a crash, or by somebody's hand, there may be anything; it is named, and no error of ours."""
    with pytest.raises(RecordFault):
        BackupRecord.from_item(item)


def test_text_of_names_is_stored_so_that_every_store_takes_it() -> None:
    """Valid Unicode, and not longer than an item may be; line breaks of a log stay."""
    message = RUNNING.ended(BackupStatus.FAILED, now=START, message="a\nb \udcff").to_item()["Message"]
    assert message == "a\nb \\xff"
    long = RUNNING.ended(BackupStatus.FAILED, now=START, message="\udcff" * 1_000_000).to_item()["Message"]
    assert len(str(long).encode()) < 200_000
