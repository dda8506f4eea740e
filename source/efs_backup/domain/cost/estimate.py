"""Estimate: what a series will cost, night by night and by the month, and AWS Backup for the same data beside it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from efs_backup.domain.cost.keeping import changed_within
from efs_backup.domain.cost.metering import GIB
from efs_backup.domain.cost.nights import (
    Habits,
    Night,
    first_night,
    linked_night,
    manifest_bytes,
    steady_night,
    without_changes,
)
from efs_backup.domain.cost.prices import Prices
from efs_backup.domain.cost.tree_figures import TreeFigures
from efs_backup.domain.forecast import RECORDS_READ

MONTH_DAYS = 30

DAYS_TO_COLD, DAYS_TO_ARCHIVE = 7, 90
"""Days without a read after which the stack moves a file (`TransitionToIA`, `TransitionToArchive`)."""

_SECONDS_OF_FILE = {"first": 315e-6, "linked": 125e-6, "steady": 35e-6}
"""Of 200,000 files on simulated EFS with two processors (docs/performance.md)."""

_FIXED_SECONDS = 1.0
_BYTES_A_SECOND = 150e6
"""Of large contents: what a c6i.xlarge reads and writes at a time for hours, judged and not measured."""

_AROUND_SECONDS = 300.0
"""Of an instance, before the backup begins and after it has ended: boot, packages, report, farewell; judged."""


class StorageClass(StrEnum):
    """How the backup file system keeps what nobody has read for some time."""

    STANDARD = "Standard"
    INFREQUENT_ACCESS = "Infrequent Access"
    ARCHIVE = "Archive"


@dataclass(frozen=True)
class NightCost:
    """One backup: what it asks, what that costs, and how long it takes. seconds: without the instance's boot."""

    name: str
    night: Night
    read: float
    written: float
    instance: float
    seconds: float

    @property
    def total(self) -> float:
        """All of it together."""
        return self.read + self.written + self.instance


@dataclass(frozen=True)
class StorageCost:
    """A month of what a full series holds, in one manner of storing. gigabytes: as they are billed, of 2**30 bytes.

    storage: by the month. moving: what moves to a cheaper class in that month; moving_once: when all of it moves first.
    reading: beyond Standard, for the scrub in a month.
    """

    storage_class: StorageClass
    gigabytes: float
    storage: float
    moving: float = 0.0
    moving_once: float = 0.0
    reading: float = 0.0

    @property
    def total(self) -> float:
        """The sum of a month's charges."""
        return self.storage + self.moving + self.reading


@dataclass(frozen=True)
class AwsBackupCost:
    """AWS Backup with as many recovery points: a month of warm storage, and one restore of everything."""

    gigabytes: float
    storage: float
    restore: float


