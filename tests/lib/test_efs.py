"""The facts of a file system, and where it can be mounted."""

from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

from efs_backup.domain.errors import MountFailed
from efs_backup.domain.operations.mounting import MountTarget
from efs_backup.lib.efs import FileSystem, FileSystems
from tests.lib.refusals import NOW, Refuse

if TYPE_CHECKING:
    from mypy_boto3_efs import EFSClient

NOWHERE, SUBNET = "fs-00000000000000000", "subnet-00000000000000000"


@pytest.fixture(scope="module")
def client(session: boto3.Session) -> "EFSClient":
    """Elastic File System without file systems."""
    return session.client("efs")


@pytest.fixture
def file_system(client: "EFSClient") -> str:
    """The id of a new file system."""
    return client.create_file_system(
        CreationToken="token", PerformanceMode="maxIO", ThroughputMode="bursting"
    )["FileSystemId"]  # fmt: skip


def test_a_file_system_tells_its_modes(client: "EFSClient", file_system: str) -> None:
    """Performance and throughput."""
    found = FileSystems(client).describe(file_system)
    assert (found.performance_mode, found.throughput_mode) == ("maxIO", "bursting")


def test_a_file_system_tells_its_metered_size(client: "EFSClient") -> None:
    """In bytes, of all storage classes together."""
    known = {
        "OwnerId": "123456789012", "CreationToken": "token", "FileSystemId": NOWHERE, "CreationTime": NOW,
        "LifeCycleState": "available", "NumberOfMountTargets": 1, "PerformanceMode": "generalPurpose",
        "ThroughputMode": "elastic", "Tags": [], "SizeInBytes": {"Value": 6_144_000_000_000, "ValueInIA": 6_000},
    }  # fmt: skip
    with Stubber(client) as answers:
        answers.add_response("describe_file_systems", {"FileSystems": [known]}, {"FileSystemId": ANY})
        found = FileSystems(client).describe(NOWHERE)
    assert found == FileSystem(6_144_000_000_000, "generalPurpose", "elastic")


def test_a_new_file_system_is_empty(client: "EFSClient", file_system: str) -> None:
    """Zero is a size."""
    assert FileSystems(client).describe(file_system).size == 0


def test_mount_targets_tell_their_zones_and_addresses(
    session: boto3.Session, client: "EFSClient", file_system: str
) -> None:
    """One in each zone that has one."""
    subnets = session.client("ec2").describe_subnets()["Subnets"][:2]
    for number, subnet in enumerate(subnets):
        address = subnet["CidrBlock"].replace(".0/20", f".{number + 10}")
        client.create_mount_target(FileSystemId=file_system, SubnetId=subnet["SubnetId"], IpAddress=address)
    found = FileSystems(client).mount_targets(file_system)
    assert {target.zone for target in found} == {subnet["AvailabilityZone"] for subnet in subnets}
    assert sorted(target.address.rsplit(".")[-1] for target in found) == ["10", "11"]


def test_mount_targets_that_cannot_be_used_are_left_out(client: "EFSClient") -> None:
    """Those that are being made or deleted, and those without an IPv4 address: four entries alone are always there."""

    def target(number: int, state: str, **more: str) -> dict[str, str]:
        name = f"fsmt-{number:017}"
        return {"MountTargetId": name, "FileSystemId": NOWHERE, "SubnetId": SUBNET, "LifeCycleState": state, **more}

    zone = {"AvailabilityZoneName": "us-east-1a"}
    found = [
        target(1, "available", IpAddress="10.0.0.1", **zone), target(2, "deleting", IpAddress="10.0.0.2", **zone),
        target(3, "creating", **zone), target(4, "available", **zone), target(5, "available", IpAddress="10.0.0.5"),
    ]  # fmt: skip
    with Stubber(client) as answers:
        answers.add_response("describe_mount_targets", {"MountTargets": found}, {"FileSystemId": ANY})
        usable = FileSystems(client).mount_targets(NOWHERE)
    assert usable == (MountTarget("us-east-1a", "10.0.0.1"), MountTarget("", "10.0.0.5"))


def test_a_file_system_without_mount_targets_has_none(client: "EFSClient", file_system: str) -> None:
    """That is no error of the question."""
    assert FileSystems(client).mount_targets(file_system) == ()


@pytest.mark.parametrize("call", ["describe", "mount_targets"])
def test_a_file_system_that_does_not_exist_is_named(client: "EFSClient", call: str) -> None:
    """The backup fails for that reason, and says what to check."""
    with pytest.raises(MountFailed, match=f"no file system {NOWHERE}") as refused:
        getattr(FileSystems(client), call)(NOWHERE)
    assert "parameters" in refused.value.next_step


@pytest.mark.parametrize(
    ("call", "operation"), [("describe", "describe_file_systems"), ("mount_targets", "describe_mount_targets")]
)
def test_what_nobody_expected_of_efs_is_told_as_it_is(
    client: "EFSClient", file_system: str, refuse: Refuse, call: str, operation: str
) -> None:
    """A missing right is no missing file system."""
    refuse(client, operation, "AccessDeniedException", "Not authorized.")
    with pytest.raises(ClientError, match="Not authorized"):
        getattr(FileSystems(client), call)(file_system)
