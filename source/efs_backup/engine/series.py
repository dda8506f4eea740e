"""A series on the backup file system: its snapshots, partials, trash and the numbered links beside it."""

import errno
import os
import stat
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from efs_backup.domain.errors import CopyFailed
from efs_backup.domain.snapshots import (
    PARTIAL_PREFIX,
    TRASH_NAME,
    FolderLabel,
    Interval,
    SnapshotName,
    backup_number,
    number_links,
    plan_adoption,
)
from efs_backup.engine.refusals import refusals_named

_NO_HARD_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})
_PRIVATE = 0o700
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
        """Make the directories of the series. Raises BackupFull or CopyFailed."""
        with refusals_named(str(self.path)):
            for directory in (self.label_path, self.path, self.path / TRASH_NAME):
                directory.mkdir(_PRIVATE, exist_ok=True)

    def check_hard_links(self) -> None:
        """Try a hard link, for without them each snapshot would be a full copy. Raises BackupFull or CopyFailed."""
        original = self.path / f".link-test-{uuid.uuid4().hex}"
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
        """All snapshots, newest first; also the old solution's directories, which are not renamed yet."""
        named = [Snapshot(name, self.path / str(name)) for name in self._names("")]
        return sorted([*named, *self.unadopted()], key=lambda snapshot: snapshot.name, reverse=True)

    def partials(self) -> list[Snapshot]:
        """Left-over partials, newest first."""
        names = sorted(self._names(PARTIAL_PREFIX), reverse=True)
        return [Snapshot(name, self._partial_path(name)) for name in names]

    def trash(self) -> list[Path]:
        """Trees that wait to be deleted."""
        return [self.path / TRASH_NAME / name for name in _listed(self.path / TRASH_NAME)]

    def unadopted(self) -> list[Snapshot]:
        """The old solution's directories `daily.N`, with the names that they will get."""
        numbers = self._old_numbers()
        mtimes = {number: _mtime(path) for number, path in numbers.items()}
        names = plan_adoption(mtimes, list(self._names("")), self.now) if mtimes else {}
        return [Snapshot(name, numbers[number]) for number, name in names.items()]

    def adopt(self) -> list[Snapshot]:
        """Rename the old solution's directories into this series, the newest first."""
        with refusals_named(str(self.path)):
            return [self._adopt(old) for old in self.unadopted()]

    def _adopt(self, old: Snapshot) -> Snapshot:
        adopted = Snapshot(old.name, self.path / str(old.name))
        old.path.rename(adopted.path)
        return adopted

    def create_partial(self, name: SnapshotName) -> Path:
        """An empty partial. Raises BackupFull or CopyFailed."""
        path = self._partial_path(name)
        with refusals_named(str(path)):
            path.mkdir(_PRIVATE)
        return path

    def publish(self, name: SnapshotName) -> Snapshot:
        """Make a finished partial a snapshot: one rename, made durable."""
        snapshot = Snapshot(name, self.path / str(name))
        with refusals_named(str(snapshot.path)):
            self._partial_path(name).rename(snapshot.path)
            _flush_directory(self.path)
        return snapshot

    def discard(self, tree: Path) -> Path:
        """Rename a snapshot or partial to the trash."""
        place = self.path / TRASH_NAME / tree.name.removeprefix(".")
        if place.exists():
            place = place.with_name(f"{place.name}-{uuid.uuid4().hex}")
        with refusals_named(str(tree)):
            place.parent.mkdir(_PRIVATE, exist_ok=True)
            tree.rename(place)
        return place

    def refresh_number_links(self) -> None:
        """Let `daily.0` and its brothers beside the series point to the snapshots of now."""
        wanted = number_links(self.interval, self._names(""))
        with refusals_named(str(self.label_path)):
            for name in _listed(self.label_path):
                path = self.label_path / name
                if backup_number(self.interval, name) is not None and name not in wanted and path.is_symlink():
                    path.unlink()
            for name, target in wanted.items():
                _point(self.label_path / name, target)

    def _partial_path(self, name: SnapshotName) -> Path:
        return self.path / f"{PARTIAL_PREFIX}{name}"

    def _names(self, prefix: str) -> Iterable[SnapshotName]:
        for text in _listed(self.path):
            name = SnapshotName.parse(text.removeprefix(prefix)) if text.startswith(prefix) else None
            if name:
                yield name

    def _old_numbers(self) -> dict[int, Path]:
        found = {}
        for name in _listed(self.label_path):
            number = backup_number(self.interval, name) if name.startswith(f"{self.interval}.") else None
            path = self.label_path / name
            if number is not None and path.is_dir() and not path.is_symlink():
                found[number] = path
        return found


def _listed(path: Path) -> list[str]:
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


def _flush_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def find_series(backup: Path, label: FolderLabel | None, interval: Interval | None, now: datetime) -> list[Series]:
    """The series that exist in a backup, of one label or interval if given, in order of their names."""
    labels = [label] if label else [FolderLabel(name) for name in sorted(_listed(backup)) if not name.startswith(".")]
    intervals = [interval] if interval else list(Interval)
    series = (Series(backup, each, kind, now) for each in labels for kind in intervals)
    return [found for found in series if found.exists]
