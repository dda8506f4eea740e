"""Whether SOURCE and BACKUP are what they must be, before anything is touched."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from stat import S_ISDIR

from efs_backup.domain.errors import CopyFailed, SourceUnreadable, WrongUsage
from efs_backup.engine.machine.mount_table import location_of
from efs_backup.engine.machine.os_errors import refusal, source_errors_named
from efs_backup.engine.series.series import Snapshot
from efs_backup.engine.trees.left_out import LeftOut
from efs_backup.engine.trees.tree import Tree

_REMEDY = "Check that the source is mounted and that the path is right."


def check_source(source: str) -> Path:
    """The source's absolute path. Raises SourceUnreadable unless it is a directory that can be listed."""
    path = Path(source).absolute()
    try:
        if not path.is_dir():
            what = "is not a directory" if path.exists() else "does not exist"
            raise SourceUnreadable(f"The source {source!r} {what}.", _REMEDY)
        os.close(os.open(path, os.O_RDONLY | os.O_DIRECTORY))
        os.listdir(path)
    except OSError as error:
        raise SourceUnreadable(f"The source {source!r} cannot be read: {error.strerror}.", _REMEDY) from error
    return path


def check_backup(backup: str) -> Path:
    """The backup's absolute path. Raises CopyFailed unless it is a directory, or can become one."""
    path = Path(backup).absolute()
    if path.is_dir():
        return path
    if path.exists():
        raise CopyFailed(f"The backup {backup!r} is not a directory.")
    if path.is_symlink():
        raise CopyFailed(
            f"The backup {backup!r} is a symlink that leads nowhere.",
            "Check that the backup file system is mounted, or mend the link.",
        )
    if not path.parent.is_dir():
        raise CopyFailed(
            f"The backup {backup!r} does not exist, and neither does the directory above it.",
            "Check that the backup file system is mounted, or make the directory.",
        )
    return path


def check_writable(directory: Path, wanted: Path) -> None:
    """Raises CopyFailed of what is `wanted` where nothing could be made in this directory; nothing is made."""
    refused = 0
    if not directory.is_dir():
        refused = errno.ENOTDIR
    elif os.statvfs(directory).f_flag & os.ST_RDONLY:
        refused = errno.EROFS
    elif not os.access(directory, os.W_OK | os.X_OK, effective_ids=True):
        refused = errno.EACCES
    if refused:
        raise refusal(OSError(refused, os.strerror(refused)), str(wanted))


def refuse_nesting(first: Path, first_name: str, second: Path, second_name: str) -> None:
    """Raises WrongUsage where both are one directory or one is in the other, also through symlinks and bind mounts.

    Where the second is mounted inside the first, that is for the first's walk to find.
    """
    if _is_same(first, second):
        raise WrongUsage(f"{first_name} and {second_name} are the same directory: {str(first)!r}.")
    for inner, inner_name, outer, outer_name in (
        (first, first_name, second, second_name),
        (second, second_name, first, first_name),
    ):
        if any(_is_same(parent, outer) for parent in inner.resolve().parents):
            raise WrongUsage(f"{inner_name} {str(inner)!r} lies inside {outer_name} {str(outer)!r}.")
    shown, whole = location_of(str(first)), location_of(str(second))
    if shown and whole and shown.is_within(whole):
        raise WrongUsage(f"{first_name} {str(first)!r} is a mount of what lies inside {second_name} {str(second)!r}.")


def is_empty(source: Tree, left_out: LeftOut) -> bool:
    """Whether there is nothing at all in a source that is not left out. Raises SourceUnreadable."""
    with source_errors_named(source.root):
        for batch in source.batches("", left_out, lambda _path, _error: None):
            if any(not S_ISDIR(found.st_mode) or not left_out.met(name, found) for name, found in batch):
                return False
    return True


def refuse_sudden_emptiness(source: str, snapshots: Sequence[Snapshot]) -> None:
    """Raises SourceUnreadable where the newest of these snapshots holds anything, for an empty source."""
    if snapshots and any(snapshots[0].path.iterdir()):
        raise SourceUnreadable(
            f"The source {source!r} is empty, but the snapshot {snapshots[0].name} is not.",
            "A file system that is not mounted looks like this. If it is meant to be empty, add --allow-empty.",
        )


def _is_same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)
