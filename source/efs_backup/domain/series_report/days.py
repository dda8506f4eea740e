"""Days: what the backups of a series came to, a day each, from records and from seals."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.seal import Seal

MOST_DAYS = 182
"""Half a year: what a calendar shows at a glance. Records are kept for half of that."""

_A_DAY = timedelta(days=1)
_MOST = 2.0**62
"""No number of bytes, files or seconds is larger; what is was written by nobody of us."""


class Look(StrEnum):
    """The look of a day, the worst last."""

    NONE = "none"
    OTHER = "other"
    SUCCESS = "success"
    INCOMPLETE = "incomplete"
    FAILED = "failed"


_LOOKS = {
    BackupStatus.SUCCESS: Look.SUCCESS,
    BackupStatus.INCOMPLETE: Look.INCOMPLETE,
    BackupStatus.FAILED: Look.FAILED,
    BackupStatus.UNKNOWN: Look.FAILED,
}


@dataclass(frozen=True)
class Night:
    """One backup. seconds, files, size, new: None where that is not known; new: bytes that were copied.

    window: seconds, None for no end. share: of the files before, 0 to 1, that changed or went.
    """

    start: datetime
    status: BackupStatus
    snapshot: str | None = None
    seconds: float | None = None
    files: float | None = None
    size: float | None = None
    new: float | None = None
    window: float | None = None
    share: float | None = None
    message: str = ""


@dataclass(frozen=True)
class Day:
    """All backups that began on one day (UTC). size, files: of the last that says so; seconds: of the longest."""

    date: date
    nights: tuple[Night, ...] = field(default=())

    @property
    def look(self) -> Look:
        """The worst of them."""
        looks = [_LOOKS.get(night.status, Look.OTHER) for night in self.nights]
        return max(looks, key=[*Look].index, default=Look.NONE)

    @property
    def told(self) -> str:
        """Its statuses: `Success`, or `23 Success, 1 Failed`."""
        counts = Counter(str(night.status) for night in self.nights)
        if sum(counts.values()) == 1:
            return next(iter(counts))
        return ", ".join(f"{number} {status}" for status, number in counts.most_common()) or "no backup known"

    @property
    def new(self) -> float | None:
        """The bytes that were copied in all of them."""
        return _sum(night.new for night in self.nights if night.status is BackupStatus.SUCCESS)

    @property
    def seconds(self) -> float | None:
        """How long the longest of them took."""
        return max((night.seconds for night in self.nights if night.seconds is not None), default=None)

    @property
    def window(self) -> float | None:
        """The longest window of them in seconds."""
        return max((night.window for night in self.nights if night.window is not None), default=None)

    @property
    def size(self) -> float | None:
        """The bytes of all files in its last snapshot."""
        return _last(night.size for night in self.nights if night.snapshot)

    @property
    def files(self) -> float | None:
        """The files in its last snapshot."""
        return _last(night.files for night in self.nights if night.snapshot)


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _last(values: Iterable[float | None]) -> float | None:
    return next((value for value in reversed([*values]) if value is not None), None)


def sane(value: Any) -> float | None:
    """A number that something can be drawn of; None of anything else, whoever has stored it."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value < _MOST else None


def nights_of(
    records: Iterable[BackupRecord], seals: Mapping[str, Seal], window_seconds: float | None, now: datetime
) -> list[Night]:
    """All backups that are known, the oldest first: those on record, and snapshots that were sealed before that.

    window_seconds: the window where a record says none. What is later than tomorrow was written by a broken clock, and
    would be the last for ever.
    """
    found = [_of_record(record, window_seconds) for record in records if record.is_backup]
    known = {night.snapshot for night in found}
    found += [night for name, seal in seals.items() if name not in known and (night := _of_seal(name, seal))]
    return sorted((night for night in found if night.start <= now + _A_DAY), key=lambda night: night.start)


def _of_record(record: BackupRecord, window_seconds: float | None) -> Night:
    window = record.window_minutes * 60 or window_seconds
    return Night(
        record.start_time, record.status, record.snapshot, sane(record.seconds), sane(record.number_of_files),
        sane(record.total_file_size), sane(record.total_transferred_file_size), sane(window) or None,
        sane(record.changed_share), record.message or "",
    )  # fmt: skip


def _of_seal(name: str, seal: Seal) -> Night | None:
    """A snapshot of which no record is left."""
    parsed, manifest = SnapshotName.parse(name), seal.manifest
    if parsed is None:
        return None
    return Night(
        parsed.time, BackupStatus.SUCCESS, name, files=sane(manifest.files) if manifest else None,
        size=sane(manifest.size) if manifest else None,
    )  # fmt: skip


def days_of(nights: Iterable[Night], now: datetime) -> list[Day]:
    """Each day from the first that is known, half a year at most, up to today; those without a backup, too."""
    today = now.date()
    first = today - timedelta(days=MOST_DAYS - 1)
    by_day: dict[date, list[Night]] = {}
    for night in nights:
        if first <= night.start.date() <= today:
            by_day.setdefault(night.start.date(), []).append(night)
    begin = min(by_day, default=today)
    dates = (begin + timedelta(days=number) for number in range((today - begin).days + 1))
    return [Day(one, tuple(by_day.get(one, ()))) for one in dates]
