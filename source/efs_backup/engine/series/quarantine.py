"""Where a restore puts what it replaces or deletes, with a journal of what it does, so that it can be undone."""

import errno
import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from efs_backup.copy_worker.beneath import LISTING, make_below, mount_of, open_place
from efs_backup.domain.copying.quarantine import is_quarantine_inside, is_safe_place, name_beside, name_inside
from efs_backup.domain.copying.restore_journal import Head
from efs_backup.domain.errors import RestoreFailed
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.engine.series.restore_journal import Spool, write_end, write_journal
from efs_backup.engine.trees.bring import beside_name
from efs_backup.engine.trees.held import held
from efs_backup.engine.trees.tree import Tree

_PRIVATE = 0o700
_ROOT = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NOT_HERE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.EXDEV, errno.EBUSY})


class Quarantine:
    """A directory beside the target, made when it is needed first, that only we can enter or replace.

    Beside, so that a rename moves things there whatever their size. Where others can write there, or where it is
    another mount, it lies inside the target, else in the nearest safe directory above on the same mount.
    """

    def __init__(self, target: Path, now: SnapshotName) -> None:
        self.target = Path(os.path.realpath(target))
        """The target without symlinks in its path."""
        self._now = now
        self._descriptor: int | None = None
        self.path: Path | None = None
        """Where it is, once anything was moved there."""

    @staticmethod
    def leaves_out(path: str) -> bool:
        """Whether this path of the target is a quarantine inside it, of this restore or of an earlier one."""
        return is_quarantine_inside(path)

    @property
    def exists(self) -> bool:
        """Whether anything was moved here."""
        return self.path is not None

    def check(self, target: Tree) -> None:
        """Raises RestoreFailed where there is no place for it; nothing is made."""
        if next(self._places(target), None) is None:
            raise self._refusal()

    def take(self, target: Tree, path: str) -> None:
        """Move an entry of the target here, under the same relative path. Raises OSError and RestoreFailed."""
        if self._descriptor is None:
            self._descriptor = self._make(target)
        place = make_below(self._descriptor, os.path.dirname(path), _PRIVATE)[0]
        with held(place), target.above(path) as (directory, name):
            os.rename(name, name, src_dir_fd=directory, dst_dir_fd=place)

    def begin(self, target: Tree, head: Head, spool: Spool) -> None:
        """Note what is about to be done, on the disk before anything is. Raises OSError and RestoreFailed."""
        if self._descriptor is None:
            self._descriptor = self._make(target)
        write_journal(self._descriptor, head, spool)

    def end(self) -> None:
        """Note that all is done which was begun. Raises OSError."""
        if self._descriptor is not None:
            write_end(self._descriptor)

    def close(self) -> None:
        """Nothing more is to be moved."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _refusal(self) -> RestoreFailed:
        return RestoreFailed(
            f"There is no safe place for the quarantine of {str(self.target)!r}: others can write to it, and to the"
            " directories above it on the same file system; nothing was touched.",
            f"Take their rights for the time of the restore (`chown {os.geteuid()} DIRECTORY; chmod go-w DIRECTORY` for"
            " TARGET or the directory above it), or restore into a new directory and move things yourself.",
        )

    def _places(self, target: Tree) -> Iterator[tuple[Path, str]]:
        """(directory, name) of the places that are safe and on the target's mount, the best first."""
        beside, *above = self.target.parents or [self.target]
        candidates = [
            (beside, name_beside(self.target.name, self._now)),
            (self.target, name_inside(self._now)),
            *((place, name_beside(self.target.name, self._now)) for place in above),
        ]
        for place, name in candidates:
            with suppress(OSError), held(open_place(str(place), _ROOT)) as descriptor:
                if _is_usable(descriptor) and _is_on_one_mount(descriptor, target.descriptor):
                    yield place, name

    def _make(self, target: Tree) -> int:
        """A descriptor of the new directory, in the first place to which the target's entries can be renamed."""
        for place, name in self._places(target):
            with held(open_place(str(place), _ROOT)) as around:
                made, descriptor = _make_exclusively(around, name)
                if _can_be_renamed_to(target, descriptor):
                    self.path = place / made
                    return descriptor
                os.close(descriptor)
                os.rmdir(made, dir_fd=around)
        raise self._refusal()


def _is_usable(directory: int) -> bool:
    found = os.fstat(directory)
    is_safe = is_safe_place(found.st_mode, (found.st_uid, found.st_gid), (os.geteuid(), os.getegid()))
    return is_safe and os.access(".", os.W_OK | os.X_OK, dir_fd=directory)


def _is_on_one_mount(one: int, other: int) -> bool:
    return os.fstat(one).st_dev == os.fstat(other).st_dev and mount_of(one) == mount_of(other)


def _make_exclusively(around: int, name: str) -> tuple[str, int]:
    """(its name, its descriptor). Whatever has the first name already, another one is tried that nobody can foresee."""
    made = name
    while True:
        try:
            os.mkdir(made, _PRIVATE, dir_fd=around)
            break
        except FileExistsError:
            made = f"{name}-{uuid.uuid4().hex}"
    descriptor = os.open(made, LISTING, dir_fd=around)
    found = os.fstat(descriptor)
    if found.st_uid != os.geteuid() or os.listdir(descriptor):
        os.close(descriptor)
        raise RestoreFailed("Somebody has replaced the quarantine while it was made; nothing was moved.", "Try again.")
    if stat.S_IMODE(found.st_mode) != _PRIVATE:
        os.chmod(descriptor, _PRIVATE)
    return made, descriptor


def _can_be_renamed_to(target: Tree, quarantine: int) -> bool:
    """Whether a rename leads there: quotas and subvolumes divide what is one mount."""
    probe = beside_name()
    os.mkdir(probe, _PRIVATE, dir_fd=target.descriptor)
    try:
        os.rename(probe, probe, src_dir_fd=target.descriptor, dst_dir_fd=quarantine)
    except OSError as error:
        os.rmdir(probe, dir_fd=target.descriptor)
        if error.errno not in _NOT_HERE:
            raise
        return False
    os.rmdir(probe, dir_fd=quarantine)
    return True
