"""Which snapshots each rule keeps, as restic's `forget` decides it (internal/data/snapshot_policy.go)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from efs_backup.domain.snapshots.duration import Duration
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.retention import Retention, Rule

_PERIODS: Mapping[Rule, Callable[[int, datetime], object]] = {
    Rule.LAST: lambda number, _: number,
    Rule.HOURLY: lambda _, time: (time.date(), time.hour),
    Rule.DAILY: lambda _, time: time.date(),
    Rule.WEEKLY: lambda _, time: time.isocalendar()[:2],
    Rule.MONTHLY: lambda _, time: (time.year, time.month),
    Rule.YEARLY: lambda _, time: time.year,
}
"""The period in which a snapshot lies, by its position and its time; periods begin in UTC, weeks on Mondays."""


@dataclass(frozen=True)
class Kept:
    """Which snapshots the rules keep.

    by_rule: those that each rule counts, the newest first. within: those that are young enough.
    oldest: the rules that were not full, and so keep the oldest snapshot though its period has a newer one.
    """

    by_rule: Mapping[Rule, tuple[SnapshotName, ...]]
    within: frozenset[SnapshotName]
    oldest: frozenset[Rule]

    def all(self) -> frozenset[SnapshotName]:
        """All that any rule keeps."""
        return self.within.union(*self.by_rule.values())


def kept_by(retention: Retention, snapshots: Iterable[SnapshotName], now: datetime | None = None) -> Kept:
    """Which snapshots the rules keep.

    now: an aware time; what is named after it was named by a wrong clock, and no duration is counted back from it.
    None: the newest is right.
    """
    newest_first = sorted(snapshots, reverse=True)
    by_rule = {rule: _newest_of_each(newest_first, rule, count) for rule, count in retention.counts.items()}
    oldest = frozenset(rule for rule, kept in by_rule.items() if _has_twice_the_oldest_period(rule, kept, newest_first))
    within = _young(newest_first, retention.within, now) if retention.within else frozenset[SnapshotName]()
    return Kept(by_rule, within, oldest)


def _newest_of_each(newest_first: Sequence[SnapshotName], rule: Rule, count: int) -> tuple[SnapshotName, ...]:
    """The newest of each of so many periods that have any; and the oldest of all while they are not so many."""
    kept, before = list[SnapshotName](), None
    for number, name in enumerate(newest_first):
        if len(kept) == count:
            break
        period = _PERIODS[rule](number, name.time)
        if period != before or number == len(newest_first) - 1:
            kept.append(name)
            before = period
    return tuple(kept)


def _has_twice_the_oldest_period(
    rule: Rule, kept: Sequence[SnapshotName], newest_first: Sequence[SnapshotName]
) -> bool:
    if rule is Rule.LAST or not kept[1:] or kept[-1] != newest_first[-1]:
        return False
    last, before = (_PERIODS[rule](0, name.time) for name in (kept[-1], kept[-2]))
    return last == before


def _young(newest_first: Sequence[SnapshotName], within: Duration, now: datetime | None) -> frozenset[SnapshotName]:
    """Those younger than the newest by less than the duration; all where all lie in the future."""
    newest = next((name for name in newest_first if now is None or name.time <= now), None)
    if newest is None:
        return frozenset(newest_first)
    border = within.before(newest.time)
    return frozenset(name for name in newest_first if name.time > border)
