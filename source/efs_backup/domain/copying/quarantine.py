"""Where a quarantine may lie, and what it is called."""

import re
import stat

from efs_backup.domain.snapshots.names import SnapshotName

_INSIDE = re.compile(r"\.quarantine-\d{8}T\d{6}Z(-[0-9a-f]+)?", re.ASCII)


def is_safe_place(mode: int, owner: tuple[int, int], ours: tuple[int, int]) -> bool:
    """Whether nobody but root and us can rename or replace what we make in a directory.

    owner: its user and group; ours: those of this process. A sticky directory of root's, as /tmp, is safe.
    """
    if owner[0] not in {0, ours[0]}:
        return False
    others_write = mode & stat.S_IWOTH or (mode & stat.S_IWGRP and owner[1] != ours[1])
    return not others_write or bool(mode & stat.S_ISVTX)


def name_beside(target: str, now: SnapshotName) -> str:
    """The first name to try beside a target of this name."""
    return f"{target}.quarantine-{now}"


def name_inside(now: SnapshotName) -> str:
    """The first name to try inside the target."""
    return f".quarantine-{now}"


def is_quarantine_inside(path: str) -> bool:
    """Whether this path of a target is a quarantine, of this restore or an earlier one."""
    return _INSIDE.fullmatch(path) is not None
