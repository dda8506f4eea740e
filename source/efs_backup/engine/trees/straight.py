"""Whether a path below a root is one: nobody who can write there leads it elsewhere by a symlink."""

import os
from itertools import accumulate
from pathlib import Path

from efs_backup.copy_worker.beneath import LISTING, PASSING, make_below, open_below
from efs_backup.domain.errors import RestoreFailed
from efs_backup.engine.trees.held import held

_PLAIN = 0o777
"""The mode of a directory on the way to a new one, but for the umask."""


def refuse_detours(root: Path, path: Path) -> None:
    """Raises RestoreFailed where something on the way from a root to a path below it is no directory of that root.

    What is not there yet is none, neither what would be below it.
    """
    names = path.relative_to(root).parts
    with held(os.open(root, LISTING)) as descriptor:
        for way in accumulate(names, os.path.join):
            try:
                os.close(open_below(descriptor, way, LISTING, within_mount=True))
            except FileNotFoundError:
                return
            except OSError as error:
                raise RestoreFailed(
                    f"{str(root / way)!r} is no directory of this file system: {error.strerror}. A symlink is not"
                    " followed there; nothing was touched.",
                    "Give the place without symlinks, from the root of the file system.",
                ) from error


def make_straight(root: Path, path: Path, mode: int) -> None:
    """Make a directory below a root, with those above it, through no symlink. Raises OSError."""
    with held(os.open(root, LISTING)) as descriptor:
        for way in [*accumulate(path.parent.relative_to(root).parts, os.path.join)]:
            os.close(make_below(descriptor, way, _PLAIN)[0])
        os.close(make_below(descriptor, _below(root, path), mode)[0])


def is_straight(root: Path, path: Path, opened: int) -> bool:
    """Whether an open directory is the one that a path leads to from a root, through no symlink.

    Who owns a directory on the way may put a symlink into its place between a look at the path and its opening.
    """
    with held(os.open(root, LISTING)) as descriptor:
        try:
            again = open_below(descriptor, _below(root, path), PASSING, within_mount=True)
        except OSError:
            return False
    with held(again):
        return os.path.samestat(os.fstat(again), os.fstat(opened))


def _below(root: Path, path: Path) -> str:
    return "/".join(path.relative_to(root).parts)
