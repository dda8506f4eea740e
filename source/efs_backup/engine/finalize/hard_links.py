"""Files with several names: found in the source, and made one file again in the target."""

import errno
import os
import stat
import threading
from array import array
from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

from efs_backup.copy_worker.rules import is_equal
from efs_backup.domain.copying.arrival import Fidelity
from efs_backup.engine.machine.patience import for_each
from efs_backup.engine.trees.bring import Bringer, Brought, beside_name
from efs_backup.engine.trees.tree import LeavesOut, Tree
from efs_backup.engine.trees.tree_walk import TreeWalk, joined


class LinkedInodes:
    """The inodes that were met more than once; 8 bytes for each file with more than one link."""

    def __init__(self) -> None:
        self._met = array("Q")

    def meet(self, attributes: os.stat_result) -> None:
        """Remember an entry that is no directory."""
        if attributes.st_nlink > 1:
            self._met.append(attributes.st_ino)

    def meet_all(self, inodes: Iterable[int]) -> None:
        """Remember files that are known to have several links."""
        self._met.extend(inodes)

    def repeated(self) -> frozenset[int]:
        """Inode numbers that were met at least twice; on several file systems perhaps some that are no links."""
        ordered = sorted(self._met)
        return frozenset(one for one, other in pairwise(ordered) if one == other)


def groups_of(tree: Tree, inodes: frozenset[int], is_left_out: LeavesOut | None = None) -> list[list[str]]:
    """The paths of each group of names of one file, for these inodes."""
    found: dict[tuple[int, int], list[str]] = defaultdict(list)
    lock = threading.Lock()

    def enter(directory: str) -> Iterable[str]:
        for name, attributes in tree.list(directory, is_left_out):
            path = joined(directory, name)
            if stat.S_ISDIR(attributes.st_mode):
                yield name
            elif attributes.st_ino in inodes:
                with lock:
                    found[attributes.st_dev, attributes.st_ino].append(path)

    if inodes:
        TreeWalk(enter, threads=tree.concurrency.threads, activity=lambda: tree.throttle.paid).run()
    return [sorted(paths) for paths in found.values() if len(paths) > 1]


def false_links(source: Tree, target: Tree, linked: frozenset[int], is_left_out: LeavesOut | None = None) -> list[str]:
    """Names of one file in the target that are different files in the source.

    In a backup they come from the previous snapshot, where they were one: each of the source's files equals it, and is
    linked. In a restore the target had them linked. A name that the source has not keeps its file.
    """
    return [path for group in groups_of(target, linked, is_left_out) for path in _strangers(source, group)]


def _strangers(source: Tree, group: list[str]) -> list[str]:
    known = [(path, (found.st_dev, found.st_ino)) for path in group if (found := source.find(path))]
    return [path for path, inode in known if inode != known[0][1]]


def separate(target: Tree, paths: Iterable[str]) -> None:
    """Give each of these names a file of its own: made beside it, and renamed over it. Raises OSError."""
    bringer = Bringer(target, target, Fidelity(owners=os.geteuid() == 0), is_durable=True)
    for path in paths:
        outcome = bringer.bring(path)
        if not isinstance(outcome, Brought):
            target.stat(path)  # it says why nothing is there
            raise OSError(errno.EIO, str(outcome), path)


def relink(target: Tree, groups: Iterable[list[str]]) -> None:
    """Make the names of each group one file in the target, as far as the file system's link limit allows.

    A group is what the source has now, and the target what it had when it was copied: only names that are equal become
    one. A name is replaced by a link beside it that is renamed over it; no file is ever written.
    """
    for_each(
        ((group[0], group) for group in groups),
        lambda _first, group: _relink_group(target, group),
        threads=target.concurrency.changing_threads,
        activity=lambda: target.throttle.paid,
    )


def _relink_group(target: Tree, group: list[str]) -> None:
    leaders: list[str] = []
    for path in group:
        found = target.find(path)
        if found is None or stat.S_ISDIR(found.st_mode):
            continue  # left out, or vanished before it was copied
        leader = next((leader for leader in leaders if _are_equal(target, leader, path, found)), None)
        if leader is None or not _replace_by_link(target, leader, path):
            leaders.insert(0, path)


def _are_equal(target: Tree, leader: str, path: str, found: os.stat_result) -> bool:
    if not is_equal(target.stat(leader), found):
        return False
    return not stat.S_ISLNK(found.st_mode) or target.read_link(leader) == target.read_link(path)


def _replace_by_link(target: Tree, leader: str, path: str) -> bool:
    """False where the leader can take no further link."""
    if target.stat(leader).st_ino == target.stat(path).st_ino:
        return True
    beside = _beside(path)
    try:
        target.link(leader, beside)
    except OSError as error:
        if error.errno == errno.EMLINK:
            return False
        raise
    target.rename(beside, path)
    return True


def _beside(path: str) -> str:
    return joined(os.path.dirname(path), beside_name())
