"""A place: the series that a page is about, and its snapshots opened so that nothing false is shown.

No lock is taken to look, so that a page which is left open never keeps a prune waiting. A snapshot that is dropped is
renamed first. So whoever has read from one looks, at the end, whether its name still leads to what was opened; files of
a snapshot are never written to, and one that is open stays as it is.
"""

import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from efs_backup.browse.strips import UNSEEN, Look
from efs_backup.copy_worker.beneath import PASSING, open_below
from efs_backup.domain.errors import NothingThere
from efs_backup.domain.snapshots.names import FolderLabel, Interval, SnapshotName
from efs_backup.engine.series.series import Series, Snapshot
from efs_backup.engine.trees.held import held
from efs_backup.engine.trees.tree import Tree

_MOST_THREADS = 32


@dataclass(frozen=True)
class Place:
    """A series of a backup, at the time of a request, aware."""

    backup: Path
    label: FolderLabel
    interval: Interval
    now: datetime

    @property
    def series(self) -> Series:
        """The series."""
        return Series(self.backup, self.label, self.interval, self.now)

    def snapshots(self) -> list[Snapshot]:
        """Those that are there, the newest first. Raises NothingThere where none is, and OSError."""
        found = self.series.snapshots()
        if not found:
            raise NothingThere(f"There is no {self.interval} snapshot of {str(self.label)!r}.")
        return found


def chosen(snapshots: list[Snapshot], name: str) -> Snapshot:
    """The snapshot of a name; the newest for "". Raises NothingThere."""
    found = next((one for one in snapshots if str(one.name) == name), None) if name else snapshots[0]
    if found is None:
        raise NothingThere(f"There is no snapshot {name}.", "It may have been dropped by the rules meanwhile.")
    return found


@contextmanager
def opened(snapshot: Snapshot) -> Iterator[Tree]:
    """A snapshot; at the end of the block it is still the one that was opened. Raises NothingThere, and OSError."""
    try:
        tree = Tree(snapshot.path)
    except OSError as error:
        raise _dropped(snapshot.name) from error
    with tree:
        refuse_another(snapshot, tree)
        yield tree
        refuse_another(snapshot, tree)


def refuse_another(snapshot: Snapshot, tree: Tree) -> None:
    """Raises NothingThere where the name of a snapshot leads to something else than was opened, or to nothing."""
    try:
        found = os.lstat(snapshot.path)
    except OSError as error:
        raise _dropped(snapshot.name) from error
    was = os.fstat(tree.descriptor)
    if not stat.S_ISDIR(found.st_mode) or (found.st_dev, found.st_ino) != (was.st_dev, was.st_ino):
        raise _dropped(snapshot.name)


def _dropped(name: SnapshotName) -> NothingThere:
    return NothingThere(f"The snapshot {name} was dropped meanwhile.", "Choose another night.")


def look_at(snapshots: list[Snapshot], directory: str, names: list[str]) -> dict[str, list[Look | None]]:
    """Each name of a directory in each of these snapshots, in their order; None where it is not there.

    UNSEEN where it cannot be looked at, for the snapshot was dropped meanwhile or nobody lets us. One look a name and
    snapshot: over a network many at a time.
    """
    if not snapshots:
        return {name: [] for name in names}
    with ThreadPoolExecutor(_threads(snapshots[0])) as pool:
        columns = [*pool.map(lambda snapshot: _column(snapshot, directory, names), snapshots)]
    return {name: [column[at] for column in columns] for at, name in enumerate(names)}


def _threads(snapshot: Snapshot) -> int:
    try:
        with opened(snapshot) as tree:
            return max(1, min(tree.concurrency.threads, _MOST_THREADS))
    except (OSError, NothingThere):
        return 1  # the oldest, which was just dropped


def _column(snapshot: Snapshot, directory: str, names: list[str]) -> list[Look | None]:
    try:
        with opened(snapshot) as tree, held(open_below(tree.descriptor, directory, PASSING)) as descriptor:
            return [_look(descriptor, name) for name in names]
    except (FileNotFoundError, NotADirectoryError):
        return [None] * len(names)
    except (OSError, NothingThere):
        return [UNSEEN] * len(names)


def _look(directory: int, name: str) -> Look | None:
    try:
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return UNSEEN
    return look_of(found)


def look_of(found: os.stat_result) -> Look:
    """The facts about a name that the kernel tells, as the page shows them."""
    return Look(found.st_ino, found.st_mode, found.st_uid, found.st_gid, found.st_size, found.st_mtime_ns)


def time_of(mtime_ns: int) -> datetime | None:
    """The time of an mtime; None of one that no calendar has."""
    try:
        return datetime.fromtimestamp(mtime_ns // 10**9, UTC)
    except (OverflowError, ValueError, OSError):
        return None
