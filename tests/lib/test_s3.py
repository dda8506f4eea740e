"""Logs and marks in a bucket."""

from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.stub import ANY, Stubber

from efs_backup.domain.errors import BucketRefused
from efs_backup.lib.s3 import LogBucket, SealBucket
from tests.lib.refusals import Refuse

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "efs-restore-marks/a.json"


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try once what AWS refuses."""
    for name in ("insisting.SECONDS", "insisting.PAUSE", "s3.MARK_SECONDS", "s3.SEAL_SECONDS"):
        monkeypatch.setattr(f"efs_backup.lib.{name}", 0.0)


@pytest.fixture
def client(aws: None, session: boto3.Session) -> "S3Client":
    """Amazon S3 with the bucket."""
    client = session.client("s3")
    client.create_bucket(Bucket="log-bucket")
    return client


@pytest.fixture
def bucket(client: "S3Client") -> LogBucket:
    """The bucket."""
    return LogBucket(client, "log-bucket")


def test_a_log_is_stored_under_its_key(bucket: LogBucket, tmp_path: Path) -> None:
    """And its address is given."""
    (tmp_path / "log").write_text("text")
    assert bucket.upload(tmp_path / "log", "ec2-logs/a.log") == "s3://log-bucket/ec2-logs/a.log"


def test_a_log_that_is_not_there_is_no_failure(bucket: LogBucket, tmp_path: Path) -> None:
    """A log that is not there has no address."""
    assert bucket.upload(tmp_path / "nothing", "ec2-logs/a.log") is None


def test_only_the_first_mark_is_left(bucket: LogBucket) -> None:
    """Whoever comes later is given what is there; S3 decides, not we."""
    assert bucket.begin(KEY, "first") is None
    assert bucket.begin(KEY, "second") == "first"
    assert bucket.begin(KEY, "third") == "first"


def test_the_mark_is_asked_for_on_a_condition(client: "S3Client") -> None:
    """Two instances at the same moment cannot both leave it."""
    with Stubber(client) as stubber:
        stubber.add_response(
            "put_object", {}, {"Bucket": "log-bucket", "Key": KEY, "Body": b"first", "IfNoneMatch": "*"}
        )
        assert LogBucket(client, "log-bucket").begin(KEY, "first") is None
        stubber.assert_no_pending_responses()


def test_a_mark_that_two_write_at_once_is_tried_again(client: "S3Client", monkeypatch: pytest.MonkeyPatch) -> None:
    """Then one of them finds it (Amazon S3 API Reference, "PutObject": 409 ConditionalRequestConflict)."""
    monkeypatch.setattr("efs_backup.lib.s3.MARK_SECONDS", 60.0)
    with Stubber(client) as stubber:
        stubber.add_client_error("put_object", "ConditionalRequestConflict", http_status_code=409)
        stubber.add_response("put_object", {})
        assert LogBucket(client, "log-bucket").begin(KEY, "first") is None
        stubber.assert_no_pending_responses()


def test_the_end_is_written_over_the_beginning(bucket: LogBucket) -> None:
    """By whoever has begun."""
    bucket.begin(KEY, "begun")
    bucket.replace(KEY, "ended")
    assert bucket.begin(KEY, "again") == "ended"


def test_a_mark_that_cannot_be_written_is_said(client: "S3Client", refuse: Refuse) -> None:
    """With the place, and the answer of S3."""
    refuse(client, "put_object", "AccessDenied")
    with pytest.raises(BucketRefused, match=r"s3://log-bucket/efs-restore-marks/a.json .*AccessDenied"):
        LogBucket(client, "log-bucket").begin(KEY, "begun")


def test_a_bucket_that_is_not_there_is_said(client: "S3Client") -> None:
    """At the beginning and at the end."""
    bucket = LogBucket(client, "nothing")
    with pytest.raises(BucketRefused, match="NoSuchBucket"):
        bucket.begin(KEY, "begun")
    with pytest.raises(BucketRefused, match="NoSuchBucket"):
        bucket.replace(KEY, "ended")


_SEALED = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"""The SHA-256 of `abc`."""


def test_a_seal_is_stored_once(client: "S3Client", tmp_path: Path) -> None:
    """A stored seal is never written over, neither by a text nor by a file."""
    bucket = SealBucket(client, "log-bucket")
    (tmp_path / "file").write_bytes(b"abc")
    assert bucket.store("seals/a.json", b"abc", _SEALED)
    with open(tmp_path / "file", "rb") as file:
        assert not bucket.store_file("seals/a.json", file, _SEALED)
        assert bucket.store_file("changes/a.gz", file, _SEALED)
    assert bucket.read("seals/a.json") == bucket.read("changes/a.gz") == b"abc"


def test_a_seal_is_stored_with_its_checksum_and_on_a_condition(client: "S3Client") -> None:
    """Amazon S3 itself refuses another content, and Object Lock has the checksum that it wants."""
    asked = {
        "Bucket": "log-bucket", "Key": "seals/a.json", "Body": ANY, "IfNoneMatch": "*", "ChecksumAlgorithm": "SHA256",
        "ChecksumSHA256": "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
    }  # fmt: skip
    with Stubber(client) as stubber:
        stubber.add_response("put_object", {}, asked)
        assert SealBucket(client, "log-bucket").store("seals/a.json", b"abc", _SEALED)
        stubber.assert_no_pending_responses()


def test_a_bucket_that_takes_no_seal_is_said(client: "S3Client", refuse: Refuse) -> None:
    """With the place, and the answer of S3."""
    refuse(client, "put_object", "AccessDenied")
    with pytest.raises(BucketRefused, match=r"s3://log-bucket/seals/a.json .*AccessDenied"):
        SealBucket(client, "log-bucket").store("seals/a.json", b"abc", _SEALED)
