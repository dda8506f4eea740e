"""Figures of a tree: as much of it as its cost depends on."""

from collections.abc import Iterable
from dataclasses import dataclass

from efs_backup.domain.cost.metering import cold_content, metered_data, stored_directory, stored_file, warm_inode

_NAMES_AT_ONCE = 128
"""Entries that one listing brings, with their attributes (bench/efs_sim)."""


@dataclass
class TreeFigures:
    """Counts and bytes of a tree.

    files: regular ones; others: symlinks and the like. directories: the root too. listings: operations that list all of
    them once. size: bytes of contents. metered: bytes of reading each file once. stored, cold, inodes: bytes of all
    files in Standard; of their contents in a cheaper class; of what stays in Standard then. directory_bytes: in
    Standard, of one snapshot's directories.
    """

    files: int = 0
    others: int = 0
    directories: int = 0
    listings: int = 0
    size: int = 0
    metered: int = 0
    stored: int = 0
    cold: int = 0
    inodes: int = 0
    directory_bytes: int = 0

    def add_names(self, sizes: Iterable[int], others: int) -> None:
        """Count regular files by their sizes, and what else is no directory."""
        for size in sizes:
            self.files += 1
            self.size += size
            self.metered += metered_data(size)
            self.stored += stored_file(size)
            self.cold += cold_content(size)
            self.inodes += warm_inode(size)
        self.others += others
        self.stored += others * stored_file(1)
        self.inodes += others * stored_file(1)

    def add_directory(self, names: int) -> None:
        """Count a directory with so many names in it."""
        self.directories += 1
        self.listings += 1 + (names + 1) // _NAMES_AT_ONCE
        self.directory_bytes += stored_directory(names)

    @property
    def names(self) -> int:
        """Everything that is no directory."""
        return self.files + self.others
