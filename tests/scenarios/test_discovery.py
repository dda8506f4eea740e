"""File systems that ask for backups by their tag: the reconcile finds them, and lets them go."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest

from efs_backup.domain.sources.discovery import TAG
from tests.support.cloud import Cloud
from tests.support.rows import NIGHTLY, further_sources, look, records, rows_of

POLICY = replace(NIGHTLY, name="nightly")


@pytest.fixture(autouse=True)
def policy(cloud: Cloud) -> Iterator[None]:
    """A stack with a policy."""
    with further_sources(cloud):
        rows_of().write(rows_of().read().with_policy(POLICY))
        yield


def tagged(name: str, policy: str = "nightly") -> str:
    """A file system with these tags."""
    tags: Any = [{"Key": "Name", "Value": name}, {"Key": TAG, "Value": policy}]
    return str(boto3.client("efs").create_file_system(CreationToken=name, Tags=tags)["FileSystemId"])


def rows() -> dict[str, bool]:
    """The rows, and which are active."""
    return {row.identity: row.is_active for row in rows_of().read().rows}


def test_a_tagged_file_system_gets_a_row_and_loses_it_with_its_tag(cloud: Cloud) -> None:
    """Its label is its Name; each is told once, and the row comes back with the tag."""
    found = tagged("Web server")
    tagged("other", "weekly")
    tagged("hand", "by-hand")
    for time in ("2026-11-22T01:00:00Z", "2026-11-22T01:30:00Z"):
        cloud.time = time
        cloud.reconcile()
    assert rows() == {"Web-server/daily": True}
    ((subject, text),) = cloud.mails()
    assert "sources of efs-backup have changed" in subject
    assert found in text
    look(cloud, "2026-11-22T02:00:00Z")
    assert records(cloud)["Web-server"].source == found
    boto3.client("efs").untag_resource(ResourceId=found, TagKeys=[TAG])
    cloud.reconcile()
    cloud.reconcile()
    assert rows() == {"Web-server/daily": False}
    assert "has no tag" in _told(cloud)[1]
    assert "0 due" in look(cloud, "2026-11-23T02:00:00Z")["reason"]
    boto3.client("efs").tag_resource(ResourceId=found, Tags=[{"Key": TAG, "Value": "nightly"}])
    cloud.reconcile()
    assert rows() == {"Web-server/daily": True}
    assert len(_told(cloud)) == 3


def _told(cloud: Cloud) -> list[str]:
    """The texts of the mails about rows."""
    return [text for subject, text in cloud.mails() if "sources of" in subject]


def test_no_source_is_backed_up_twice(cloud: Cloud) -> None:
    """Neither the first row's, nor one that was added by hand; the backup file system never."""
    client = boto3.client("efs")
    for name in ("SOURCE_FILE_SYSTEM", "BACKUP_FILE_SYSTEM"):
        client.tag_resource(ResourceId=cloud.environment[name], Tags=[{"Key": TAG, "Value": "nightly"}])
    cloud.reconcile()
    assert (rows(), cloud.mails()) == ({}, [])


def test_a_file_system_that_is_gone_keeps_its_snapshots_and_is_told(cloud: Cloud) -> None:
    """Two of one Name have labels of their own."""
    first, second = tagged("data"), tagged("data 2")
    client = boto3.client("efs")
    client.tag_resource(ResourceId=second, Tags=[{"Key": "Name", "Value": "data"}])
    cloud.reconcile()
    named, other = sorted((first, second))
    assert rows() == {"data/daily": True, f"{other}/daily": True}
    client.delete_file_system(FileSystemId=named)
    cloud.reconcile()
    assert rows() == {"data/daily": False, f"{other}/daily": True}
    assert f"the file system {named} is gone" in cloud.mails()[1][1]
