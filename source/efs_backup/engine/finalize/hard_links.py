"""Files with several names: found in the source, and made one file again in the target."""

import errno
import os
import stat
import threading
from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, pairwise

from efs_backup.copy_worker.facts import set_directory_attributes
from efs_backup.copy_worker.rules import is_equal
from efs_backup.domain.copying.arrival import Fidelity
from efs_backup.engine.machine.patience import for_each
from efs_backup.engine.trees.bring import Bringer, Brought, beside_name
from efs_backup.engine.trees.tree import LeavesOut, Tree
from efs_backup.engine.trees.tree_walk import TreeWalk, joined

_SORTED_AT_ONCE = 1_000_000


class LinkFacts:
    """Facts about files with several names, gathered in a walk; 8 bytes for each file that the target shares.

    several: the only paths that can be names of one file with others; None where nobody knows. A snapshot shares nearly
    all of its files with others, and its manifest tells which of its own names are one file.
    """

    def __init__(self, several: Collection[str] | None = None) -> None:
        self._several = several
        self._met = array("Q")
        self._names: dict[tuple[int, int], dict[str, int]] = defaultdict(dict)

    def meet(self, inodes: bytes) -> None:
        """Remember inodes of the target, 8 bytes each, that have several links."""
        self._met.frombytes(inodes)

    def meet_name(self, source: tuple[int, int], path: str, there: int) -> None:
        """Remember a name of a file with several links in the source, and its inode in the target; 0 for a new one."""
        if self._several is None or path in self._several:
            self._names[source][path] = there

    def inodes(self) -> bytes:
        """The inodes that `meet` was told, for somebody else's facts."""
        return self._met.tobytes()

    def names(self) -> Iterator[tuple[tuple[int, int], str, int]]:
        """The names that `meet_name` was told."""
        return ((source, path, there) for source, names in self._names.items() for path, there in names.items())

    def take_in(self, other: "LinkFacts") -> None:
        """Have what others know too."""
        self.meet(other.inodes())
        for source, path, there in other.names():
            self.meet_name(source, path, there)

    def groups(self) -> list[list[str]]:
        """The names of each file of the source that are not one file in the target."""
        return [
            sorted(names) for names in self._names.values()
            if len(names) > 1 and (0 in names.values() or len(set(names.values())) > 1)
        ]  # fmt: skip

    def strangers(self) -> frozenset[int]:
        """Inodes of the target of which several names were met that are not the names of one file in the source."""
        explained = Counter[int]()
        for names in self._names.values():
            explained.update({one: len(names) for one in [*names.values()][:1] if len(set(names.values())) == 1})
        return frozenset(inode for inode, count in repeated(self._met) if count != explained[inode])


def repeated(inodes: "array[int]") -> Iterator[tuple[int, int]]:
    """(number, how often) of each that is there more than once; in slices, for a sorted list takes 48 bytes each."""
    slices = 1 + len(inodes) // _SORTED_AT_ONCE
    for number in range(slices):
        chosen = sorted(inodes) if slices == 1 else sorted(one for one in inodes if one % slices == number)
        again = Counter(one for one, following in pairwise(chosen) if one == following)
        yield from ((inode, count + 1) for inode, count in again.items())


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


@contextmanager
def undated(target: Tree, paths: Iterable[str]) -> Iterator[None]:
    """Have the directories of these names as they are now when the block has ended, whatever was renamed in them."""
    directories = {os.path.dirname(path) for path in paths}
    before = {directory: found for directory in directories if (found := target.find(directory))}
    yield
    for directory, found in before.items():
        with target.opened(directory, to_list=False) as descriptor:
            set_directory_attributes(descriptor, found)


def make_links_true(source: Tree, target: Tree, facts: LinkFacts, left_out: LeavesOut | None = None) -> list[str]:
    """Have the names of one file in the source be one file in the target, and no others. Raises OSError.

    left_out: what of the target is no business of this source. Give the names that may be another file now.
    """
    groups = facts.groups()
    with undated(target, chain.from_iterable(groups)):
        relink(target, groups)
    if strangers := false_links(source, target, facts.strangers(), left_out):
        with undated(target, [*strangers, *chain.from_iterable(groups)]):
            separate(target, strangers)
            relink(target, groups)
    return [*strangers, *chain.from_iterable(groups)]
