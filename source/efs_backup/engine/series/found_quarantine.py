"""A quarantine that somebody names, or the newest one of a target."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from efs_backup.copy_worker.beneath import LISTING, open_place
from efs_backup.domain.copying.quarantine import is_quarantine_of, target_of
from efs_backup.domain.copying.restore_journal import Head
from efs_backup.domain.errors import NothingThere, RestoreFailed
from efs_backup.engine.series.restore_journal import has_journal, read_head
from efs_backup.engine.trees.held import held

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True)
class FoundQuarantine:
    """An open quarantine. head: of its journal, None where it has none, as one of an earlier version."""

    path: Path
    descriptor: int
    head: Head | None

    @property
    def target(self) -> str | None:
        """The target that it is of; None where nobody knows. Another mount of it may have another path by now."""
        by_name = target_of(str(self.path))
        if self.head is None or (by_name and _inode_of(by_name) == self.head.inode):
            return by_name
        return self.head.target


@contextmanager
def opened_quarantine(place: str) -> Iterator[FoundQuarantine]:
    """The quarantine that is meant. Raises NothingThere where there is none, and RestoreFailed where it is not ours."""
    path = Path(os.path.realpath(place))
    if not path.is_dir():
        raise NothingThere(f"{place!r} is no directory.")
    found = path if _is_quarantine(path) else _newest_of(path)
    with held(open_place(str(found), LISTING)) as descriptor:
        attributes = os.fstat(descriptor)
        if attributes.st_uid != os.geteuid() or attributes.st_mode & _OTHERS_WRITE:
            raise RestoreFailed(
                f"The quarantine {str(found)!r} belongs to somebody else, or others can write to it: what is in it may"
                " not be what a restore has put there; nothing was touched.",
                f"Undo it as the user who restored (its owner is {attributes.st_uid}).",
            )
        yield FoundQuarantine(found, descriptor, read_head(descriptor))


def _is_quarantine(path: Path) -> bool:
    if target_of(str(path)) is not None:
        return True
    with suppress(OSError), held(open_place(str(path), LISTING)) as descriptor:
        return has_journal(descriptor)
    return False


def _newest_of(target: Path) -> Path:
    """The newest quarantine of a target, undone or not: who undoes twice undoes one restore. Raises NothingThere."""
    found = sorted(_quarantines_of(target))
    if not found:
        raise NothingThere(
            f"Nothing is known of a restore into {str(target)!r} that could be undone.",
            "Give the quarantine, if it was moved. An overlay has one only with --keep-replaced.",
        )
    return found[-1][1]


def _quarantines_of(target: Path) -> Iterator[tuple[str, Path]]:
    """(when the restore began, the quarantine) of those that are ours and have a journal."""
    for place in (target, *target.parents):
        with suppress(OSError):
            for name in os.listdir(place):
                if is_quarantine_of(name, target.name):
                    yield from _of(target, place / name)


def _of(target: Path, path: Path) -> Iterator[tuple[str, Path]]:
    with suppress(OSError, RestoreFailed), held(os.open(path, LISTING)) as descriptor:
        head = read_head(descriptor) if os.fstat(descriptor).st_uid == os.geteuid() else None
        if head and (head.target == str(target) or head.inode == _inode_of(str(target))):
            yield head.begun.isoformat(), path


def _inode_of(path: str) -> int | None:
    try:
        return os.stat(path).st_ino
    except OSError:
        return None
