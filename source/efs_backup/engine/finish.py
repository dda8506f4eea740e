"""The last look before a target is called complete: names checked, directories given their attributes."""

import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from efs_backup.engine.hard_links import LinkedInodes
from efs_backup.engine.refusals import source_errors_named
from efs_backup.engine.tree import Tree, set_directory_attributes
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

    def lose(self, path: str) -> None:
        """Note a path that should be there."""
        self.lost += 1
        if len(self.lost_paths) < _LOST_NAMED:
            self.lost_paths.append(path)


class Finish:
    """The walk over source and target after a copy.

    A name that an unchanged directory of the source has and the target has not was lost on the way: fpart, for one,
    takes a directory whose listing breaks off for a short one. Unchanged is what has not changed since `since_ns`
    (an epoch, ctime): whatever comes or goes sets it. Directories get their attributes here because every file that
    is copied into one changes its mtime: once, when all below is done; the root's own are left alone on demand.
    """

    def __init__(
        self,
        source: Tree,
        target: Tree,
        since_ns: int,
        is_left_out: Callable[[str], bool],
        *,
        whole_target: bool,
        keeps_root: bool = False,
    ) -> None:
        self._source = source
        self._target = target
        self._since_ns = since_ns
        self._is_left_out = is_left_out
        self._whole_target = whole_target
        self._keeps_root = keeps_root
        self._finished = Finished()
        self._lock = threading.Lock()

    def run(self, should_stop: Callable[[], bool] = lambda: False) -> Finished:
        """Walk. Raises Stopped, and OSError where either side cannot be read or the target not be written."""
        threads = max(self._source.concurrency.threads, self._target.concurrency.threads)
        TreeWalk(self._enter, self._leave, threads=threads, should_stop=should_stop).run()
        return self._finished

    def _enter(self, directory: str) -> Iterable[str]:
        source = self._source_names(directory)
        entries = self._target.list(directory, with_stat=True)
        with self._lock:
            for path in self._missing(directory, source, {name for name, _, _ in entries}):
                self._finished.lose(path)
            for _, attributes, is_directory in entries:
                if attributes and not is_directory:
                    self._finished.count(attributes)
        return [name for name, _, is_directory in entries if is_directory and (self._whole_target or name in source)]

    def _source_names(self, directory: str) -> set[str]:
        with source_errors_named(self._source.root, directory):
            try:
                return {name for name, _, _ in self._source.list(directory)}
            except (FileNotFoundError, NotADirectoryError):
                return set()  # removed since it was copied

    def _missing(self, directory: str, source: set[str], target: set[str]) -> list[str]:
        paths = (joined(directory, name) for name in sorted(source - target))
        missing = [path for path in paths if not self._is_left_out(path)]
        if not missing:
            return []
        with source_errors_named(self._source.root, directory):
            found = self._source.find(directory)
        return missing if found and found.st_ctime_ns < self._since_ns else []

    def _leave(self, directory: str) -> None:
        if self._keeps_root and not directory:
            return
        with source_errors_named(self._source.root, directory):
            wanted = self._source.find(directory)
        if wanted is None:
            return
        with self._target.opened(directory, to_list=False) as descriptor:
            set_directory_attributes(descriptor, wanted)


def make_listed_directories(target: Tree, directories: Iterable[str]) -> None:
    """Make the directories in which no file was to be copied."""
    for directory in directories:
        if directory:
            target.make_directories(os.path.normpath(directory))