@dataclass(frozen=True)
class Estimate:
    """The cost of a series of this tree, by these habits and prices. days: of the period that begins with nothing.

    seconds: what a backup takes, if past nights say it; else it follows from the number of files.
    """

    tree: TreeFigures
    habits: Habits
    prices: Prices
    days: float = MONTH_DAYS
    seconds: float | None = None

    @cached_property
    def first(self) -> NightCost:
        """The first backup."""
        return self._cost("first backup", first_night(self.tree, self.habits), "first")

    @cached_property
    def linked(self) -> NightCost:
        """A backup before the series is full."""
        habits = replace(self.habits, records=self.habits.keeping.retained / 2)
        return self._cost("before the first spare", linked_night(self.tree, habits), "linked")

    @cached_property
    def steady(self) -> NightCost:
        """A backup of a full series."""
        return self._cost("once the series is full", steady_night(self.tree, self._recorded), "steady")

    @cached_property
    def quiet(self) -> NightCost:
        """A backup of a full series in which nothing has changed for as long as it reaches back."""
        return self._cost("a night without changes", steady_night(self.tree, without_changes(self._recorded)), "steady")

    @property
    def _recorded(self) -> Habits:
        """The same with the records that there are at the end of the period."""
        return replace(self.habits, records=min(RECORDS_READ, self.days * self.habits.backups_a_day))

    @property
    def kinds(self) -> tuple[NightCost, ...]:
        """One backup of each kind."""
        return (self.first, self.linked, self.steady, self.quiet)

    def nights(self) -> dict[str, float]:
        """How many backups of each kind the first `days` have."""
        every = max(1.0, self.days * self.habits.backups_a_day)
        linked = min(every - 1, float(self.habits.keeping.spare))
        return {self.first.name: 1, self.linked.name: linked, self.steady.name: every - 1 - linked}

    @property
    def period(self) -> float:
        """The cost of the backups of the first `days`, without storage."""
        known = {one.name: one.total for one in self.kinds}
        return sum(number * known[name] for name, number in self.nights().items())

    @property
    def month(self) -> float:
        """The cost of a month's backups once the series is full, without storage."""
        return MONTH_DAYS * self.habits.backups_a_day * self.steady.total

    def storage(self) -> Iterator[StorageCost]:
        """Each manner of storing, as far as it can be reached."""
        yield self._standard()
        yield self._cold(StorageClass.INFREQUENT_ACCESS)
        if self.reaches_archive:
            yield self._cold(StorageClass.ARCHIVE)

    @property
    def reaches_archive(self) -> bool:
        """Whether anything lies unread for long enough: the scrub reads all of it in its days."""
        return not self.habits.scrub_days or self.habits.scrub_days > DAYS_TO_ARCHIVE

    @property
    def aws_backup(self) -> AwsBackupCost:
        """The same versions in a vault: the first recovery point whole, of all others what has changed."""
        versions = self.habits.keeping.versions(self.habits.change)
        one = (self.tree.stored + self.tree.directory_bytes) / GIB
        held = one * versions
        return AwsBackupCost(held, held * self.prices.aws_backup_storage, one * self.prices.aws_backup_restore)

    def _cost(self, name: str, night: Night, kind: str) -> NightCost:
        asked = night.both
        seconds = self._seconds(kind, night)
        return NightCost(
            name, night, asked.metered_read / GIB * self.prices.read, asked.metered_written / GIB * self.prices.written,
            (seconds + _AROUND_SECONDS) / 3600 * self.prices.instance_hour, seconds,
        )  # fmt: skip

    def _seconds(self, kind: str, night: Night) -> float:
        if self.seconds is not None and kind == "steady":
            return self.seconds
        return _FIXED_SECONDS + self.tree.names * _SECONDS_OF_FILE[kind] + night.backup.data_written / _BYTES_A_SECOND

    @property
    def _versions(self) -> float:
        """The content of all snapshots and the spare, as a multiple of one."""
        keeping, change = self.habits.keeping, self.habits.change
        return keeping.versions(change) + change

    @property
    def _fixed_bytes(self) -> float:
        """Bytes that stay in Standard: directories of each snapshot and the spare, and proofs of all but the spare."""
        directories = (self.habits.keeping.retained + 1) * self.tree.directory_bytes
        return directories + self.habits.keeping.retained * manifest_bytes(self.tree)

    def _standard(self) -> StorageCost:
        held = (self.tree.stored * self._versions + self._fixed_bytes) / GIB
        return StorageCost(StorageClass.STANDARD, held, held * self.prices.standard)

    def _cold(self, kind: StorageClass) -> StorageCost:
        """The cost with a cold class: what was written lately is in the class before; all inodes stay in Standard."""
        prices, content, unread = self.prices, self.tree.cold / GIB, self._unread_for(DAYS_TO_COLD)
        archived = self._unread_for(DAYS_TO_ARCHIVE) if kind is StorageClass.ARCHIVE else 0.0
        cold = unread - archived
        warm = self.tree.stored * (self._versions - unread) + self.tree.inodes * unread + self._fixed_bytes
        moves = MONTH_DAYS * self._changed_a_day / self._versions
        return StorageCost(
            kind, warm / GIB + content * unread,
            warm / GIB * prices.standard + content * (cold * prices.infrequent_access + archived * prices.archive),
            moving=content * moves * (unread * prices.to_infrequent_access + archived * prices.to_archive),
            moving_once=content * (unread * prices.to_infrequent_access + archived * prices.to_archive),
            reading=self._scrubbed * (cold * prices.from_infrequent_access + archived * prices.from_archive),
        )  # fmt: skip

    @property
    def _changed_a_day(self) -> float:
        """The share of the files that changes in one day."""
        return changed_within(self.habits.change, self.habits.backups_a_day)

    def _unread_for(self, days: int) -> float:
        """How much of all versions, as a multiple of one tree, was written before so many days."""
        return self._versions * (1 - changed_within(self._changed_a_day, days))

    @property
    def _scrubbed(self) -> float:
        """The gigabytes that are read again in a month, of one version of everything."""
        return self.tree.size / GIB / self.habits.scrub_days * MONTH_DAYS if self.habits.scrub_days else 0.0
