"""An attempt: what one backup works on once it is known where from, where to, and beside what."""

from dataclasses import dataclass
from pathlib import Path

from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.engine.runs.proving import Proving
from efs_backup.engine.series.partial import Partial
from efs_backup.engine.series.series import Series
from efs_backup.engine.series.unfinished import UnfinishedFiles
from efs_backup.engine.trees.left_out import LeftOut
from efs_backup.engine.trees.tree import Tree


@dataclass(frozen=True)
class Attempt:
    """The trees and snapshots that one backup works on.

    references: the snapshots that it may link from. snapshots: those of the series, the newest first. damaged: inodes
    that no snapshot may get any more.
    """

    source: Tree
    series: Series
    partial: Partial
    references: list[Path]
    snapshots: tuple[SnapshotName, ...]
    left_out: LeftOut
    proving: Proving
    damaged: frozenset[int]

    @property
    def previous(self) -> SnapshotName | None:
        """The newest snapshot before this one."""
        return next(iter(self.snapshots), None)

    @property
    def unfinished(self) -> UnfinishedFiles:
        """The large files that the window may cut off."""
        return UnfinishedFiles(self.series.path)
