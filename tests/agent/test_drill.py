"""The agent's drill: what it restores, compares, stores and records, with the real engine on mounted folders."""

import json
import os
from configparser import ConfigParser
from dataclasses import replace
from pathlib import Path

import boto3
import pytest

from efs_backup.agent.backup import _give_back, back_up
from efs_backup.agent.reading_role import PROFILE, profile_of
from efs_backup.domain.drill.result import DrillStatus
from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.mounting import HELPER
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.triggers import drill_event
from efs_backup.domain.results import BackupStatus
from efs_backup.lib.sts import Keys
from tests.agent.instance import Instance
from tests.support.builders import account

pytestmark = pytest.mark.root

_ROLE = "arn:aws:iam::123456789012:role/drills"


def _end_of_instance(instance: Instance) -> None:
    cloud = instance.cloud
    cloud.deliver()
    if cloud.instances():
        cloud.hold_times_out()
        cloud.deliver()


@pytest.fixture
def drilling(instance: Instance) -> Instance:
    """An instance whose stack has made a backup."""
    instance.cloud.schedule_fires()
    back_up(instance.services())
    _end_of_instance(instance)
    instance.cloud.time = "2026-11-22T12:00:00Z"
    return instance


def _drill(instance: Instance) -> BackupRecord:
    """One drill; gives its record as it has ended."""
    instance.cloud.call(drill_event())
    drill = instance.cloud.newest()
    assert drill.is_drill
    back_up(instance.services())
    _end_of_instance(instance)
    return instance.cloud.store.get(drill.backup_id)


def test_a_drill_that_passes(drilling: Instance) -> None:
    """Recorded, mailed, with its evidence in the bucket; nothing is left, and no snapshot was touched."""
    before = account(drilling.backup)
    ended = _drill(drilling)
    assert (ended.status, ended.drill_result) == (BackupStatus.SUCCESS, DrillStatus.PASSED), ended
    assert (ended.drill_files, ended.drill_different) == (13, 0)
    assert ended.estimated_restore_seconds is not None
    subject, text = drilling.cloud.mails()[-1]
    assert subject.startswith("EFS restore drill passed")
    assert str(ended.drill_evidence) in text
    assert (drilling.cloud.capacity(), drilling.mounts()) == (0, [])
    assert account(drilling.backup) == before
    assert not drilling.machine.scratch.exists()


@pytest.mark.long
def test_the_evidence_is_in_the_bucket(drilling: Instance) -> None:
    """As JSON and as a page, below a prefix of its own."""
    ended = _drill(drilling)
    keys = [key for key in drilling.logs() if key.startswith("drills/")]
    assert [Path(key).suffix for key in keys] == [".html", ".json"]
    assert ended.drill_evidence == f"s3://{drilling.environment['LOG_BUCKET']}/{keys[0]}"
    found = boto3.client("s3").get_object(Bucket=drilling.environment["LOG_BUCKET"], Key=keys[1])["Body"].read()
    assert (json.loads(found)["status"], json.loads(found)["snapshot"]) == ("Passed", ended.snapshot)
    assert [key.split("/")[0] for key in drilling.logs() if "-drill-" in key and "drills" not in key] == [
        "ec2-logs", "efs-drill-logs",
    ]  # fmt: skip


def test_only_the_backup_is_mounted_and_only_for_reading(drilling: Instance) -> None:
    """The source is no part of a drill."""
    (drilling.folders / "mount.log").unlink()
    _drill(drilling)
    (line,) = (drilling.folders / "mount.log").read_text().splitlines()
    assert ",ro " in line
    assert drilling.backup.name in line


@pytest.mark.long
def test_where_the_helper_is_there_it_mounts_by_a_role_that_can_only_read(drilling: Instance) -> None:
    """Its credentials are in a profile for as long as the drill lasts."""
    helper = Path(os.environ["PATH"].split(":", maxsplit=1)[0]) / HELPER
    helper.write_text("#!/bin/sh\n")
    helper.chmod(0o755)
    (drilling.folders / drilling.environment["BACKUP_FILE_SYSTEM"]).symlink_to(drilling.backup)
    drilling.environment["DRILL_ROLE"] = _ROLE
    drilling.environment["BACKUP_ACCESS_POINT"] = "fsap-1"
    assert _drill(drilling).drill_result is DrillStatus.PASSED
    line = (drilling.folders / "mount.log").read_text().splitlines()[-1]
    assert line.startswith(f"-t efs -o tls,iam,awsprofile={PROFILE},mounttargetip=")
    assert "accesspoint" not in line
    assert PROFILE not in drilling.machine.credentials.read_text()


