"""Records without AWS: one file for each backup, in a directory beside the series."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from efs_backup.domain.backup import BackupStatus
from efs_backup.domain.errors import AlreadyStarted, RecordChanged, RecordFault, RecordGone
from efs_backup.domain.record import Backup, BackupId, change_between
from efs_backup.domain.workflow import newest_success

_SUFFIX = ".json"
_LATEST = "latest"
_LOCK = ".lock"


class RecordDirectory:
    """The BackupStore of one machine. Each write is whole or not there; a lock keeps writers apart.

    Records that have expired are removed when a backup starts.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def start(self, backup: Backup, after: BackupId | None) -> None:
        """See BackupStore."""
        with self._writing():
            if not self._may_start(backup.backup_id):
                raise AlreadyStarted(f"The backup {backup.backup_id} has been started before.")
            if self.latest() != after:
                raise RecordChanged("Another backup was started at the same moment.")
            self._write(backup)
            self._replace(self._path / _LATEST, backup.backup_id)
            self._expire(backup)

    def put(self, backup: Backup) -> None:
        """See BackupStore."""
        with self._writing():
            if self._file(backup.backup_id).exists():
                raise AlreadyStarted(f"The backup {backup.backup_id} has been started before.")
            self._write(backup)

    def get(self, backup_id: BackupId) -> Backup:
        """See BackupStore."""
        try:
            return Backup.from_item(json.loads(self._file(backup_id).read_text()))
        except FileNotFoundError as error:
            raise RecordGone(f"There is no record of the backup {backup_id}.") from error
        except ValueError as error:
            raise RecordFault(f"The record {str(self._file(backup_id))!r} cannot be read: {error}.") from error

    def update(self, before: Backup, after: Backup) -> None:
        """See BackupStore."""
        with self._writing():
            stored = self.get(before.backup_id)
            if stored.status is not before.status:
                raise RecordChanged(
                    f"The backup {before.backup_id} is {stored.status} by now, no more {before.status}."
                )
            change = change_between(before, after)
            kept = {name: value for name, value in stored.to_item().items() if name not in change.drop}
            self._write(Backup.from_item({**kept, **change.put}))

    def latest(self) -> BackupId | None:
        """See BackupStore."""
        try:
            return BackupId((self._path / _LATEST).read_text())
        except FileNotFoundError:
            return None

    def backups(self) -> Iterator[Backup]:
        """See BackupStore. The one written last comes first, for times of start are whole seconds."""
        for file in sorted(self._path.glob(f"*{_SUFFIX}"), key=_written, reverse=True):
            if file.name.startswith("."):
                continue  # a write that was cut off
            try:
                yield self.get(BackupId(file.stem))
            except RecordFault:
                continue  # expired meanwhile, or not readable, which must not hide the others

    def newest_success(self) -> Backup | None:
        """See BackupStore."""
        return newest_success(self.backups())

    def _may_start(self, backup_id: BackupId) -> bool:
        try:
            known = self.get(backup_id)
        except RecordGone:
            return True
        return known.status is BackupStatus.FAILED and known.instance_id is None

    def _expire(self, newest: Backup) -> None:
        for known in list(self.backups()):
            if known.expires < newest.start_time:
                self._file(known.backup_id).unlink(missing_ok=True)

    def _write(self, backup: Backup) -> None:
        self._replace(self._file(backup.backup_id), json.dumps(backup.to_item(), indent=1))

    def _replace(self, file: Path, text: str) -> None:
        unfinished = file.with_name(f".{file.name}")
        unfinished.write_text(text)
        os.replace(unfinished, file)

    def _file(self, backup_id: BackupId) -> Path:
        return self._path / f"{backup_id}{_SUFFIX}"

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._path.mkdir(parents=True, exist_ok=True)
        with open(self._path / _LOCK, "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _written(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return 0  # expired meanwhile
