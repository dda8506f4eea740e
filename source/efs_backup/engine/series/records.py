"""Records without AWS: one file for each backup, in a directory beside the series."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from efs_backup.domain.errors import AlreadyStarted, RecordChanged, RecordFault, RecordGone
from efs_backup.domain.operations.record import RECORD_DAYS, BackupId, BackupRecord, change_between, newest_success
from efs_backup.domain.results import BackupStatus
from efs_backup.engine.series.private_files import PrivateFiles

_SUFFIX = ".json"
_LATEST = "latest"
_ID = re.compile(r"[\w-]+", re.ASCII)
_UNFINISHED = re.compile(r"\..*(\.new|\.json)")
_RECORD_NANOSECONDS = RECORD_DAYS * 24 * 3600 * 10**9


class RecordDirectory:
    """The BackupStore of one machine. Each write is whole or not there; a lock keeps writers apart.

    Records that have expired are removed when a backup starts. A record that cannot be read hides no other, and stops
    nobody: it is left out. What is in the way of a record is set aside, and noted.
    """

    def __init__(self, path: Path, note: Callable[[str], None] = lambda _text: None) -> None:
        self._path = path
        self._files = PrivateFiles(path, note)

    def start(self, backup: BackupRecord, after: BackupId | None) -> None:
        """See BackupStore."""
        with self._files.writing():
            if not self._may_start(backup):
                raise AlreadyStarted(f"The backup {backup.backup_id} has been started before.")
            if self.latest() != after:
                raise RecordChanged("Another backup was started at the same moment.")
            self._write(backup)
            self._files.write(_LATEST, backup.backup_id.encode())
            self._expire(backup)

    def put(self, backup: BackupRecord) -> None:
        """See BackupStore."""
        with self._files.writing():
            if any(name == _file_of(backup.backup_id) for _, name in self._files.names()):
                raise AlreadyStarted(f"The backup {backup.backup_id} has been started before.")
            self._write(backup)

    def put_anew(self, backup: BackupRecord) -> None:
        """Record a backup, whatever is in the place of its record."""
        with self._files.writing():
            self._write(backup)

    def get(self, backup_id: BackupId) -> BackupRecord:
        """See BackupStore. Raises RecordFault where the record cannot be read."""
        file = _file_of(backup_id)
        try:
            backup = BackupRecord.from_item(json.loads(self._files.read(file)))
        except FileNotFoundError as error:
            raise RecordGone(f"There is no record of the backup {backup_id}.") from error
        except (OSError, ValueError, RecursionError, RecordFault) as error:
            why = (getattr(error, "strerror", None) or str(error)).rstrip(".")
            raise RecordFault(f"The record {str(self._path / file)!r} cannot be read: {why}.") from error
        if backup.backup_id != backup_id:
            raise RecordFault(f"The record {str(self._path / file)!r} is of another backup: {backup.backup_id!r}.")
        return backup

    def update(self, before: BackupRecord, after: BackupRecord) -> None:
        """See BackupStore."""
        with self._files.writing():
            stored = self.get(before.backup_id)
            if stored.status is not before.status:
                raise RecordChanged(
                    f"The backup {before.backup_id} is {stored.status} by now, no more {before.status}."
                )
            change, item = change_between(before, after), stored.to_item()
            if any(item.get(name) != value for name, value in change.guards.items()):
                raise RecordChanged(f"The backup {before.backup_id} has just changed.")
            kept = {name: value for name, value in item.items() if name not in change.drop}
            self._write(BackupRecord.from_item({**kept, **change.put}))

    def latest(self) -> BackupId | None:
        """See BackupStore; None also where what says so cannot be read."""
        try:
            text = self._files.read(_LATEST).decode("ascii")
        except (OSError, ValueError):
            return None
        return BackupId(text) if _ID.fullmatch(text) else None

    def backups(self) -> Iterator[BackupRecord]:
        """See BackupStore. The one written last comes first, for times of start are whole seconds."""
        return (found for found in self.readings() if isinstance(found, BackupRecord))

    def readings(self) -> Iterator[BackupRecord | RecordFault]:
        """The same, and in its place why one cannot be read."""
        try:
            names = sorted(self._files.names(), reverse=True)
        except OSError as error:
            yield RecordFault(f"The records in {str(self._path)!r} cannot be read: {error.strerror}.")
            return
        yield from self._readings(names)

    def _readings(self, names: Iterable[tuple[int, str]]) -> Iterator[BackupRecord | RecordFault]:
        for _, name in names:
            if name.endswith(_SUFFIX) and _ID.fullmatch(stem := name.removesuffix(_SUFFIX)):
                yield from self._reading(BackupId(stem))

    def newest_success(self) -> BackupRecord | None:
        """See BackupStore."""
        return newest_success(self.backups())

    def _oldest_first(self) -> Iterator[BackupRecord]:
        return (found for found in self._readings(sorted(self._files.names())) if isinstance(found, BackupRecord))

    def _reading(self, backup_id: BackupId) -> Iterator[BackupRecord | RecordFault]:
        try:
            yield self.get(backup_id)
        except RecordGone:
            return  # expired meanwhile
        except RecordFault as fault:
            yield fault

    def _may_start(self, backup: BackupRecord) -> bool:
        try:
            known = self.get(backup.backup_id)
        except RecordFault:
            return True
        return known.status is BackupStatus.FAILED and known.instance_id in (None, backup.first_instance)

    def _expire(self, newest: BackupRecord) -> None:
        """Remove records that have expired, those that cannot be read at the same age, and writes that were cut off."""
        for known in self._oldest_first():
            if known.expires >= newest.start_time:
                break  # whatever was written later expires later
            self._remove(_file_of(known.backup_id))
        outdated = int(newest.start_time.timestamp()) * 10**9 - _RECORD_NANOSECONDS
        for written, name in self._files.names():
            if written < outdated or _UNFINISHED.fullmatch(name):
                self._remove(name)

    def _remove(self, name: str) -> None:
        with suppress(OSError):
            self._files.remove(name)

    def _write(self, backup: BackupRecord) -> None:
        self._files.write(_file_of(backup.backup_id), json.dumps(backup.to_item(), indent=1).encode())


def _file_of(backup_id: BackupId) -> str:
    return f"{backup_id}{_SUFFIX}"
