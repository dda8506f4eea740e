"""The table of mounts, and the kind of file system that a path lies on."""

import os
from dataclasses import dataclass
from pathlib import Path

from efs_backup.domain.snapshots.locations import is_within
from efs_backup.domain.snapshots.mountinfo import MountLine, parse_mount_line

_TABLE = Path("/proc/self/mountinfo")


def kind_of(path: str) -> str:
    """The type of its file system as the kernel names it (`ext4`, `nfs4`, `fuse.x`); "" where it cannot be told."""
    return kind_of_device(os.stat(path).st_dev)


def kind_of_device(device: int) -> str:
    """The type of the file system of this device (`st_dev`), as the kernel names it; "" where it cannot be told."""
    number = f"{os.major(device)}:{os.minor(device)}"
    return next((mount.kind for mount in mounts() if mount.device == number), "")


def mounts() -> list[MountLine]:
    """All mounts that can be seen from here, in the order in which they were made."""
    return [parse_mount_line(line) for line in _TABLE.read_text(errors="surrogateescape").splitlines()]


@dataclass(frozen=True)
class Mounted:
    """The file system that is mounted somewhere, and the options that the kernel and the server have agreed on."""

    kind: str
    device: str
    options: str


def mounted_at(path: str) -> Mounted | None:
    """Find what is mounted exactly at a path; None where nothing is."""
    wanted = os.path.realpath(path)
    found = [mount for mount in mounts() if mount.point == wanted]
    return Mounted(found[-1].kind, found[-1].source, found[-1].options) if found else None


def mounts_below(path: str) -> list[str]:
    """The mount points in a directory and below it, bind mounts too, as paths relative to it; "" for itself."""
    root = os.path.realpath(path)
    places = {mount.point for mount in mounts()}
    return sorted(os.path.relpath(place, root) if place != root else "" for place in places if is_within(place, root))
