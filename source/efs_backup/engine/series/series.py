"""A series on the backup file system: its snapshots, partials, trash and the numbered links beside it.

Whatever is named like one of them and is no real directory (a symlink above all) is not one of them.
"""

import errno
import os
import stat
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from efs_backup.copy_worker.beneath import PASSING, open_below, open_place
from efs_backup.copy_worker.error_numbers import NO_SPACE
from efs_backup.copy_worker.trash import move_aside
from efs_backup.domain.errors import BackupFull, CopyFailed
from efs_backup.domain.snapshots.adoption import plan_adoption
from efs_backup.domain.snapshots.deletion import Undeleted
from efs_backup.domain.snapshots.names import (
    HOLD_NAME,
    LOCK_NAME,
    MANIFESTS_NAME,
    PARTIAL_PREFIX,
    PINS_NAME,
    READERS_NAME,
    RECORDS_NAME,
    RESTORES_NAME,
    SHARES_NAME,
    SPARE_PREFIX,
    TRASH_NAME,
    UNFINISHED_NAME,
    FolderLabel,
    Interval,
    SnapshotName,
    backup_number,
    number_links,
)
from efs_backup.domain.snapshots.pruning import VIEWS
from efs_backup.engine.machine.mounts import mounts_below
from efs_backup.engine.machine.os_errors import refusals_named
from efs_backup.engine.series.private_files import flush_directory
from efs_backup.engine.trees.delete import delete_content
from efs_backup.engine.trees.held import held

_NO_HARD_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})
_PRIVATE = 0o700
_OURS = frozenset(
    {
        TRASH_NAME,
        LOCK_NAME,
        READERS_NAME,
        RECORDS_NAME,
        UNFINISHED_NAME,
        MANIFESTS_NAME,
        PINS_NAME,
        SHARES_NAME,
        RESTORES_NAME,
    }
)
_NO_VIEWS: Mapping[str, str] = {}
LINK_TEST = ".link-test-"
_FLUSH_MARK = ".flushed-"
_SILLY_RENAME = ".nfs"
"""The prefix that an NFS client gives a file that is deleted while somebody has it open."""
_OUR_PREFIXES = (LINK_TEST, _FLUSH_MARK, _SILLY_RENAME, HOLD_NAME)
_LATEST = datetime(9000, 1, 1, tzinfo=UTC).timestamp()


@dataclass(frozen=True)
class Snapshot:
    """A snapshot and where it lies."""

    name: SnapshotName
    path: Path


