"""Trash: where a tree goes by one rename, to be deleted another time."""

import os


def to_trash(trash: int, around: int, name: str) -> None:
    """Move an entry of an open directory to the trash, under a name that nobody else takes. Raises OSError."""
    os.rename(name, f"stale-{os.urandom(16).hex()}", src_dir_fd=around, dst_dir_fd=trash)