@pytest.mark.long
def test_a_file_that_was_changed_in_the_snapshot_is_found(drilling: Instance) -> None:
    """With its size and time kept; the mail says so, and what to do."""
    (snapshot,) = (path for path in (drilling.backup / "efs-backup/daily").iterdir() if path.name.startswith("2026"))
    victim = next(path for path in sorted(snapshot.rglob("*")) if path.is_file() and path.stat().st_size)
    found = victim.stat()
    victim.write_bytes(b"x" * found.st_size)
    os.utime(victim, ns=(found.st_atime_ns, found.st_mtime_ns))
    ended = _drill(drilling)
    assert (ended.status, ended.drill_result) == (BackupStatus.FAILED, DrillStatus.DIFFERENT)
    assert ended.drill_different
    subject, text = drilling.cloud.mails()[-1]
    assert "found DIFFERENCES" in subject
    assert victim.name in text
    assert ended.drill_evidence


@pytest.mark.long
def test_a_seal_that_is_not_the_one_on_record_is_a_difference(drilling: Instance) -> None:
    """Whoever changes a snapshot can seal it again; the record, and the bucket, have the digest of the first seal."""
    backup = drilling.cloud.newest()
    drilling.cloud.store.update(backup, replace(backup, seal="ab" * 32))
    ended = _drill(drilling)
    assert ended.drill_result is DrillStatus.DIFFERENT
    assert "is not the one that is on record" in str(ended.message)


def test_a_drill_without_a_snapshot_fails(instance: Instance) -> None:
    """And says that there is none."""
    ended = _drill(instance)
    assert (ended.status, ended.drill_result) == (BackupStatus.FAILED, DrillStatus.FAILED)
    assert ended.next_step
    assert instance.cloud.capacity() == 0


def test_a_backup_that_cannot_be_mounted_fails_the_drill(drilling: Instance) -> None:
    """With the reason of a mount."""
    drilling.backup.rename(drilling.backup.with_name("elsewhere"))
    ended = _drill(drilling)
    assert (ended.drill_result, ended.failure_reason) == (DrillStatus.FAILED, FailureReason.MOUNT_FAILED)


@pytest.mark.long
def test_a_drill_that_has_given_way_leaves_the_group_to_the_backup(drilling: Instance) -> None:
    """Its record is closed, and the instance that is wanted now is not its own."""
    drilling.cloud.call(drill_event())
    services = drilling.services()
    drilling.cloud.agent_claims(drilling.cloud.newest().backup_id)
    drill = drilling.cloud.newest()
    drilling.cloud.schedule_fires()
    assert drilling.cloud.store.get(drill.backup_id).drill_result is DrillStatus.INCOMPLETE
    _give_back(services, [drill])
    assert drilling.cloud.capacity() == 1


def test_other_profiles_stay_as_they_are(tmp_path: Path) -> None:
    """The file of credentials may be somebody's; ours is for root alone, and gone afterwards."""
    file = tmp_path / "aws" / "credentials"
    file.parent.mkdir()
    file.write_text("[default]\naws_access_key_id = 100%\n")
    with profile_of(Keys("a", "b%", "c"), file) as name:
        known = ConfigParser(interpolation=None)
        known.read(file)
        assert dict(known[name]) == {
            "aws_access_key_id": "a", "aws_secret_access_key": "b%", "aws_session_token": "c",
        }  # fmt: skip
        assert file.stat().st_mode & 0o777 == 0o600
    known = ConfigParser(interpolation=None)
    known.read(file)
    assert known.sections() == ["default"]
    assert known["default"]["aws_access_key_id"] == "100%"
