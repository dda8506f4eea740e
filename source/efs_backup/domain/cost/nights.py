"""Nights: the operations of a backup on both file systems, from the figures of its tree.

The numbers here were counted on the simulated Amazon EFS (`bench/estimate.py`, docs/performance.md), in trees of 20 and
of 100 files a directory; they depend on neither the machine nor the latencies.
"""

from dataclasses import dataclass, replace

from efs_backup.domain.cost.keeping import Keeping, changed_within
from efs_backup.domain.cost.metering import LEAST_DATA_BYTES, METADATA_BYTES
from efs_backup.domain.cost.tree_figures import TreeFigures

_ABOUT_THE_SOURCE = 8
"""Reads at the source's root."""

_MANIFEST_BYTES = 80
"""Of one name, with its part of the index and gzip (docs/performance.md)."""

_SMALL_READS, _SMALL_WRITES = 18, 11
"""Files about the series itself that are read, and written, each night."""


@dataclass(frozen=True)
class Operations:
    """The operations that one file system is asked for: on names and attributes, and metered bytes of data."""

    reads: float = 0.0
    writes: float = 0.0
    data_read: float = 0.0
    data_written: float = 0.0

    @property
    def metered_read(self) -> float:
        """Bytes that are charged as read."""
        return self.reads * METADATA_BYTES + self.data_read

    @property
    def metered_written(self) -> float:
        """Bytes that are charged as written."""
        return self.writes * METADATA_BYTES + self.data_written

    def times(self, factor: float) -> "Operations":
        """The same so many times."""
        return Operations(
            self.reads * factor, self.writes * factor, self.data_read * factor, self.data_written * factor
        )

    def __add__(self, other: "Operations") -> "Operations":
        return Operations(
            self.reads + other.reads, self.writes + other.writes, self.data_read + other.data_read,
            self.data_written + other.data_written,
        )  # fmt: skip


@dataclass(frozen=True)
class Night:
    """The operations of one backup on the source's file system and on its own."""

    source: Operations = Operations()
    backup: Operations = Operations()

    @property
    def both(self) -> Operations:
        """Both sides together."""
        return self.source + self.backup

    def times(self, factor: float) -> "Night":
        """The operations of so many nights, `factor` of them."""
        return Night(self.source.times(factor), self.backup.times(factor))

    def __add__(self, other: "Night") -> "Night":
        return Night(self.source + other.source, self.backup + other.backup)


_SEVEN = Keeping.newest(7)


@dataclass(frozen=True)
class Habits:
    """How a series is kept.

    change: the share of the files that change from one backup to the next, anywhere in the tree. keeping: which
    snapshots stay. scrub_days: see ScrubRule; backups_a_day: how many share what one day has to read. records: of
    earlier backups, each of which a backup reads.
    """

    change: float = 0.01
    keeping: Keeping = _SEVEN
    scrub_days: int = 90
    backups_a_day: float = 1.0
    records: float = 0.0


def first_night(tree: TreeFigures, habits: Habits) -> Night:
    """Everything is copied."""
    source = Operations(tree.directories + tree.listings + _ABOUT_THE_SOURCE + tree.names, 0, tree.metered)
    backup = Operations(
        tree.directories + 147, 2 * tree.names + 2 * tree.directories + 42, 0, tree.metered + _written_about(tree)
    )
    return Night(source, backup + _scrub(tree, habits))


def linked_night(tree: TreeFigures, habits: Habits) -> Night:
    """A night without a spare: what has not changed is linked."""
    changed = tree.names * habits.change
    backup = Operations(
        2.06 * tree.directories + tree.listings + tree.others + 205,
        tree.names - changed + 2 * tree.directories + 2 * changed + 33,
        _read_about(tree), tree.metered * habits.change + _written_about(tree),
    )  # fmt: skip
    return Night(_source(tree, habits), backup + _scrub(tree, habits) + _records(habits))


def steady_night(tree: TreeFigures, habits: Habits) -> Night:
    """A night with a spare, which was the newest that is dropped: what changed since is unlinked, and linked anew."""
    changed, stale = tree.names * habits.change, tree.names * changed_within(habits.change, habits.keeping.spare + 1)
    touched = touched_directories(tree, changed_within(habits.change, habits.keeping.spare + 1))
    backup = Operations(
        tree.directories + tree.listings + tree.others + 208 + 3.6 * touched,
        44 + 2 * habits.keeping.retained + changed + 2 * stale + touched,
        _read_about(tree), tree.metered * habits.change + _written_about(tree),
    )  # fmt: skip
    return Night(_source(tree, habits), backup + _scrub(tree, habits) + _records(habits))


def without_changes(habits: Habits) -> Habits:
    """The same in which nothing changes."""
    return replace(habits, change=0.0)


def touched_directories(tree: TreeFigures, share: float) -> float:
    """In how many directories such a share of the files lies, if they are scattered: as many as can be."""
    in_each = tree.names / tree.directories if tree.directories else 0
    return tree.directories * (1 - (1 - share) ** in_each)


def manifest_bytes(tree: TreeFigures) -> float:
    """Bytes of one snapshot's manifest."""
    return _MANIFEST_BYTES * tree.names


def _source(tree: TreeFigures, habits: Habits) -> Operations:
    """Each directory is listed, each symlink read, and of files what has changed."""
    looks = tree.directories + tree.listings + _ABOUT_THE_SOURCE + tree.others
    return Operations(looks + tree.files * habits.change, 0, tree.metered * habits.change)


def _records(habits: Habits) -> Operations:
    return Operations(2 * habits.records, 0, habits.records * LEAST_DATA_BYTES)


def _read_about(tree: TreeFigures) -> float:
    """The manifest is read once, for its hash; what stays of it, and what has changed, is in the cache by then."""
    return manifest_bytes(tree) + _SMALL_READS * LEAST_DATA_BYTES


def _written_about(tree: TreeFigures) -> float:
    return manifest_bytes(tree) + _SMALL_WRITES * LEAST_DATA_BYTES


def _scrub(tree: TreeFigures, habits: Habits) -> Operations:
    """The part of all files that is read again."""
    if not habits.scrub_days:
        return Operations()
    share = 1 / (habits.scrub_days * habits.backups_a_day)
    return Operations(tree.files * share, 0, tree.metered * share)