class Series:
    """The directory of one label and interval: `BACKUP/label/interval`; `now` is the time of this command, aware."""

    def __init__(self, backup: Path, label: FolderLabel, interval: Interval, now: datetime) -> None:
        self.now = now
        self.label = label
        self.interval = interval
        self.label_path = backup / str(label)
        self.path = self.label_path / str(interval)

    @property
    def directories(self) -> tuple[Path, Path, Path]:
        """BACKUP itself, the directory of the label in it, and that of the series."""
        return (self.label_path.parent, self.label_path, self.path)

    @property
    def exists(self) -> bool:
        """Whether this series has a directory, ours or the old solution's."""
        return self.path.is_dir() or bool(self._old_numbers())

    def prepare(self) -> None:
        """Make the directories of the series; a full disk may lack the trash. Raises BackupFull or CopyFailed."""
        self.refuse_symlinks()
        with refusals_named(str(self.path)):
            for directory in (self.label_path, self.path):
                directory.mkdir(_PRIVATE, exist_ok=True)
            self._make_trash()

    def refuse_symlinks(self) -> None:
        """Raises CopyFailed where the label's or the series' directory is a symlink: pruning would lead elsewhere."""
        for path in (self.label_path, self.path):
            if path.is_symlink():
                raise CopyFailed(
                    f"{str(path)!r} is a symlink; nothing is written or deleted through it.",
                    f"Move what it leads to ({os.readlink(path)!r}) to its place, mount it there, or give the directory"
                    " that it lies in as BACKUP.",
                )

    def _make_trash(self) -> None:
        """Make the trash; what is in its place and is no directory is put aside under a name that nobody deletes."""
        trash = self.path / TRASH_NAME
        if os.path.lexists(trash) and not _is_directory(trash):
            trash.rename(trash.with_name(f"set-aside-{uuid.uuid4().hex}"))
        try:
            trash.mkdir(_PRIVATE, exist_ok=True)
        except OSError as error:
            if error.errno not in NO_SPACE:
                raise

    def check_hard_links(self) -> None:
        """Try a hard link, for without them each snapshot would be a full copy. Raises BackupFull or CopyFailed.

        Where there is a spare, links were made before, and few of them are needed. A partial that has filled the disk
        must be gone through first, for what is stale in it to make room.
        """
        if self.spares() or self.partials():
            return
        original = self.path / f"{LINK_TEST}{uuid.uuid4().hex}"
        second = original.with_suffix(".2")
        with refusals_named(str(self.path)):
            original.touch()
            try:
                os.link(original, second)
            except OSError as error:
                if error.errno not in _NO_HARD_LINKS:
                    raise
                raise CopyFailed(
                    f"The backup file system at {str(self.path)!r} has no hard links: {error.strerror}.",
                    "Choose a file system with hard links (EFS, ext4, xfs); every snapshot would be a full copy.",
                ) from error
            finally:
                original.unlink()
                second.unlink(missing_ok=True)

    def snapshots(self) -> list[Snapshot]:
        """All snapshots, newest first; also the old solution's directories, which are not renamed yet.

        Each is a real directory; a symlink that is named like a snapshot is none.
        """
        named = [Snapshot(name, self.path / str(name)) for name in self._names("")]
        return sorted([*named, *self.unadopted()], key=lambda snapshot: snapshot.name, reverse=True)

    def partials(self) -> list[Snapshot]:
        """Left-over partials, newest first."""
        names = sorted(self._names(PARTIAL_PREFIX), reverse=True)
        return [Snapshot(name, self.partial_path(name)) for name in names]

    def spares(self) -> list[Snapshot]:
        """Trees that are named like a spare, newest first; see `efs_backup.engine.series.spare`."""
        names = sorted(self._names(SPARE_PREFIX), reverse=True)
        return [Snapshot(name, self.path / f"{SPARE_PREFIX}{name}") for name in names]

    @property
    def trash(self) -> Path:
        """The directory of what is to be deleted."""
        return self.path / TRASH_NAME

    def foreign(self) -> list[str]:
        """The names in the series' directory that are nothing of ours, in order; nobody touches them."""
        with os.scandir(self.path) as entries:
            found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        return sorted(name for name, is_directory in found if not _is_ours(name, is_directory=is_directory))

    def unadopted(self) -> list[Snapshot]:
        """The old solution's directories `daily.N`, with the names that they will get."""
        numbers = self._old_numbers()
        mtimes = {number: _mtime(path) for number, path in numbers.items()}
        names = plan_adoption(mtimes, list(self._names("")), self.now) if mtimes else {}
        return [Snapshot(name, numbers[number]) for number, name in names.items()]

    def adopt(self, note: Callable[[str], None] = lambda _text: None) -> list[Snapshot]:
        """Rename the old solution's directories into this series, the newest first.

        One that cannot be renamed, for it is a mount point for example, stays and is noted.
        """
        adopted = []
        for old in self.unadopted():
            new = Snapshot(old.name, self.path / str(old.name))
            try:
                old.path.rename(new.path)
            except OSError as error:
                note(f"{str(old.path)!r} of the old layout cannot be adopted and is left alone: {error.strerror}.")
            else:
                adopted.append(new)
        return adopted

    def free_name(self, wanted: SnapshotName) -> SnapshotName:
        """The wanted name, or the next one that nothing in the series has: something foreign may be named so."""
        while any(os.path.lexists(self.path / f"{prefix}{wanted}") for prefix in ("", PARTIAL_PREFIX)):
            wanted = SnapshotName.following([wanted], wanted.time)
        return wanted

    def create_partial(self, name: SnapshotName) -> Path:
        """An empty partial. Raises BackupFull or CopyFailed."""
        path = self.partial_path(name)
        with refusals_named(str(path)):
            path.mkdir(_PRIVATE)
        return path

    def publish(self, name: SnapshotName) -> Snapshot:
        """Make a finished partial a snapshot: one rename, made durable."""
        snapshot = Snapshot(name, self.path / str(name))
        with refusals_named(str(snapshot.path)):
            self.partial_path(name).rename(snapshot.path)
            flush_directory(self.path)
        return snapshot

    def discard(self, tree: Path) -> Undeleted | None:
        """Rename a snapshot or partial to the trash; why it stays where it cannot be.

        One with a mount point inside stays as it is. On a disk so full that the trash cannot take another name, the
        tree itself becomes the trash once that is empty.
        """
        if mounted := mounts_below(str(tree)):
            return Undeleted(os.path.join(tree, mounted[0]).rstrip("/"), errno.EBUSY, os.strerror(errno.EBUSY))
        try:
            self._rename_to_trash(tree)
        except OSError as error:
            if error.errno not in NO_SPACE:
                return Undeleted.by(error, str(tree))
            return self._make_it_the_trash(tree)
        return None

    def _rename_to_trash(self, tree: Path) -> None:
        self._make_trash()
        with _opened(tree.parent) as around, _opened(self.path) as series:
            name = tree.name.removeprefix(".")
            if name in os.listdir(self.path / TRASH_NAME):
                name = f"{name}-{uuid.uuid4().hex}"
            with held(open_below(series, TRASH_NAME, PASSING, within_mount=True)) as trash:
                move_aside(around, tree.name, trash, name)

    def _make_it_the_trash(self, tree: Path) -> Undeleted | None:
        """Renaming within one directory needs no space."""
        delete_content(self.path, TRASH_NAME)
        try:
            with _opened(tree.parent) as around, _opened(self.path) as series:
                if TRASH_NAME in os.listdir(self.path):
                    os.rmdir(TRASH_NAME, dir_fd=series)
                os.rename(tree.name, TRASH_NAME, src_dir_fd=around, dst_dir_fd=series)
                with held(open_below(series, TRASH_NAME, PASSING)) as trash:
                    os.chmod(f"/proc/self/fd/{trash}", _PRIVATE)
        except OSError as error:
            return Undeleted.by(error, str(tree))
        return None

    def refresh_number_links(self, views: Mapping[str, str] = _NO_VIEWS) -> bool:
        """Let `daily.0` and its brothers beside the series point to the snapshots of now; and so the views.

        views: links such as `weekly.0` by which people browse what the rules keep, and where they lead. There are none
        of a name that another series of the label has. False where a full disk has no room for one of them: it is made
        another time.
        """
        wanted = {**self._free_views(views), **number_links(self.interval, self._names(""))}
        try:
            with refusals_named(str(self.label_path)):
                for name in listed(self.label_path):
                    if name not in wanted and self._is_own_link(name):
                        (self.label_path / name).unlink()
                for name, target in wanted.items():
                    _point(self.label_path / name, target)
        except BackupFull:
            return False
        return True

    def views(self) -> dict[str, SnapshotName]:
        """The views that are there, such as `weekly.0`, and the snapshots of this series to which they lead."""
        found = dict[str, SnapshotName]()
        for name in listed(self.label_path):
            if name.partition(".")[0] in VIEWS and self._is_own_link(name):
                snapshot = SnapshotName.parse(os.readlink(self.label_path / name).rpartition("/")[2])
                found |= {name: snapshot} if snapshot else {}
        return found

    def _free_views(self, views: Mapping[str, str]) -> dict[str, str]:
        """Those that are no other series' names: not its directories', and not its own views that lead somewhere."""
        real = {name.partition(".")[0] for name in _directories(self.label_path)} if views else set()
        return {
            name: target
            for name, target in views.items()
            if name.partition(".")[0] not in real and not self._leads_elsewhere(self.label_path / name)
        }

    def _leads_elsewhere(self, link: Path) -> bool:
        return link.is_symlink() and not os.readlink(link).startswith(f"{self.interval}/") and link.exists()

    def _is_own_link(self, name: str) -> bool:
        """Whether it is a link that this series has made: by its number, or a view that leads into this series."""
        path = self.label_path / name
        rule, _, number = name.partition(".")
        if not path.is_symlink() or "." in number or backup_number(self.interval, number) is None:
            return False
        return rule == self.interval or (rule in VIEWS and os.readlink(path).startswith(f"{self.interval}/"))

    def partial_path(self, name: SnapshotName) -> Path:
        """Where the partial of this name lies."""
        return self.path / f"{PARTIAL_PREFIX}{name}"

    def _names(self, prefix: str) -> Iterable[SnapshotName]:
        for text in _directories(self.path):
            name = SnapshotName.parse(text.removeprefix(prefix)) if text.startswith(prefix) else None
            if name:
                yield name

    def _old_numbers(self) -> dict[int, Path]:
        found = {}
        for name in _directories(self.label_path):
            number = backup_number(self.interval, name) if name.startswith(f"{self.interval}.") else None
            if number is not None:
                found[number] = self.label_path / name
        return found


