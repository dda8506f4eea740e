"""The series report of each night: in the log bucket, named in the record and the mail, and never in the way."""

import boto3
import pytest

from efs_backup.agent.backup import back_up
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus
from tests.agent.instance import Instance
from tests.support.cloud import Faults
from tests.support.reading import Reader

pytestmark = pytest.mark.root


def _night(instance: Instance) -> BackupRecord:
    backup = instance.cloud.schedule_fires()
    back_up(instance.services())
    return instance.cloud.store.get(backup.backup_id)


def test_each_night_leaves_a_page_beside_its_logs(instance: Instance) -> None:
    """The page tells of that night too, and a browser shows it."""
    ended = _night(instance)
    assert ended.series_report == "s3://efs-backup-logs/efs-backup-logs/efs-backup-report-daily-20261122-0200.html"
    bucket, _, key = ended.series_report.removeprefix("s3://").partition("/")
    stored = boto3.client("s3").get_object(Bucket=bucket, Key=key)
    assert stored["ContentType"] == "text/html; charset=utf-8"
    read = Reader(stored["Body"].read().decode()).text
    assert f"The newest snapshot is {ended.snapshot}." in read
    assert "All is well" in read


def test_a_bucket_that_refuses_the_page_changes_nothing(instance: Instance, faults: Faults) -> None:
    """The backup is what it is, and its record says what is missing."""
    with faults.refusing("s3", "PutObject", "AccessDenied"):
        ended = _night(instance)
    assert ended.status is BackupStatus.SUCCESS
    assert ended.series_report is None
    assert "The series report of this night is missing: s3://" in str(ended.message)


def test_a_page_that_cannot_be_made_changes_nothing(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it stumbles over: the snapshot is published."""
    monkeypatch.setattr("efs_backup.agent.series_report.page", lambda _: 1 / 0)
    ended = _night(instance)
    assert ended.status is BackupStatus.SUCCESS
    assert "ZeroDivisionError" in str(ended.message)
