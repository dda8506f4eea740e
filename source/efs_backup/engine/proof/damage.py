"""The damage list: files of the snapshots of a series that are not what was stored."""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.scrubbing import Damage
from efs_backup.engine.proof.manifests import Manifests
from efs_backup.engine.proof.reader import reading
from efs_backup.engine.trees.tree import Tree

DAMAGED_NAME = "damaged.json"


class DamageList:
    """Kept beside the manifests; it names what no backup may take over. All raise OSError."""

    def __init__(self, series: Path) -> None:
        self._series = series
        self._manifests = Manifests(series)

    def read(self) -> list[Damage]:
        """Read what is damaged; nothing where there is no list, or one that cannot be read."""
        try:
            return [Damage.of(value) for value in json.loads(self._manifests.read(DAMAGED_NAME))]
        except (OSError, ValueError, TypeError, RecursionError):
            return []

    def add(self, found: Iterable[Damage]) -> None:
        """Add what was found; what is named already stays as it is."""
        known = {(one.inode, one.path): one for one in self.read()}
        for one in found:
            known.setdefault((one.inode, one.path), one)
        self.write([*known.values()])

    def refresh(self, snapshots: Sequence[SnapshotName]) -> list[Damage]:
        """Look which snapshots still have each damaged file; forget what none has."""
        known = self.read()
        if not known:
            return []
        left = [
            replace(one, snapshots=tuple(there)) for one in known
            if (there := holders(self._series, snapshots, one.path, one.inode))
        ]  # fmt: skip
        if left != known:
            self.write(left)
        return left

    def write(self, damaged: Sequence[Damage]) -> None:
        """Store the list; an empty one is no file."""
        if not damaged:
            self._manifests.forget(DAMAGED_NAME)
            return
        self._manifests.make()
        with self._manifests.written(DAMAGED_NAME) as write:
            write(json.dumps([one.as_json() for one in damaged], indent=1).encode())


def holders(series: Path, snapshots: Iterable[SnapshotName], path: str, inode: int) -> list[str]:
    """The snapshots in which this path is this very file, the newest first."""
    found = []
    for name in sorted(snapshots, reverse=True):
        try:
            with Tree(series / str(name)) as tree:
                there = tree.find(path)
        except OSError:
            continue
        if there and there.st_ino == inode:
            found.append(str(name))
    return found


def good_copies(series: Path, snapshots: Iterable[SnapshotName], damaged: Damage) -> list[str]:
    """The snapshots that have the same content under this path in another file, the newest first."""
    found = []
    for name in sorted(snapshots, reverse=True):
        if str(name) in damaged.snapshots:
            continue  # in a second copy the manifest has the inode that the file has in BACKUP
        try:
            with reading(Manifests(series), name) as manifest:
                entry = manifest.find(os.fsencode(damaged.path))
        except (OSError, ValueError):
            continue
        if entry and entry.inode != damaged.inode and entry.attributes.sha256.hex() == damaged.expected:
            found.append(str(name))
    return found