def _opened(path: Path) -> AbstractContextManager[int]:
    return held(open_place(str(path), PASSING))


def _is_ours(name: str, *, is_directory: bool) -> bool:
    if is_directory and SnapshotName.parse(name.removeprefix(PARTIAL_PREFIX).removeprefix(SPARE_PREFIX)):
        return True
    return name in _OURS or name.startswith(_OUR_PREFIXES) or is_mark_of_spare(name)


def is_mark_of_spare(name: str) -> bool:
    """Whether this is how the mark of a spare is called, or one that is not whole yet."""
    stem, _, ending = name.removeprefix(SPARE_PREFIX).rpartition(".")
    return name.startswith(SPARE_PREFIX) and ending in {"json", "new"} and SnapshotName.parse(stem) is not None


def _is_directory(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _directories(path: Path) -> list[str]:
    """The names of the real directories in a directory."""
    try:
        with os.scandir(path) as entries:
            return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def listed(path: Path) -> list[str]:
    """The names in a directory; none where there is none."""
    try:
        return os.listdir(path)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _mtime(path: Path) -> datetime:
    return datetime.fromtimestamp(min(max(path.stat().st_mtime, 0), _LATEST), UTC)


def _point(link: Path, target: str) -> None:
    """Set a symlink, by a rename; what is right already, or is no link of ours, stays."""
    found = os.readlink(link) if link.is_symlink() else None
    if found == target or (link.exists() and not stat.S_ISLNK(link.lstat().st_mode)):
        return
    beside = link.with_name(f".{link.name}-{uuid.uuid4().hex}")
    beside.symlink_to(target)
    beside.rename(link)
