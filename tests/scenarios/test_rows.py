"""Several file systems in one stack, told as timelines: one after the other, and no failure touches another."""

from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.triggers import start_event
from efs_backup.domain.results import BackupStatus
from tests.scenarios.nights import assert_nothing_left
from tests.support.cloud import Cloud, Faults
from tests.support.rows import NIGHTLY, add_row, ends, further_sources, look, records, rows_of

pytestmark = pytest.mark.usefixtures("several")


@pytest.fixture
def several(cloud: Cloud) -> object:
    """Rows may be added."""
    with further_sources(cloud):
        yield


def test_three_rows_are_backed_up_one_after_the_other(cloud: Cloud) -> None:
    """The first by its rule, the others when they are due, each when the one before is gone; mails say which."""
    add_row(cloud, "web")
    add_row(cloud, "data")
    first = cloud.schedule_fires()
    assert "2 due" in look(cloud)["reason"]
    assert [each.row for each in rows_of().waiting()] == ["data/daily", "web/daily"]
    assert list(records(cloud)) == [""]
    ends(cloud, first.backup_id)
    second = records(cloud)["data"]
    assert (second.status, second.window_minutes, second.retention_rules) == (BackupStatus.RUNNING, 120, "daily=7")
    ends(cloud, second.backup_id, BackupStatus.FAILED)
    ends(cloud, records(cloud)["web"].backup_id)
    assert {label: each.status for label, each in records(cloud).items()} == {
        "": BackupStatus.SUCCESS, "data": BackupStatus.FAILED, "web": BackupStatus.SUCCESS,
    }  # fmt: skip
    subjects = [subject for subject, _ in cloud.mails()]
    assert [subject.split(":")[0] for subject in subjects] == ["EFS backup succeeded", "data", "web"]
    assert "data: EFS backup FAILED" in subjects[1]
    assert rows_of().waiting() == []
    assert_nothing_left(cloud)


def test_a_row_is_started_once_however_often_is_looked(cloud: Cloud) -> None:
    """The time for which it was planned names it; an hour later it is left out."""
    add_row(cloud, "web")
    look(cloud, "2026-11-22T01:55:00Z")
    assert records(cloud) == {}
    look(cloud, "2026-11-22T02:00:00Z")
    ends(cloud, records(cloud)["web"].backup_id)
    for time in ("2026-11-22T02:05:00Z", "2026-11-22T02:55:00Z", "2026-11-22T03:05:00Z"):
        assert "0 due" in look(cloud, time)["reason"]
    assert len(list(cloud.store.backups())) == 1


def test_a_look_that_was_missed_is_made_up_for(cloud: Cloud) -> None:
    """Within an hour."""
    add_row(cloud, "web")
    look(cloud, "2026-11-22T02:40:00Z")
    assert records(cloud)["web"].start_time == cloud.now()
    add_row(cloud, "late")
    look(cloud, "2026-11-22T03:30:00Z")
    assert "late" not in records(cloud)


def test_a_row_waits_no_longer_than_its_window(cloud: Cloud) -> None:
    """Then it is skipped, told, and out of the way; the one that runs goes on."""
    add_row(cloud, "web")
    first = cloud.schedule_fires()
    look(cloud)
    look(cloud, "2026-11-22T03:55:00Z")
    assert len(rows_of().waiting()) == 1
    look(cloud, "2026-11-22T04:00:00Z")
    assert records(cloud)["web"].status is BackupStatus.SKIPPED
    assert "web: EFS backup SKIPPED" in cloud.mails()[0][0]
    assert (rows_of().waiting(), cloud.capacity()) == ([], 1)
    assert cloud.store.get(first.backup_id).status is BackupStatus.RUNNING


def test_a_row_whose_source_is_gone_costs_no_instance_and_no_other_row(cloud: Cloud) -> None:
    """A row without its source fails by name, and the next one begins."""
    gone = add_row(cloud, "gone")
    add_row(cloud, "web")
    boto3.client("efs").delete_file_system(FileSystemId=gone.file_system)
    look(cloud)
    assert (records(cloud)["gone"].status, records(cloud)["gone"].failure_reason) == (
        BackupStatus.FAILED, FailureReason.MOUNT_FAILED,
    )  # fmt: skip
    assert records(cloud)["web"].status is BackupStatus.RUNNING
    ((subject, text),) = cloud.mails()
    assert subject.startswith("gone: EFS backup FAILED (MountFailed)")
    assert gone.file_system in text
    ends(cloud, records(cloud)["web"].backup_id)
    assert_nothing_left(cloud)


