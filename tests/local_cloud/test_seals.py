"""Seals in the local cloud: what the instance has stored it can neither take back nor unlock."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from deployment.local_cloud.assembly import Assembly
from deployment.local_cloud.cloud import LocalCloud
from efs_backup.domain.results import SealStatus
from efs_backup.domain.snapshots.seal import digest
from tests.support.builders import small_tree
from tests.support.site import Site

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.root

DENIED = "AccessDenied"


@pytest.fixture
def sealing(cloud: LocalCloud, assembly: Assembly) -> Site:
    """A site whose seals are locked."""
    made = Site.build(cloud, assembly, SealBucketLockDays="30")
    small_tree(made.source)
    return made


def _as_the_instance(site: Site) -> "S3Client":
    """Amazon S3 as whoever has broken into the instance sees it: with the credentials of its role."""
    roles = site.cloud.client("iam").list_roles()["Roles"]
    (role,) = (role for role in roles if role["RoleName"].startswith("backups-Worker"))
    keys = site.cloud.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="intruder")["Credentials"]
    return boto3.client(
        "s3", endpoint_url=site.cloud.endpoint, region_name="us-east-1", aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"],
    )  # fmt: skip


def _refusal(call: Callable[..., Any], **given: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**given)
    return str(refused.value.response["Error"]["Code"])


@pytest.mark.long
def test_seals_are_stored_locked_and_stay(sealing: Site, tmp_path: Path) -> None:
    """Two nights by the templates and roles as they are; then the role tries whatever an intruder would."""
    nights = sealing.night(), sealing.night()
    assert [night.seal_status for night in nights] == [SealStatus.STORED] * 2
    bucket, operator = sealing.stack.outputs["SealBucket"], sealing.cloud.client("s3")
    versions = operator.list_object_versions(Bucket=bucket)["Versions"]
    assert sorted(version["Key"].split("/")[0] for version in versions) == [
        "changes", "changes", "manifests", "seals", "seals",
    ]  # fmt: skip
    heads = [operator.head_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"]) for each in versions]
    assert [head["ObjectLockMode"] for head in heads] == ["GOVERNANCE"] * len(versions)
    key = f"seals/efs-backup/daily/{nights[0].snapshot}.json"
    (version,) = (each["VersionId"] for each in versions if each["Key"] == key)
    _try_all(_as_the_instance(sealing), bucket, key, version)
    assert digest(operator.get_object(Bucket=bucket, Key=key)["Body"].read()) == nights[0].seal
    sealing.assert_nothing_left()


def _try_all(intruder: "S3Client", bucket: str, key: str, version: str) -> None:
    here, one = {"Bucket": bucket, "Key": key}, {"Bucket": bucket, "Key": key, "VersionId": version}
    later = {"Mode": "GOVERNANCE", "RetainUntilDate": "2026-01-01T00:00:00Z"}
    assert _refusal(intruder.delete_object, **here) == DENIED
    assert _refusal(intruder.delete_object, **one) == DENIED
    assert _refusal(intruder.delete_object, **one, BypassGovernanceRetention=True) == DENIED
    assert _refusal(intruder.put_object_retention, **one, Retention=later, BypassGovernanceRetention=True) == DENIED
    assert _refusal(intruder.put_object_legal_hold, **one, LegalHold={"Status": "OFF"}) == DENIED
    assert _refusal(intruder.put_object, **here, Body=b"mine", IfNoneMatch="*") == "PreconditionFailed"
    assert _refusal(intruder.put_object, Bucket=bucket, Key="other/a", Body=b"mine", IfNoneMatch="*") == DENIED
    for call in (intruder.delete_bucket, intruder.delete_bucket_policy, intruder.list_object_versions):
        assert _refusal(call, Bucket=bucket) == DENIED
