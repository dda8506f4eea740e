"""The words about a mass change: figures, where it was, and whether what changed can still be compressed.

Evidence, not causes: archives and pictures do not compress either, and a release rewrites a tree as an attack does.
"""

import os
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

from efs_backup.copy_worker.mtree import unescaped
from efs_backup.copy_worker.throttle import Throttle
from efs_backup.domain.snapshots.changes import ADDED, REMOVED
from efs_backup.domain.snapshots.file_changes import FileTally
from efs_backup.domain.snapshots.tripwire import Verdict, percent
from efs_backup.engine.machine.regular_file import beginning, is_regular
from efs_backup.engine.series.series import Snapshot
from efs_backup.engine.trees.held import held
from efs_backup.engine.trees.tree import Tree

_HELD = (
    "No snapshot older than {} is dropped until somebody releases it: compare with `efs-backup diff`, then"
    " `efs-backup release BACKUP --reason ...`."
)
_HEAD_BYTES = 4096
_LEAST_BYTES = 512
_DENSE = 0.95
"""The share of its size above which content does not compress, by zlib's quickest level; text comes to a half."""


def mass_change(
    verdict: Verdict, tally: FileTally, before: Path | None, snapshot: Snapshot, throttle: Throttle,
    should_stop: Callable[[], bool],
) -> str:  # fmt: skip
    """Tell of a mass change. before: the snapshot that it was compared with; at most 500 files of each are opened."""
    sentences = [
        f"{verdict.reason}.",
        *_places(tally),
        *_densities(tally, before, snapshot.path, throttle, should_stop),
    ]
    return " ".join([*sentences, _HELD.format(snapshot.name)])


def _places(tally: FileTally) -> list[str]:
    where = ", ".join(f"{_shown(path)} ({count:,})" for path, count in tally.directories())
    endings = ", ".join(f".{ending.decode('ascii')} ({count:,})" for ending, count in tally.new_extensions())
    return [
        *([f"Most of it is below: {where}."] if where else []),
        *([f"New extensions: {endings}."] if endings else []),
    ]


def _shown(path: bytes) -> str:
    return repr(os.fsdecode(unescaped(path)) or ".")


def _densities(
    tally: FileTally, before: Path | None, now: Path, throttle: Throttle, should_stop: Callable[[], bool]
) -> list[str]:
    told = []
    for root, word, what in ((now, ADDED, "in this snapshot"), (before, REMOVED, "before")):
        read, dense = _density(root, tally.samples[word].names, throttle, should_stop) if root else (0, 0)
        if read:
            told.append(f"{percent(dense / read)} of {read:,} {what}")
    return [f"Small files that do not compress, of those that changed: {', '.join(told)}."] if told else []


def _density(
    root: Path, paths: Iterable[bytes], throttle: Throttle, should_stop: Callable[[], bool]
) -> tuple[int, int]:
    """(files whose beginning was read, those of them that do not compress)."""
    read = dense = 0
    try:
        tree = Tree(root, throttle)
    except OSError:
        return 0, 0
    with tree:
        for path in paths:
            if should_stop():
                break
            head = _head(tree, os.fsdecode(unescaped(path.removeprefix(b"./"))))
            if len(head) >= _LEAST_BYTES:
                read += 1
                dense += len(zlib.compress(head, 1)) > _DENSE * len(head)
    return read, dense


def _head(tree: Tree, path: str) -> bytes:
    """The first 4 KiB of a regular file; nothing of anything else, whatever lies in its place by now."""
    tree.throttle.pay(2)
    try:
        with held(tree.open_file(path)) as descriptor:
            return beginning(descriptor, _HEAD_BYTES) if is_regular(descriptor) else b""
    except OSError:
        return b""
