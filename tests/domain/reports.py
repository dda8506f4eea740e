"""Series reports for tests: half a year of nights, with names that mean harm."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.record import BackupRecord, backup_id_of
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.series_report.days import nights_of
from efs_backup.domain.series_report.facts import (
    BusyDirectory,
    Drill,
    Kept,
    ScrubCoverage,
    SeriesReport,
    foretold,
)
from efs_backup.domain.snapshots.names import Interval, SnapshotName
from efs_backup.domain.snapshots.scrubbing import Damage

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script> \" ' & \n\t\x1b[31m \udcff\u202e --></style><img src=x onerror=alert(2)>"


def records(nights: int = 90) -> list[BackupRecord]:
    """Records of so many nights up to the last one: most succeeded, some did not, a week has none."""
    drawn = random.Random(7)  # noqa: S311 - the same pictures each time
    return [_record(drawn, nights - number) for number in range(nights) if not 40 <= number < 47]


def _record(drawn: random.Random, ago: int) -> BackupRecord:
    start = NOW.replace(hour=2) - timedelta(days=ago - 1)
    new = int(2e9 * drawn.lognormvariate(0, 1))
    status = {17: BackupStatus.FAILED, 31: BackupStatus.INCOMPLETE}.get(ago, BackupStatus.SUCCESS)
    is_good = status is BackupStatus.SUCCESS
    return BackupRecord(
        backup_id=backup_id_of(str(ago)), status=status, start_time=start, window_minutes=120,
        interval=Interval.DAILY, retention=30, expires=start + timedelta(days=90),
        stop_time=start + timedelta(minutes=70 - ago / 3 + drawn.random() * 12),
        snapshot=str(SnapshotName.of(start)) if is_good else None,
        number_of_files=1_200_000 - 900 * ago if is_good else None,
        total_file_size=int(4.2e11 - 1.3e9 * ago) if is_good else None,
        total_transferred_file_size=new, message="Snapshot made." if is_good else f"It {status}: {HOSTILE}",
        failure_reason=None if is_good else FailureReason.COPY_FAILED,
    )  # fmt: skip


def report(known: Sequence[BackupRecord] | None = None) -> SeriesReport:
    """A report of these nights in which all is well."""
    found = records() if known is None else known
    forecast, line = foretold(found, Interval.DAILY, NOW, 7200.0)
    nights = nights_of(found, {}, None, NOW)
    made = [night.snapshot for night in nights if night.snapshot]
    return SeriesReport(
        "home", Interval.DAILY, NOW, "efs-backup", nights, len(made), made[0] if made else "", forecast, line,
        scrub=ScrubCoverage(90, 0),
        busiest=[BusyDirectory("alice/mail", 91_212, 31_000_000_000, 28), BusyDirectory(".", 12, 0, 2)], looked_at=28,
        drills=[Drill(NOW - timedelta(days=5), "passed", 1_901, 0, 5_400.0, "s3://bucket/drill.html")],
    )  # fmt: skip


def hostile() -> SeriesReport:
    """A report in which everything is wrong, and every text means harm."""
    damage = Damage(7, HOSTILE, ("20261122T020000Z",) * 5, "0" * 64, "1" * 64, 5, NOW, HOSTILE)
    return replace(
        report(), label=HOSTILE, holds=[HOSTILE], kept=[Kept("20261122T020000Z", HOSTILE, HOSTILE)], damaged=[damage],
        drills=[Drill(NOW, HOSTILE, 1, 1, 1e9, HOSTILE)], busiest=[BusyDirectory(HOSTILE, 1, 1, 1)] * 3,
        lacks=[HOSTILE], scrub=ScrubCoverage(90, 200),
    )  # fmt: skip
