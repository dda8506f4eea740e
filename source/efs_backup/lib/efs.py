"""Elastic File System: what a file system is, and where it can be mounted."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from efs_backup.domain.errors import MountFailed
from efs_backup.domain.operations.mounting import MountTarget
from efs_backup.domain.sources.discovery import Found
from efs_backup.lib.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_efs import EFSClient

_GOING = ("deleting", "deleted")


@dataclass(frozen=True)
class FileSystem:
    """A file system; `size` is metered bytes."""

    size: int
    performance_mode: str
    throughput_mode: str


class FileSystems:
    """All file systems that the role may see."""

    def __init__(self, client: "EFSClient") -> None:
        self._client = client

    def describe(self, file_system_id: str) -> FileSystem:
        """Describe this file system. Raises MountFailed where there is none."""
        with translated(missing(file_system_id), "FileSystemNotFound"):
            found = self._client.describe_file_systems(FileSystemId=file_system_id)["FileSystems"][0]
        return FileSystem(found["SizeInBytes"]["Value"], found["PerformanceMode"], found["ThroughputMode"])

    def all_tagged(self) -> list[Found]:
        """All that there are, with their tags; those that are being deleted are gone."""
        pages = self._client.get_paginator("describe_file_systems").paginate()
        there = (each for page in pages for each in page["FileSystems"])
        return [
            Found(each["FileSystemId"], {tag["Key"]: tag["Value"] for tag in each.get("Tags", [])})
            for each in there if each["LifeCycleState"] not in _GOING
        ]  # fmt: skip

    def mount_targets(self, file_system_id: str) -> tuple[MountTarget, ...]:
        """Where it can be mounted: targets that are being made or deleted, or have no IPv4 address, are left out.

        Raises MountFailed where there is no such file system.
        """
        with translated(missing(file_system_id), "FileSystemNotFound"):
            found = self._client.describe_mount_targets(FileSystemId=file_system_id)["MountTargets"]
        usable = (target for target in found if target["LifeCycleState"] == "available" and target.get("IpAddress"))
        return tuple(MountTarget(target.get("AvailabilityZoneName", ""), target["IpAddress"]) for target in usable)


def missing(file_system_id: str) -> MountFailed:
    """The error that says that there is no such file system."""
    return MountFailed(
        f"There is no file system {file_system_id} in this region and account.",
        "Check the stack's parameters, and whether the file system was deleted.",
    )
