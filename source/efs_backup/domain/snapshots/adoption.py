"""Adoption: the old solution's directories get names as snapshots of a series."""

from collections.abc import Collection, Mapping
from datetime import datetime

from efs_backup.domain.snapshots.names import ONE_SECOND, SnapshotName


def plan_adoption(
    mtimes: Mapping[int, datetime], existing: Collection[SnapshotName], now: datetime
) -> dict[int, SnapshotName]:
    """Names for the directories `daily.N` of the old solution, from their mtimes.

    A root's mtime is its source's, so several may be equal, or lie in the future: the order of the numbers wins, each
    name is older than the one before it, and all are older than the snapshots that have names already.
    """
    bound = min(existing, default=SnapshotName.of(now)).time
    names = {}
    for number in sorted(mtimes):
        bound = min(SnapshotName.of(mtimes[number]).time, bound - ONE_SECOND)
        names[number] = SnapshotName(bound)
    return names
