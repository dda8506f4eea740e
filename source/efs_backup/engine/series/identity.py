"""The identity of a directory by the kernel, and the mounts below it."""

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from efs_backup.copy_worker.beneath import mount_of
from efs_backup.domain.snapshots.identity import FileSystem, Mount, Place, points_below, unmounted_point, user_of
from efs_backup.domain.snapshots.mountinfo import MountLine
from efs_backup.engine.machine.mounts import mounts

_GET_UUID = 0x80111500
"""FS_IOC_GETFSUUID of linux/fs.h, since Linux 6.9: a length and 16 bytes."""

_BY_UUID = Path("/dev/disk/by-uuid")
_FSTAB = Path("/etc/fstab")


def place_of(path: Path) -> Place:
    """The directory at this path. Raises OSError."""
    with _opened(str(path)) as descriptor:
        number = mount_of(descriptor)
        entry = next((each for each in mounts() if each.number == number), MountLine(number, "", "", "", "", "", ""))
        system = FileSystem(entry.kind, _uuid_of(entry, descriptor), entry.source)
        return Place(str(path), system, os.fstat(descriptor).st_ino, entry.point)


def expected_mounts(path: Path) -> tuple[Mount, ...]:
    """The mounts below a directory that are missed when they are gone, in order of the paths."""
    root = os.path.realpath(path)
    table = mounts()
    entries = {each.point: each for each in table}
    points = points_below(root, [(each.point, each.kind) for each in table])
    return tuple(Mount(os.path.relpath(point, root), _system_at(entries[point])) for point in points)


def unmounted(path: Path) -> str:
    """Where /etc/fstab has this path mounted and nothing is; "" for nowhere."""
    with suppress(OSError):
        fstab = _FSTAB.read_text(errors="surrogateescape")
        return unmounted_point(fstab, [each.point for each in mounts()], os.path.realpath(path))
    return ""


def _system_at(entry: MountLine) -> FileSystem:
    if not entry.source.startswith("/dev/"):
        return FileSystem(
            entry.kind, "", entry.source, user_of(entry.kind, entry.options)
        )  # not opened: a server may be silent
    with suppress(OSError), _opened(entry.point) as descriptor:
        return FileSystem(entry.kind, _uuid_of(entry, descriptor), entry.source)
    return FileSystem(entry.kind, "", entry.source)


def _uuid_of(entry: MountLine, descriptor: int) -> str:
    """Of a file system on a block device, by the kernel or by udev; a UUID of nothing but zeros is none."""
    if not entry.source.startswith("/dev/"):
        return ""
    with suppress(OSError):
        told = fcntl.ioctl(descriptor, _GET_UUID, bytes(17))
        if told[0] == 16 and any(told[1:]):  # noqa: PLR2004 - the length of a UUID
            return str(uuid.UUID(bytes=told[1:]))
    with suppress(OSError):
        device = os.stat(entry.source).st_rdev
        return next((link.name.lower() for link in _BY_UUID.iterdir() if link.stat().st_rdev == device), "")
    return ""


@contextmanager
def _opened(path: str) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
