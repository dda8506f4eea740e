"""The mounts of this machine, by the kernel's own numbers: bind mounts have no other device than what they show."""

import os

from efs_backup.copy_worker.beneath import mount_of
from efs_backup.domain.snapshots.locations import Location, Mount, is_within, located
from efs_backup.engine.machine.mounts import mounts


def mount_table() -> list[Mount]:
    """All mounts that can be seen from here."""
    return [located(line) for line in mounts()]


def location_of(path: str) -> Location | None:
    """Which place of which file system a path is, also one that does not exist yet; None where it cannot be told."""
    real = os.path.realpath(path)
    number = _mount_number(real)
    return next((mount.location(real) for mount in mount_table() if mount.number == number), None)


def shown_below(directory: str, wanted: str) -> frozenset[str]:
    """The paths below a directory, relative to it, at which something is mounted that shows `wanted` or a part of it.

    Also through the directory's own mount. `wanted` may not exist yet.
    """
    top, location = os.path.realpath(directory), location_of(wanted)
    if location is None:
        return frozenset()
    own = _mount_number(top)
    mounts = [mount for mount in mount_table() if mount.number == own or is_within(mount.point, top)]
    shown = ((mount, path) for mount in mounts if (path := mount.shows(location)))
    return frozenset(
        os.path.relpath(path, top)
        for mount, path in shown
        if path != top and is_within(path, top) and _mount_number(path) == mount.number
    )


def _mount_number(path: str) -> int | None:
    """The number of the mount that a path, or what of it exists, is seen through. Nothing is asked of the mount."""
    while True:
        try:
            descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
            break
        except FileNotFoundError:
            path = os.path.dirname(path)
        except OSError:
            return None
    try:
        return mount_of(descriptor)
    finally:
        os.close(descriptor)
