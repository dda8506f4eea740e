"""Facts around a backup when its report is written: the nights before, the settings, the clock."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.reports.times import Clock
from efs_backup.domain.operations.settings import OrchestratorSettings
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.schedule import next_start


@dataclass(frozen=True)
class Around:
    """The settings and the clock; `newest` is the newest other success, `before` the night before.

    `missed` counts the backups in a row, this one too, that have made no snapshot.
    """

    settings: OrchestratorSettings
    clock: Clock
    newest: BackupRecord | None = None
    before: BackupRecord | None = None
    missed: int = 0
    newest_start: datetime | None = field(default=None)

    @property
    def next_backup(self) -> datetime | None:
        """When the schedule starts the next backup; None where only EventBridge knows."""
        return self._next(self.settings.backup_schedule)

    @property
    def next_drill(self) -> datetime | None:
        """When the schedule starts the next drill; None where there is none, or only EventBridge knows."""
        return self._next(self.settings.drill_schedule) if self.settings.drill_schedule else None

    def _next(self, expression: str) -> datetime | None:
        try:
            return next_start(expression, self.clock.now, self.clock.zone, self.newest_start)
        except WrongUsage:
            return None


def around_of(
    backup: BackupRecord, records: Iterable[BackupRecord], settings: OrchestratorSettings, now: datetime,
    zone: tzinfo = UTC,
) -> Around:  # fmt: skip
    """Gather what is around this backup or drill; `records` are any, also its own."""
    others = [one for one in records if one.backup_id != backup.backup_id and one.is_backup]
    earlier = sorted((one for one in others if one.start_time < backup.start_time), key=_start, reverse=True)
    successes = [one for one in earlier if one.status is BackupStatus.SUCCESS]
    before = next((one for one in earlier if one.number_of_files is not None and one.has_ended), None)
    return Around(
        settings, Clock(now, zone), newest=next(iter(successes), None), before=before,
        missed=_missed(backup, earlier), newest_start=None if backup.is_drill else backup.start_time,
    )  # fmt: skip


def _start(backup: BackupRecord) -> datetime:
    return backup.start_time


def _missed(backup: BackupRecord, earlier: list[BackupRecord]) -> int:
    count = 0
    for one in (backup, *earlier):
        if one.status is BackupStatus.SUCCESS:
            break
        count += one.status is not BackupStatus.RUNNING
    return count
