"""Retention: which snapshots of a series are kept."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.snapshots.names import SnapshotName

HARD_LINK_LIMIT = 177
"""Hard links that Amazon EFS allows for one file (Amazon EFS User Guide, "Quotas for Amazon EFS file systems")."""

RETENTION_LIMIT = 170
"""Most snapshots of a series: the rest of the link limit is for the partial and for trash that is not yet deleted."""


@dataclass(frozen=True)
class Retention:
    """How many snapshots a series keeps: 1 to 170."""

    count: int

    def __post_init__(self) -> None:
        if self.count < 1:
            raise WrongUsage(f"The retention {self.count} would keep no snapshot at all; it must be at least 1.")
        if self.count > RETENTION_LIMIT:
            raise WrongUsage(
                f"The retention {self.count} is above {RETENTION_LIMIT}: an unchanged file takes one hard link in each"
                f" snapshot, and Amazon EFS allows {HARD_LINK_LIMIT} for one file."
            )


DEFAULT_RETENTION = Retention(7)
"""The rule of a series that was begun without one."""


@dataclass(frozen=True)
class PrunePlan:
    """Which snapshots stay and which are dropped, newest first, and why."""

    keep: tuple[SnapshotName, ...]
    drop: tuple[SnapshotName, ...]
    reason: str

    def without(self, stuck: Collection[SnapshotName]) -> "PrunePlan":
        """The plan as it was carried out where some could not be dropped: those stay too."""
        keep = sorted([*self.keep, *stuck], reverse=True)
        drop = tuple(name for name in self.drop if name not in stuck)
        reason = f"{self.reason}; {len(stuck)} of them cannot be dropped" if stuck else self.reason
        return PrunePlan(tuple(keep), drop, reason)


_NOTHING: Mapping[SnapshotName, str] = MappingProxyType({})


def plan_prune(
    snapshots: Iterable[SnapshotName], retention: Retention, protected: Mapping[SnapshotName, str] = _NOTHING
) -> PrunePlan:
    """Keep what is protected, by the reason of each; of all others the newest that the retention allows."""
    newest_first = sorted(snapshots, reverse=True)
    free = [name for name in newest_first if name not in protected]
    drop = free[retention.count :]
    keep = [name for name in newest_first if name not in {*drop}]
    held = f" ({len(newest_first) - len(free)} of them held)" if len(free) < len(newest_first) else ""
    reason = f"retention {retention.count}: {len(newest_first)} there, {len(keep)} kept{held}, {len(drop)} dropped"
    return PrunePlan(tuple(keep), tuple(drop), reason)


def plan_hold(snapshots: Iterable[SnapshotName], reason: str) -> PrunePlan:
    """Keep all, for something is odd."""
    return PrunePlan(tuple(sorted(snapshots, reverse=True)), (), reason)