def test_a_removed_row_is_not_started_and_what_waits_of_it_is_forgotten(cloud: Cloud) -> None:
    """A backup of it that runs ends as every other."""
    row = add_row(cloud, "web")
    first = cloud.schedule_fires()
    look(cloud)
    rows_of().write(rows_of().read().without_row(row))
    ends(cloud, first.backup_id)
    assert list(records(cloud)) == [""]
    assert rows_of().waiting() == []
    assert "0 due" in look(cloud, "2026-11-23T02:00:00Z")["reason"]
    assert_nothing_left(cloud)


def test_a_person_starts_a_row_by_its_label(cloud: Cloud) -> None:
    """One that there is not is told; while it runs another start of it is skipped, and of the first row waits."""
    row = add_row(cloud, "web")
    assert "no row plugh" in cloud.call(start_event("plugh"))["reason"]
    assert cloud.call(start_event("web"))["action"] == "start"
    assert (records(cloud)["web"].source, records(cloud)["web"].label) == (row.file_system, "web")
    assert cloud.call(start_event("web", "daily"))["action"] == "skip"
    assert cloud.call(start_event())["action"] == "queue"
    assert cloud.call(start_event("efs-backup"))["action"] == "skip", "the first row waits already"


def test_a_reconcile_finds_who_waits(cloud: Cloud) -> None:
    """The event that an instance is gone may be lost."""
    add_row(cloud, "web")
    first = cloud.schedule_fires()
    look(cloud)
    cloud.agent_claims(first.backup_id)
    cloud.agent_reports(first.backup_id, BackupStatus.SUCCESS)
    cloud.agent_goes_home()
    cloud.deliver()
    assert "1 in turn" in look(cloud, "2026-11-22T02:05:00Z")["reason"]
    assert "web" not in records(cloud), "the instance of the one before is there still, and may end the new one"
    cloud.agent_lets_go()
    cloud.events.clear()
    cloud.time = "2026-11-22T02:30:00Z"
    cloud.reconcile()
    assert records(cloud)["web"].status is BackupStatus.RUNNING
    assert cloud.capacity() == 1


@pytest.mark.long
def test_ages_are_published_by_label_and_the_oldest_rings(cloud: Cloud) -> None:
    """The first row's stays as it was; the others have a figure by label, and one how far the oldest is past due."""
    add_row(cloud, "web", since=cloud.now())
    first = cloud.schedule_fires()
    ends(cloud, first.backup_id)
    cloud.time = "2026-11-24T02:00:00Z"
    cloud.reconcile()
    assert _metric("HoursSinceLastSuccess") == [48.0]
    assert _metric("HoursSinceLastSuccess", "web") == [48.0]
    assert _metric("HoursSinceLastSuccess", "efs-backup") == [48.0]
    assert _metric("HoursPastDue") == [12.0]


@pytest.mark.long
def test_a_hold_and_a_full_window_of_any_row_ring(cloud: Cloud) -> None:
    """One figure of all rows for one alarm each: that of the worst. What the first row has is told by its own."""
    add_row(cloud, "web")
    add_row(cloud, "data")
    look(cloud)
    for label, hold in (("data", None), ("web", "20261120T020000Z")):
        backup_id = records(cloud)[label].backup_id
        cloud.agent_claims(backup_id)
        cloud.time = {"data": "2026-11-22T02:20:00Z", "web": "2026-11-22T04:10:00Z"}[label]
        days = {"data": 9.5, "web": 400.0}[label]
        cloud.agent_reports(backup_id, BackupStatus.SUCCESS, hold=hold, forecast_days_left=days)
        cloud.agent_goes_home()
        cloud.deliver()
        cloud.agent_lets_go()
        cloud.deliver()
    cloud.reconcile()
    assert (_metric("RowWindowUsed"), _metric("RowDaysLeft")) == ([91.7], [9.5])
    assert _metric("RowHeldDays") == [pytest.approx(2.09, abs=0.01)]


def _metric(name: str, label: str | None = None) -> list[float]:
    named: list[Any] = [{"Name": "StackName", "Value": "efs-backup"}]
    named += [{"Name": "Label", "Value": label}] if label else []
    found = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="EfsBackup", MetricName=name, StartTime="2026-01-01T00:00:00Z", EndTime="2027-01-01T00:00:00Z",
        Period=60, Statistics=["Maximum"], Dimensions=named,
    )["Datapoints"]  # fmt: skip
    return [point["Maximum"] for point in found]


def test_a_refused_look_for_tags_hides_no_age(cloud: Cloud, faults: Faults) -> None:
    """The alarm of the rows is quiet where nothing is said: whoever takes a permission away must not silence it."""
    add_row(cloud, "web", since=cloud.now())
    rows_of().write(rows_of().read().with_policy(replace(NIGHTLY, name="nightly")))
    cloud.time = "2026-11-24T02:00:00Z"
    with faults.refusing("efs", "DescribeFileSystems", "AccessDeniedException"):
        with pytest.raises(ClientError):
            cloud.reconcile()
        assert _metric("HoursPastDue") == [12.0]
