"""How a file system is mounted, and what must be true before a byte is copied."""

from collections.abc import Sequence
from dataclasses import dataclass

from efs_backup.domain.copying.commands import Command
from efs_backup.domain.errors import MountFailed

NFS_OPTIONS = "nfsvers=4.1,rsize=1048576,wsize=1048576,hard,timeo=600,retrans=2,noresvport"
"""Amazon EFS User Guide, "Recommended NFS mount settings"."""

HELPER = "mount.efs"
"""The mount helper of amazon-efs-utils."""

MOUNTED_KINDS = frozenset({"nfs4", "nfs"})
"""The kernel's names for a mounted EFS, by its helper or without."""


@dataclass(frozen=True)
class MountTarget:
    """An address at which a file system can be mounted, and the availability zone it is in."""

    zone: str
    address: str


def nearest(targets: Sequence[MountTarget], zone: str, file_system: str) -> MountTarget:
    """The target of the instance's own zone, else any: traffic between zones costs money but works.

    Raises MountFailed where there is none.
    """
    if not targets:
        raise MountFailed(
            f"{file_system} has no mount target that can be used.",
            "Make one with an IPv4 address in a subnet of the stack's instances, or wait until it is available.",
        )
    return next((target for target in targets if target.zone == zone), targets[0])


def mount_command(
    file_system: str, address: str, at: str, *, with_helper: bool, read_only: bool, access_point: str = "",
    profile: str = "",
) -> Command:  # fmt: skip
    """Mount the root of a file system: with TLS and IAM where the helper is there, else plain NFS 4.1.

    Only the helper knows access points and profiles of credentials. Without it they are left out: a file system that
    wants them refuses.
    """
    access = ",ro" if read_only else ""
    if with_helper:
        point = f",accesspoint={access_point}" if access_point else ""
        role = f",awsprofile={profile}" if profile else ""
        return (
            "mount",
            "-t",
            "efs",
            "-o",
            f"tls,iam{role}{point},mounttargetip={address}{access}",
            f"{file_system}:/",
            at,
        )
    return ("mount", "-t", "nfs4", "-o", f"{NFS_OPTIONS}{access}", f"{address}:/", at)
