"""What the walks leave out of a tree, decided by names before anything is looked at."""

import os
from collections.abc import Callable, Sequence

from efs_backup.domain.excludes import ExcludePattern, matching


class LeftOut:
    """What a function of the path says, without one nothing; asked by many threads, in one walk after the other."""

    def __init__(self, by_path: Callable[[str], bool] | None = None) -> None:
        self._by_path = by_path

    def __call__(self, path: str, _entry: os.DirEntry[str], /) -> bool:
        """Whether this path is left out; the entry is from the listing of its directory."""
        return self._by_path is not None and self._by_path(path)

    @property
    def is_anything(self) -> bool:
        """Whether anything may be left out."""
        return self._by_path is not None


class OutOfBackup(LeftOut):
    """What the operator excludes from a backup."""

    def __init__(self, excludes: Sequence[ExcludePattern]) -> None:
        super().__init__()
        self._excludes = excludes
        self._met: set[ExcludePattern] = set()

    def __call__(self, path: str, entry: os.DirEntry[str], /) -> bool:
        """See LeftOut."""
        return bool(self._excludes) and self._is_excluded(path, entry)

    @property
    def is_anything(self) -> bool:
        """See LeftOut."""
        return bool(self._excludes)

    def notes(self) -> list[str]:
        """What the operator should know of it, after a walk over all of the tree."""
        unmet = [pattern for pattern in self._excludes if pattern not in self._met]
        return [f"The exclude {pattern.text!r} matches nothing in the source." for pattern in unmet]

    def _is_excluded(self, path: str, entry: os.DirEntry[str]) -> bool:
        found = [
            pattern for pattern in matching(self._excludes, path)
            if not pattern.is_for_directories or _may_be_directory(entry)
        ]  # fmt: skip
        self._met.update(found)
        return bool(found)


def _may_be_directory(entry: os.DirEntry[str]) -> bool:
    """As the listing says, on most file systems without a look at it; what cannot be looked at is taken for one."""
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return True
