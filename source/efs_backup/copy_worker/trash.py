"""Trash: where a tree goes by one rename, to be deleted another time."""

import os

from efs_backup.copy_worker.beneath import PASSING
from efs_backup.copy_worker.facts import open_to_owner


def to_trash(trash: int, around: int, name: str) -> None:
    """Move an entry of an open directory to the trash, under a name that nobody else takes. Raises OSError."""
    move_aside(around, name, trash, f"stale-{os.urandom(16).hex()}")


def move_aside(around: int, name: str, trash: int, aside: str) -> None:
    """Move an entry of an open directory into another one. Raises OSError.

    Who is not root has to be able to write to a directory that they move.
    """
    try:
        os.rename(name, aside, src_dir_fd=around, dst_dir_fd=trash)
    except PermissionError:
        moved = os.open(name, PASSING, dir_fd=around)
        try:
            is_opened = open_to_owner(moved)
        finally:
            os.close(moved)
        if not is_opened:
            raise
        os.rename(name, aside, src_dir_fd=around, dst_dir_fd=trash)
