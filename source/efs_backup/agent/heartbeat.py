"""While a backup runs: how far it is, written into its record and into the log."""

import logging
from dataclasses import replace

from efs_backup.agent.services import BackupServices
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.errors import RecordChanged, RecordGone
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.sharing.workers import LEADS, WorkerSign
from efs_backup.engine.machine.repeating import Repeating
from efs_backup.engine.machine.stop import Stop

_logger = logging.getLogger(__name__)


class Heartbeat(Repeating):
    """The watcher of a backup; writes its phase and figures each minute while it is entered.

    Where the record says that the backup has ended (somebody gave it up), or that another instance leads it, it is
    asked to stop.
    """

    def __init__(
        self, services: BackupServices, backup: BackupRecord, stop: Stop, seconds: float | None = None
    ) -> None:  # fmt: skip
        self._services = services
        self._backup = backup
        self._stop = stop
        self._phase = "mount"
        self._done = CopyStatistics()
        super().__init__(self._beat, services.machine.pace.total_seconds() if seconds is None else seconds, "heartbeat")

    def step(self, name: str) -> None:
        """A step begins."""
        self._phase = name
        _logger.info("Step: %s", name)

    def expect(self, files: int, size: int) -> None:
        """Tell the log how many files and bytes there are to be looked at."""
        _logger.info("%s files and %s bytes to look at", files, size)

    def progress(self, done: CopyStatistics) -> None:
        """Remember what is done, for the next sign of life."""
        self._done = done

    def note(self, text: str) -> None:
        """Something to know."""
        _logger.info(text)

    def _beat(self) -> None:
        try:
            self._say()
        except Exception:  # a record that cannot be written now is no reason to lose the backup
            _logger.exception("The heartbeat could not be written")

    def _say(self) -> None:
        alive = replace(
            self._backup,
            phase=self._phase,
            heartbeat_time=self._services.machine.clock(),
            number_of_files=self._done.number_of_files,
            number_of_files_transferred=self._done.number_of_files_transferred,
            total_file_size=self._done.total_file_size,
            total_transferred_file_size=self._done.total_transferred_file_size,
        )
        _logger.info("%s: %s files, %s bytes", self._phase, self._done.number_of_files, self._done.total_file_size)
        try:
            self._services.store.update(self._backup, alive)
            if self._backup.is_shared and self._services.fleet:
                own = self._services.machine.instance_id
                sign = WorkerSign(self._services.machine.clock(), LEADS, self._done.number_of_files)
                self._services.fleet.signs.say(self._backup.backup_id, own, sign)
        except RecordChanged as changed:
            self._stop.ask(f"its record was closed: {changed.message}")
        except RecordGone:
            _logger.warning("The record is gone; the backup goes on")
