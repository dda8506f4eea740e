"""Where a quarantine may lie, and what it is called."""

import re
import stat

from efs_backup.domain.snapshots.names import SnapshotName

JOURNAL_DIRECTORY = ".efs-backup-restore"
"""The directory of a quarantine that holds what the restore has noted; nothing else comes to lie there."""

_INSIDE = re.compile(r"\.quarantine-\d{8}T\d{6}Z(-[0-9a-f]+)?", re.ASCII)
_BESIDE = re.compile(r"(?P<target>.+)\.quarantine-\d{8}T\d{6}Z(-[0-9a-f]+)?", re.ASCII | re.DOTALL)


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
    """Whether this path of a target is a quarantine, of this restore or an earlier one, or named as its journal."""
    return path == JOURNAL_DIRECTORY or _INSIDE.fullmatch(path) is not None


def target_of(quarantine: str) -> str | None:
    """The target beside or around a quarantine with this absolute path, by its name; None where that tells none."""
    above, _, name = quarantine.rpartition("/")
    if is_quarantine_inside(name) and name != JOURNAL_DIRECTORY:
        return above or "/"
    found = _BESIDE.fullmatch(name)
    return f"{above}/{found['target']}" if found else None


def is_quarantine_of(name: str, target: str) -> bool:
    """Whether a directory of this name, beside or above a target or in it, may be a quarantine of the target."""
    found = _BESIDE.fullmatch(name)
    return is_quarantine_inside(name) or (found is not None and found["target"] == target)
