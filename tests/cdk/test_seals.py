"""The bucket of seals: what is in it stays as it was written."""

from typing import Any

import pytest

from tests.support.template import Template, environment_file

_BUCKETS = "AWS::S3::Bucket"


def _seals(backup: Template) -> dict[str, Any]:
    """The buckets of seals by their logical ids: one or none."""
    return {name: each for name, each in backup.resources(_BUCKETS).items() if "Seals" in name}


def _properties(backup: Template, **given: str) -> Any:
    asked = backup.having(**{"SealBucketLockDays": "365", **given})
    (bucket,) = _seals(asked).values()
    return asked.resolve(bucket["Properties"])


@pytest.mark.parametrize("days", ["", "0"])
def test_there_is_no_bucket_unless_it_is_wanted(backup: Template, days: str) -> None:
    """Nor a policy of one, nor an output, and the agent is told of none."""
    asked = backup.having(SealBucketLockDays=days)
    assert not _seals(asked)
    assert not [
        name for kind in ("BucketPolicy", "") for name in asked.resources(f"AWS::S3::{kind}") if "Seals" in name
    ]
    assert not [name for name in asked.resources("AWS::IAM::Policy") if "Seals" in name]
    assert environment_file(asked)["SEAL_BUCKET"] == ""
    assert asked.content["Outputs"]["SealBucket"]["Condition"]


def test_the_agent_is_told_where_seals_go(backup: Template) -> None:
    """By the bucket's name."""
    asked = backup.having(SealBucketLockDays="365")
    (name,) = _seals(asked)
    assert environment_file(asked)["SEAL_BUCKET"] == f"<{name}>"


def test_each_object_is_locked_as_it_comes(backup: Template) -> None:
    """By the bucket, for as long as was asked for: who writes needs no permission for that, and cannot forget it."""
    properties = _properties(backup, SealBucketLockDays="400", SealBucketLockMode="COMPLIANCE")
    assert properties["ObjectLockEnabled"] is True
    lock = properties["ObjectLockConfiguration"]
    assert lock["ObjectLockEnabled"] == "Enabled"
    assert lock["Rule"]["DefaultRetention"] == {"Mode": "COMPLIANCE", "Days": "400"}
    assert _properties(backup)["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]["Mode"] == "GOVERNANCE"


def test_the_bucket_is_private_and_outlives_the_stack(backup: Template) -> None:
    """Versioned, encrypted, and nothing in it grows old; the bucket of a stack that never came to be goes."""
    asked = backup.having(SealBucketLockDays="365")
    ((_, bucket),) = _seals(asked).items()
    properties = bucket["Properties"]
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert properties["BucketEncryption"]
    assert "LifecycleConfiguration" not in properties


def test_nobody_writes_over_what_is_there(backup: Template) -> None:
    """A request without `If-None-Match` is refused, whoever makes it; so is one that is not encrypted on its way."""
    asked = backup.having(SealBucketLockDays="365")
    (name,) = _seals(asked)
    (policy,) = (
        asked.resolve(each["Properties"]) for each in asked.resources("AWS::S3::BucketPolicy").values()
        if each["Properties"]["Bucket"] == {"Ref": name}
    )  # fmt: skip
    statements = policy["PolicyDocument"]["Statement"]
    assert {each["Effect"] for each in statements} == {"Deny"}
    by_condition = {str(each["Condition"]): each for each in statements}
    overwriting = by_condition[str({"Null": {"s3:if-none-match": "true"}})]
    assert (overwriting["Action"], overwriting["Principal"]) == ("s3:PutObject", {"AWS": "*"})
    assert overwriting["Resource"] == f"<{name}.Arn>/*"
    assert str({"Bool": {"aws:SecureTransport": "false"}}) in by_condition
