"""What the walks leave out of a tree, decided by names before anything is looked at."""

import os
from collections.abc import Callable
from pathlib import Path

from efs_backup.domain.excludes import ExcludePattern, matching
from efs_backup.domain.orders import BackupOrder
from efs_backup.domain.parts import is_over_a_network
from efs_backup.domain.warnings import Warned, WarningKind
from efs_backup.engine.lock import LOCK_NAME
from efs_backup.engine.mount_table import shown_below
from efs_backup.engine.mounts import kind_of
from efs_backup.engine.series import Series
from efs_backup.engine.tree import Tree


class LeftOut:
    """What a function of the path says, without one nothing; asked by many threads, in one walk after the other."""

    def __init__(self, by_path: Callable[[str], bool] | None = None) -> None:
        self._by_path = by_path

    def __call__(self, path: str, _entry: os.DirEntry[str], /) -> bool:
        """Whether this path is left out; the entry is from the listing of its directory."""
        return self._by_path is not None and self._by_path(path)

    def __bool__(self) -> bool:
        """Whether anything may be left out."""
        return self._by_path is not None

    def met(self, _path: str, _attributes: os.stat_result, /) -> bool:
        """Whether a directory is left out although its name does not tell; from then on its path does."""
        return False


class OutOfBackup(LeftOut):
    """What the operator excludes from a backup, and what of BACKUP is mounted inside the source.

    That is known from the table of mounts, or turns up in the walk, as with a file server that is mounted twice.
    """

    def __init__(self, source: Tree, order: BackupOrder, series: Series) -> None:
        super().__init__()
        self._source = source
        self._series = series
        self._excludes = order.excludes
        self._own = {found.st_ino: path for path in series.directories if (found := _found(path))}
        self._shown = set(shown_below(source.root, order.backup))
        self._met: set[ExcludePattern] = set()

    def __call__(self, path: str, entry: os.DirEntry[str], /) -> bool:
        """See LeftOut."""
        return path in self._shown or (bool(self._excludes) and self._is_excluded(path, entry))

    def __bool__(self) -> bool:
        """See LeftOut."""
        return bool(self._excludes or self._shown)

    def met(self, path: str, attributes: os.stat_result) -> bool:
        """See LeftOut."""
        own = self._own.get(attributes.st_ino)
        if own is None or not self._is_same(own, path, attributes):
            return False
        self._shown.add(path)
        return True

    def _is_same(self, own: Path, path: str, attributes: os.stat_result) -> bool:
        """Whether a directory with the inode number of one of ours is that one.

        A server's file system may be mounted a second time under another device number, with a cache of its own.
        """
        if own.stat().st_dev == attributes.st_dev:
            return True
        place = Path(self._source.root, path)
        return is_over_a_network(kind_of(str(place))) and self._holds_our_series(own, place)

    def _holds_our_series(self, own: Path, place: Path) -> bool:
        """By what tells our series from all others, and was the same for long enough for any cache."""
        ours = self._series.path
        theirs = place / ours.relative_to(own)
        newest = next(iter(self._series.snapshots()), None)
        if newest and newest.path.is_relative_to(ours):
            known, found = _found(newest.path), _found(theirs / newest.path.name)
            return known is not None and found is not None and _state_of(known) == _state_of(found)
        lock = _lock_of(ours)
        return lock is not None and lock == _lock_of(theirs)

    def warnings(self) -> list[Warned]:
        """What has to be seen to, after a walk over all of the tree."""
        if not self._shown:
            return []
        message = "BACKUP is mounted inside the source, and is left out there"
        return [Warned.about(WarningKind.BACKUP_IN_SOURCE, message, self._shown)]

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


def _state_of(attributes: os.stat_result) -> tuple[int, int]:
    return attributes.st_ino, attributes.st_ctime_ns


def _found(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _lock_of(series: Path) -> tuple[int, bytes] | None:
    """Inode and text of its lock, which names the backup that runs."""
    try:
        with (series / LOCK_NAME).open("rb") as lock:
            return os.fstat(lock.fileno()).st_ino, lock.read()
    except OSError:
        return None


def _may_be_directory(entry: os.DirEntry[str]) -> bool:
    """As the listing says, on most file systems without a look at it; what cannot be looked at is taken for one."""
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return True
