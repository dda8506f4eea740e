"""Seals outside the file system: the agent stores each once, and makes up for nights when it could not."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus, SealStatus
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.seal import Finding, audit, digest
from efs_backup.engine.proof.auditing import gather_evidence
from efs_backup.engine.proof.manifests import Manifests
from tests.agent.instance import Instance, a_night
from tests.support.builders import write
from tests.support.cloud import Faults

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.root

_BUCKET = "efs-backup-seals"


@pytest.fixture
def storage(instance: Instance) -> "S3Client":
    """The bucket of seals, as its template makes it."""
    client = boto3.client("s3")
    client.create_bucket(Bucket=_BUCKET, ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 365}}
    client.put_object_lock_configuration(
        Bucket=_BUCKET,
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule},  # type: ignore[typeddict-item]
    )
    instance.environment["SEAL_BUCKET"] = _BUCKET
    return client


def _night(instance: Instance, day: int) -> BackupRecord:
    """One night; gives its record as it has ended."""
    write(instance.source / f"of night {day}")
    return a_night(instance, day)


def _warned(backup: BackupRecord) -> list[str]:
    """The kinds of its warnings about seals: the clock of these nights is not that of the disk, which is one too."""
    return [kind for kind in (backup.warning or "").split(", ") if kind.startswith("Seal")]


def _keys(client: "S3Client") -> list[str]:
    return sorted(entry["Key"] for entry in client.list_objects_v2(Bucket=_BUCKET).get("Contents", []))


def _seal_file(instance: Instance, backup: BackupRecord) -> Path:
    return instance.backup / "efs-backup/daily/.manifests" / f"{backup.snapshot}.seal.json"


def _content(client: "S3Client", key: str) -> bytes:
    return client.get_object(Bucket=_BUCKET, Key=key)["Body"].read()


@pytest.mark.long
def test_the_record_has_the_digest_of_the_seal(instance: Instance) -> None:
    """Where nothing is to be stored outside, it says nothing of that; the mail has the digest, and what it is for."""
    backup = _night(instance, 22)
    assert backup.seal == digest(_seal_file(instance, backup).read_bytes())
    assert (backup.seal_status, backup.seal_address) == (None, None)
    text = instance.cloud.mails()[-1][1]
    assert backup.seal in text
    assert "efs-backup audit" in text


def test_seals_and_changes_are_stored_outside(instance: Instance, storage: "S3Client") -> None:
    """A first night's manifest too, from which its changes begin; each as it lies beside the snapshot."""
    first, second = _night(instance, 22), _night(instance, 23)
    assert [each.seal_status for each in (first, second)] == [SealStatus.STORED] * 2
    assert _keys(storage) == [
        f"changes/efs-backup/daily/{first.snapshot}.changes.gz",
        f"changes/efs-backup/daily/{second.snapshot}.changes.gz",
        f"manifests/efs-backup/daily/{first.snapshot}.mtree.gz",
        f"seals/efs-backup/daily/{first.snapshot}.json",
        f"seals/efs-backup/daily/{second.snapshot}.json",
    ]
    stored = _content(storage, f"seals/efs-backup/daily/{second.snapshot}.json")
    assert stored == _seal_file(instance, second).read_bytes()
    assert digest(stored) == second.seal
    assert second.seal_address == f"s3://{_BUCKET}/seals/efs-backup/daily/{second.snapshot}.json"
    assert second.seal_address in instance.cloud.mails()[-1][1]


@pytest.mark.long
def test_what_could_not_be_stored_is_stored_by_the_next_backup(
    instance: Instance, storage: "S3Client", faults: Faults
) -> None:
    """The backup is a success; the record says that its seal is beside the snapshot alone."""
    with faults.refusing("s3", "PutObject", "AccessDenied"):
        first = _night(instance, 22)
    assert (first.status, first.seal_status, _warned(first)) == (BackupStatus.SUCCESS, SealStatus.LOCAL, [])
    assert "the next backup stores it outside" in str(first.message)
    second = _night(instance, 23)
    assert second.seal_status is SealStatus.STORED
    assert len([key for key in _keys(storage) if key.startswith("seals/")]) == 2


@pytest.mark.long
def test_three_nights_without_the_bucket_are_a_warning(instance: Instance, storage: "S3Client", faults: Faults) -> None:
    """By mail, in any case."""
    with faults.refusing("s3", "PutObject", "AccessDenied"):
        nights = [_night(instance, day) for day in (22, 23, 24)]
    assert [_warned(night) for night in nights] == [[], [], ["SealNotStored"]]
    assert "SealNotStored" in instance.cloud.mails()[-1][0]
    assert _night(instance, 25).seal_status is SealStatus.STORED
    assert len([key for key in _keys(storage) if key.startswith("seals/")]) == 4


