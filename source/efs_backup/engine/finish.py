"""The last look before a target is called complete: names checked, directories given their attributes."""

import errno
import os
import stat
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from efs_backup.domain.evidence import Evidence, Surveyed
from efs_backup.domain.witness import Witness, unpack
from efs_backup.engine.hard_links import LinkedInodes
from efs_backup.engine.refusals import source_errors_named
from efs_backup.engine.tree import LeavesOut, Tree, set_directory_attributes
from efs_backup.engine.tree_walk import TreeWalk, joined

_LOST_NAMED = 10


@dataclass
class Finished:
    """What the target holds: files, those of them with several links, and the first paths that are missing."""

    files: int = 0
    linked: int = 0
    inodes: LinkedInodes = field(default_factory=LinkedInodes)
    lost: int = 0
    lost_paths: list[str] = field(default_factory=list)

    def count(self, attributes: os.stat_result) -> None:
        """Count a file."""
        self.files += 1
        self.linked += attributes.st_nlink > 1
        self.inodes.meet(attributes)

    def count_witnessed(self, files: int, witness: Witness) -> None:
        """Count files that nobody has looked at again."""
        self.files += files
        self.linked += witness.linked
        self.inodes.meet_all(unpack(witness.inodes))

    def lose(self, path: str) -> None:
        """Note a path that should be there."""
        self.lost += 1
        if len(self.lost_paths) < _LOST_NAMED:
            self.lost_paths.append(path)


@dataclass(frozen=True)
class FinishOrder:
    """What has to be there in the end, but for what is left out.

    evidence: what is known of directories without a look; since_ns: what has changed after it (an epoch, ctime) may
    differ. whole_target: all directories of the target are of this copy, also those that the source has no more.
    keeps_root: the root's own attributes are left alone.
    """

    is_left_out: LeavesOut
    since_ns: int
    evidence: Evidence
    whole_target: bool
    keeps_root: bool = False


class Finish:
    """The walk over source and target after a copy.

    A name that an unchanged directory of the source has and the target has not was lost on the way: fpart, for one,
    takes a directory whose listing breaks off for a short one. Whatever comes or goes sets a directory's ctime. Where
    the copy witnesses the very names that the survey found in such a directory, it need not be listed again.
    Directories get their attributes here because every file that is copied into one changes its mtime: once, when all
    below is done.
    """

    def __init__(self, source: Tree, target: Tree, order: FinishOrder) -> None:
        self._source = source
        self._target = target
        self._order = order
        self._finished = Finished()
        self._settled: dict[str, os.stat_result] = {}
        self._lock = threading.Lock()

    def run(self, should_stop: Callable[[], bool] = lambda: False) -> Finished:
        """Walk. Raises Stopped, and OSError where either side cannot be read or the target not be written."""
        threads = max(self._source.concurrency.changing_threads, self._target.concurrency.changing_threads)
        TreeWalk(self._enter, self._leave, threads=threads, should_stop=should_stop).run()
        return self._finished

    def _enter(self, directory: str) -> Iterable[str]:
        settled = self._settle(directory)
        return settled.below if settled else self._compare(directory)

    def _settle(self, directory: str) -> Surveyed | None:
        """The directory as it was surveyed, if it is whole and unchanged, as known without listing either side."""
        supposed = self._order.evidence.supposed(directory)
        found = self._find(directory) if supposed else None
        if not supposed or not found or not supposed.is_unchanged(found, self._order.since_ns):
            return None
        self._settled[directory] = found
        with self._lock:
            self._finished.count_witnessed(supposed.names.count, self._order.evidence.witness(directory))
        return supposed

    def _compare(self, directory: str) -> Iterable[str]:
        source = self._source_names(directory)
        try:
            entries = self._target.list(directory)
        except FileNotFoundError:
            return []  # that is for `_leave`
        self._lose(directory, source - {name for name, _ in entries})
        below = [name for name, attributes in entries if stat.S_ISDIR(attributes.st_mode)]
        with self._lock:
            for _, attributes in entries:
                if not stat.S_ISDIR(attributes.st_mode):
                    self._finished.count(attributes)
        return below if self._order.whole_target else [name for name in below if name in source]

    def _source_names(self, directory: str) -> set[str]:
        with source_errors_named(self._source.root, directory):
            try:
                return {*self._source.names(directory, self._order.is_left_out)}
            except (FileNotFoundError, NotADirectoryError):
                return set()  # removed since it was copied

    def _lose(self, directory: str, missing: set[str]) -> None:
        """Note what the target has not of the source's names in a directory; nothing if that has changed."""
        paths = [joined(directory, name) for name in sorted(missing)]
        found = self._find(directory) if paths else None
        if found and found.st_ctime_ns < self._order.since_ns:
            with self._lock:
                for path in paths:
                    self._finished.lose(path)

    def _lose_directory(self, directory: str) -> None:
        """The target has not this directory, which was not looked for in the one above: that is done now."""
        if not directory:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self._target.root)
        above, name = os.path.split(directory)
        self._lose(above, self._source_names(above) & {name})

    def _find(self, directory: str) -> os.stat_result | None:
        with source_errors_named(self._source.root, directory):
            return self._source.find(directory)

    def _leave(self, directory: str) -> None:
        if self._order.keeps_root and not directory:
            return
        wanted = self._settled.pop(directory, None) or self._find(directory)
        if wanted is None or not stat.S_ISDIR(wanted.st_mode):
            return  # gone, or something else by now
        try:
            with self._target.opened(directory, to_list=False) as descriptor:
                set_directory_attributes(descriptor, wanted)
        except FileNotFoundError:
            self._lose_directory(directory)


def make_listed_directories(target: Tree, directories: Iterable[str]) -> None:
    """Make the directories in which no file was to be copied."""
    for directory in directories:
        if directory:
            target.make_directories(os.path.normpath(directory))
