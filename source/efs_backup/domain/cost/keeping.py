"""Snapshots that a series keeps once its rules are full, as its costs need it: how far apart they are."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from efs_backup.domain.snapshots.kept import kept_by
from efs_backup.domain.snapshots.names import Interval, SnapshotName
from efs_backup.domain.snapshots.retention import Retention, Rule

_DAYS = {Rule.HOURLY: 1 / 24, Rule.DAILY: 1, Rule.WEEKLY: 7, Rule.MONTHLY: 31, Rule.YEARLY: 366}
_APART = {
    Interval.HOURLY: timedelta(hours=1), Interval.DAILY: timedelta(days=1), Interval.WEEKLY: timedelta(days=7),
    Interval.MONTHLY: timedelta(days=31),
}  # fmt: skip
_NEWEST = datetime(2026, 6, 17, 2, tzinfo=UTC)
"""The night at which a series is looked at: no week, month or year has just begun."""
_MOST_SNAPSHOTS = 60_000
"""Some seven years of an hourly series: what lies farther back differs from nothing any more."""


@dataclass(frozen=True)
class Keeping:
    """The snapshots of a series whose rules are full.

    ages: of each, in backups, beginning with 0 for the newest. spare: the age of the newest that is dropped.
    """

    ages: tuple[int, ...]
    spare: int

    @classmethod
    def newest(cls, count: int) -> "Keeping":
        """The keeping of so many of the newest."""
        return cls(tuple(range(count)), count)

    @classmethod
    def of(cls, retention: Retention, interval: Interval) -> "Keeping":
        """The keeping of these rules, of a series that is made as often as its interval says."""
        if retention.is_plain:
            return cls.newest(retention.most(interval))
        names = [*_names(retention, interval)]
        kept = kept_by(retention, names, _NEWEST).all()
        ages = tuple(age for age, name in enumerate(names) if name in kept)
        return cls(ages, next((age for age, name in enumerate(names) if name not in kept), len(names)))

    @property
    def retained(self) -> int:
        """How many snapshots are there."""
        return len(self.ages)

    def versions(self, change: float) -> float:
        """The files that all of them hold, as a multiple of one; change: the share that changes between backups."""
        return 1 + sum(changed_within(change, later - age) for age, later in pairwise(self.ages))


def changed_within(share: float, nights: float) -> float:
    """The share of the files that change in so many nights, if each night draws anew: 0 to 1."""
    return 1 - math.pow(1 - share, nights)


def _names(retention: Retention, interval: Interval) -> Iterator[SnapshotName]:
    """The names of a series that has been there for longer than any rule reaches, newest first."""
    last = retention.last or 0
    reach = max((count * _DAYS[rule] for rule, count in retention.counts.items() if rule in _DAYS), default=0)
    within = retention.within.most_days if retention.within else 0
    days = max(reach, within) + max(_DAYS.values())
    number = last + math.ceil(timedelta(days=days) / _APART[interval])
    return (SnapshotName.of(_NEWEST - age * _APART[interval]) for age in range(min(number, _MOST_SNAPSHOTS)))