@pytest.mark.long
def test_a_seal_that_is_there_already_is_not_written_again(
    instance: Instance, storage: "S3Client", faults: Faults
) -> None:
    """A night that was interrupted after the first object: the next one finds it, and it is the same."""
    calls = []

    def second_one() -> bool:
        calls.append(1)
        return len(calls) > 1

    with faults.refusing("s3", "PutObject", "AccessDenied", when=second_one):
        first = _night(instance, 22)
    assert first.seal_status is SealStatus.LOCAL
    second = _night(instance, 23)
    assert (second.seal_status, _warned(second)) == (SealStatus.STORED, [])
    versions = storage.list_object_versions(Bucket=_BUCKET)["Versions"]
    assert len({version["Key"] for version in versions}) == len(versions)


def test_another_seal_under_the_same_name_is_told_and_stays(instance: Instance, storage: "S3Client") -> None:
    """Somebody was there before; what was stored first is never written over."""
    instance.cloud.time = "2026-11-22T02:00:00Z"
    key = "seals/efs-backup/daily/20261122T020000Z.json"
    storage.put_object(Bucket=_BUCKET, Key=key, Body=b"another")
    backup = _night(instance, 22)
    assert (backup.seal_status, _warned(backup)) == (SealStatus.LOCAL, ["SealDiffers"])
    assert _content(storage, key) == b"another"


@pytest.mark.long
def test_changes_that_are_not_what_was_sealed_are_told_and_not_stored(
    instance: Instance, storage: "S3Client", faults: Faults
) -> None:
    """They were changed while the bucket could not be reached."""
    with faults.refusing("s3", "PutObject", "AccessDenied"):
        first = _night(instance, 22)
    changes = instance.backup / f"efs-backup/daily/.manifests/{first.snapshot}.changes.gz"
    changes.write_bytes(b"something else")
    second = _night(instance, 23)
    assert (second.seal_status, _warned(second)) == (SealStatus.STORED, ["SealDiffers"])
    assert f"changes/efs-backup/daily/{first.snapshot}.changes.gz" not in _keys(storage)
    assert "audit" in str(second.message)


def test_a_pipe_in_the_place_of_changes_keeps_nobody_waiting(
    instance: Instance, storage: "S3Client", faults: Faults
) -> None:
    """Whatever lies beside the snapshots is opened as a regular file, or not at all."""
    with faults.refusing("s3", "PutObject", "AccessDenied"):
        first = _night(instance, 22)
    place = instance.backup / "efs-backup/daily/.manifests"
    changes = place / f"{first.snapshot}.changes.gz"
    changes.unlink()
    os.mkfifo(changes)
    (place / "20261122T030000Z.seal.json").symlink_to("/etc/hostname")
    second = _night(instance, 23)
    assert (second.seal_status, _warned(second)) == (SealStatus.STORED, ["SealDiffers"])
    assert "seals/efs-backup/daily/20261122T030000Z.json" not in _keys(storage)


def test_the_seal_is_json_that_names_the_snapshot(instance: Instance, storage: "S3Client") -> None:
    """Whoever reads it in ten years needs nothing of ours."""
    backup = _night(instance, 22)
    seal = json.loads(_content(storage, f"seals/efs-backup/daily/{backup.snapshot}.json"))
    assert (seal["snapshot"], seal["label"], seal["series"]) == (backup.snapshot, "efs-backup", "daily")


def test_an_audit_goes_by_what_is_stored_outside(instance: Instance, storage: "S3Client", tmp_path: Path) -> None:
    """Whoever writes a seal anew beside its snapshot, and all after it, does not write it in the bucket."""
    nights = [_night(instance, day) for day in (22, 23)]
    for night in nights:
        stored = _content(storage, f"seals/efs-backup/daily/{night.snapshot}.json")
        (tmp_path / f"{night.snapshot}.seal.json").write_bytes(stored)  # as fetch-seals.sh names them
    manifests = Manifests(instance.backup / "efs-backup/daily")
    names = [SnapshotName.of(night.start_time) for night in nights]
    assert audit(gather_evidence(manifests, names, tmp_path)) == []
    seal = _seal_file(instance, nights[1])
    seal.write_bytes(seal.read_bytes().replace(b"efs-backup 0", b"efs-backup 9"))
    assert audit(gather_evidence(manifests, names)) == []
    assert [found.finding for found in audit(gather_evidence(manifests, names, tmp_path))] == [Finding.SEAL_CHANGED]
