"""What the kernel tells about a directory, and about what is mounted below it."""

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from efs_backup.domain.identity import FileSystem, Mount, Place, points_below, unescaped, unmounted_point, user_of

_GET_UUID = 0x80111500
"""FS_IOC_GETFSUUID of linux/fs.h, since Linux 6.9: a length and 16 bytes."""

_BY_UUID = Path("/dev/disk/by-uuid")
_FSTAB = Path("/etc/fstab")


class _Entry(NamedTuple):
    """A line of mountinfo: see proc(5)."""

    number: str
    point: str
    kind: str
    device: str
    user: int = 0


def place_of(path: Path) -> Place:
    """The directory at this path. Raises OSError."""
    with _opened(str(path)) as descriptor:
        number = next(
            line.split()[1] for line in _lines(f"/proc/self/fdinfo/{descriptor}") if line.startswith("mnt_id:")
        )
        entry = next((each for each in _mounts() if each.number == number), _Entry(number, "", "", ""))
        system = FileSystem(entry.kind, _uuid_of(entry, descriptor), entry.device)
        return Place(str(path), system, os.fstat(descriptor).st_ino, entry.point)


def mounts_below(path: Path) -> tuple[Mount, ...]:
    """What is mounted below it, and is missed when it is gone, in order of the paths."""
    root = os.path.realpath(path)
    entries = {each.point: each for each in _mounts()}
    points = points_below(root, [(each.point, each.kind) for each in _mounts()])
    return tuple(Mount(os.path.relpath(point, root), _system_at(entries[point])) for point in points)


def unmounted(path: Path) -> str:
    """Where /etc/fstab has this path mounted and nothing is; "" for nowhere."""
    with suppress(OSError):
        fstab = _FSTAB.read_text(errors="surrogateescape")
        return unmounted_point(fstab, [each.point for each in _mounts()], os.path.realpath(path))
    return ""


def _system_at(entry: _Entry) -> FileSystem:
    if not entry.device.startswith("/dev/"):
        return FileSystem(entry.kind, "", entry.device, entry.user)  # not opened: a server may be silent
    with suppress(OSError), _opened(entry.point) as descriptor:
        return FileSystem(entry.kind, _uuid_of(entry, descriptor), entry.device)
    return FileSystem(entry.kind, "", entry.device)


def _uuid_of(entry: _Entry, descriptor: int) -> str:
    """Of a file system on a block device, by the kernel or by udev; a UUID of nothing but zeros is none."""
    if not entry.device.startswith("/dev/"):
        return ""
    with suppress(OSError):
        told = fcntl.ioctl(descriptor, _GET_UUID, bytes(17))
        if told[0] == 16 and any(told[1:]):  # noqa: PLR2004 - the length of a UUID
            return str(uuid.UUID(bytes=told[1:]))
    with suppress(OSError):
        device = os.stat(entry.device).st_rdev
        return next((link.name.lower() for link in _BY_UUID.iterdir() if link.stat().st_rdev == device), "")
    return ""


@contextmanager
def _opened(path: str) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _mounts() -> list[_Entry]:
    return [_parse(line) for line in _lines("/proc/self/mountinfo")]


def _parse(line: str) -> _Entry:
    before, _, after = line.partition(" - ")
    fields, (kind, device, options) = before.split(" "), after.split(" ", 2)
    return _Entry(fields[0], unescaped(fields[4]), kind, unescaped(device), user_of(kind, options))


def _lines(path: str) -> list[str]:
    return Path(path).read_text(errors="surrogateescape").split("\n")[:-1]
