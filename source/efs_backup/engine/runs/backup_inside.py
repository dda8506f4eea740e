"""BACKUP, or something of it, that is mounted inside the source, and what else a backup leaves out."""

import os
from pathlib import Path

from efs_backup.domain.copying.parts import is_over_a_network
from efs_backup.domain.requests.requests import BackupRequest
from efs_backup.domain.warnings import Warned, WarningKind
from efs_backup.engine.machine.mount_table import shown_below
from efs_backup.engine.machine.mounts import kind_of
from efs_backup.engine.series.lock import lock_there
from efs_backup.engine.series.series import Series
from efs_backup.engine.trees.left_out import Description, Excluded, LeftOut, OtherFileSystems, Together
from efs_backup.engine.trees.tree import Tree


def left_out_of_backup(source: Tree, request: BackupRequest, series: Series) -> LeftOut:
    """Gather all that a backup leaves out, and its dry run too."""
    others = [OtherFileSystems(source)] if request.one_file_system else []
    return Together([Excluded(request.excludes), *others, BackupInside(source, series)])


class BackupInside(LeftOut):
    """Where BACKUP is known from the table of mounts, or turns up in the walk, as a server's that is mounted twice."""

    def __init__(self, source: Tree, series: Series) -> None:
        super().__init__()
        self._source = source
        self._series = series
        self._own = {found.st_ino: path for path in series.directories if (found := _found(path))}
        self._shown = set(shown_below(source.root, str(series.directories[0])))

    def __call__(self, path: str, _entry: os.DirEntry[str], /) -> bool:
        """See LeftOut."""
        return path in self._shown

    def __bool__(self) -> bool:
        """See LeftOut."""
        return bool(self._shown)

    def met(self, path: str, attributes: os.stat_result, /) -> bool:
        """See LeftOut."""
        own = self._own.get(attributes.st_ino)
        if own is None or not self._is_same(own, path, attributes):
            return False
        self._shown.add(path)
        return True

    def description(self) -> Description:
        """See LeftOut."""
        return Description(paths=frozenset(self._shown), own=frozenset(self._own))

    def warnings(self) -> list[Warned]:
        """See LeftOut."""
        message = "BACKUP is mounted inside the source, and is left out there"
        return [Warned.about(WarningKind.BACKUP_IN_SOURCE, message, self._shown)] if self._shown else []

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
        lock = lock_there(ours)
        return lock is not None and lock == lock_there(theirs)


def _state_of(attributes: os.stat_result) -> tuple[int, int]:
    return attributes.st_ino, attributes.st_ctime_ns


def _found(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None
