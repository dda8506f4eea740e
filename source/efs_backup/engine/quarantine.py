"""Where a mirroring restore puts what it replaces or deletes, so that it can be undone."""

import os
from itertools import chain, count
from pathlib import Path

from efs_backup.domain.snapshots import SnapshotName

_PRIVATE = 0o700


class Quarantine:
    """A directory beside the target, made when it is needed first.

    Beside, so that a rename moves things there whatever their size. Where the target is a mount point, beside is
    another file system, and the directory is made inside; `name` is then what a comparison has to leave out.
    """

    def __init__(self, target: Path, now: SnapshotName) -> None:
        self._target = target
        beside = target.parent / f"{target.name}.quarantine-{now}"
        inside = target / f".quarantine-{now}"
        self.is_inside = target.is_mount() or not os.access(target.parent, os.W_OK | os.X_OK)
        self.path = _unused(inside if self.is_inside else beside)
        self.exists = False
        """Whether anything was moved here."""

    def leaves_out(self, path: str) -> bool:
        """Whether this path of the target is the quarantine itself."""
        return self.is_inside and path == self.path.name

    def take(self, path: str) -> None:
        """Move an entry of the target here, under the same relative path. Raises OSError."""
        place = self.path / path
        for directory in [*reversed(place.relative_to(self.path).parents)]:
            (self.path / directory).mkdir(_PRIVATE, exist_ok=True)
        os.rename(self._target / path, place)
        self.exists = True


def _unused(path: Path) -> Path:
    """The path, or the next one that nobody has; an earlier restore may have begun in the same second."""
    names = chain([path.name], (f"{path.name}-{number}" for number in count(2)))
    return next(free for name in names if not os.path.lexists(free := path.with_name(name)))
