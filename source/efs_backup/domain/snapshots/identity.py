"""Whether a directory, and what is mounted below it, is still the one of the last time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from efs_backup.domain.snapshots.locations import is_within
from efs_backup.domain.snapshots.mountinfo import unescaped

_VOLATILE = frozenset({"tmpfs", "ramfs", "overlay"})
"""Kinds whose file systems have no name that outlives a mount."""

_SHORT_LIVED = frozenset({"ramfs", "overlay"})
"""Kinds that services and containers have as long as they run."""

_PSEUDO = frozenset({
    "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs",
    "erofs", "fusectl", "hugetlbfs", "iso9660", "mqueue", "nsfs", "proc", "pstore", "rpc_pipefs", "securityfs",
    "selinuxfs", "squashfs", "sysfs", "tracefs",
})  # fmt: skip
"""Kinds that hold nothing of anybody's: the kernel's own, and images that programs bring along."""


@dataclass(frozen=True)
class FileSystem:
    """A file system as the kernel names it.

    uuid: "" where it has none, or none that can be told. device: the block device or the export, as it was mounted.
    user: whose it is, for a tmpfs or one of FUSE that the kernel knows to be a user's; 0 for all others.
    """

    kind: str
    uuid: str = ""
    device: str = ""
    user: int = 0

    def may_be(self, other: "FileSystem") -> bool:
        """Whether both can be one: where one of them has no name that lasts, only the kinds can tell them apart."""
        mine, its = self.name, other.name
        return self.family == other.family and (not (mine and its) or mine == its)

    def is_surely(self, other: "FileSystem") -> bool:
        """Whether both have a name, and the same."""
        if not self.may_be(other) or self.kind in _VOLATILE:
            return False
        return self.uuid == other.uuid and bool(self.uuid or (self.device and self.device == other.device))

    @property
    def name(self) -> str:
        """The name that survives a reboot and a remount; block devices are numbered anew, so only their UUID does."""
        is_nameless = self.kind in _VOLATILE or self.device.startswith("/dev/")
        return self.uuid or ("" if is_nameless else self.device)

    @property
    def family(self) -> str:
        """The kind without the version of its protocol."""
        return "nfs" if self.kind.startswith("nfs") else self.kind

    @property
    def is_passing(self) -> bool:
        """Whether it may be gone without anybody's mistake: after a logout, a reboot, the end of a container."""
        return self.kind in _VOLATILE or self.ends_at_any_time

    @property
    def ends_at_any_time(self) -> bool:
        """Whether users and programs end it whenever they like: a session's, a container's, a service's secrets."""
        return self.user != 0 or self.kind in _SHORT_LIVED

    def __str__(self) -> str:
        return f"{self.device or 'unnamed'} ({self.kind}{f', UUID {self.uuid}' if self.uuid else ''})"


@dataclass(frozen=True)
class Place:
    """A directory: its path as given, the file system it lies on, its inode there, and where that is mounted."""

    path: str
    file_system: FileSystem
    inode: int
    mount_point: str


@dataclass(frozen=True)
class Mount:
    """A file system that is mounted below the source, at this path relative to it."""

    path: str
    file_system: FileSystem


class Likeness(Enum):
    """How the source of now is related to that of the last backup."""

    SAME = "the same path, and nothing speaks against it"
    MOVED = "the same directory under another path"
    NOT_MOUNTED = "the same path, but not the same file system"
    ANOTHER = "another directory under another path"


def compare(was: Place, now: Place) -> Likeness:
    """Compare two sources.

    One path with another inode is a directory that was made anew, as long as it lies below the same mount point; if it
    does not, a file system is not mounted.
    """
    if was.path != now.path:
        is_same = was.inode == now.inode and was.file_system.is_surely(now.file_system)
        return Likeness.MOVED if is_same else Likeness.ANOTHER
    has_moved_away = was.inode != now.inode and was.mount_point != now.mount_point
    if has_moved_away or not was.file_system.may_be(now.file_system):
        return Likeness.NOT_MOUNTED
    return Likeness.SAME


def points_below(root: str, mounted: Iterable[tuple[str, str]]) -> list[str]:
    """The mount points below a directory at which files are missed when they are gone; `mounted`: points and kinds.

    What is mounted on demand, or for a login, a container or a unit, comes and goes; where it cannot be had, reading
    says so.
    """
    inside = [(point, kind) for point, kind in mounted if is_within(point, root)]
    on_demand = [point for point, kind in inside if kind == "autofs"]
    return sorted({
        point for point, kind in inside
        if point != root and kind not in _PSEUDO
        and not any(is_within(point, above) for above in on_demand)
    })  # fmt: skip


def missing_mounts(was: Iterable[Mount], now: Iterable[Mount]) -> dict[Mount, Mount | None]:
    """The mounts of the last time that are gone (None), or that are another file system now."""
    there = {mount.path: mount for mount in now}
    found = {mount: there.get(mount.path) for mount in was}
    return {
        mount: other for mount, other in found.items()
        if other is None or not mount.file_system.may_be(other.file_system)
    }  # fmt: skip


def user_of(kind: str, options: str) -> int:
    """Whose file system this is, by the options that mountinfo has of it; 0 for root's, and where nothing tells."""
    wanted = "uid=" if kind == "tmpfs" else "user_id=" if kind.startswith("fuse") else None
    numbers = [option.removeprefix(wanted) for option in options.split(",") if wanted and option.startswith(wanted)]
    return int(numbers[0]) if numbers and numbers[0].isdecimal() else 0


def unmounted_point(fstab: str, mounted: Sequence[str], path: str) -> str:
    """The mount point of /etc/fstab that this path is, or lies below, and where nothing is mounted; "" for none."""
    lines = (line.split() for line in fstab.splitlines() if not line.lstrip().startswith("#"))
    points = [unescaped(fields[1]).rstrip("/") for fields in lines if len(fields) > 1 and fields[1].startswith("/")]
    return next((point for point in points if point and is_within(path, point) and point not in mounted), "")
