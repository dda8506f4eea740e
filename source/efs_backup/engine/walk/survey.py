"""A first look at the source: how much there is, which files have several names, and the names in each directory."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from stat import S_ISDIR

from efs_backup.copy_worker.error_numbers import NOT_THERE
from efs_backup.copy_worker.witness import Names
from efs_backup.domain.copying.arrival import Cause, Trouble, cause_in_source
from efs_backup.domain.copying.evidence import Surveyed
from efs_backup.engine.finalize.hard_links import LinkedInodes
from efs_backup.engine.machine.os_errors import source_errors_named
from efs_backup.engine.rest.part_lists import PartLists
from efs_backup.engine.trees.left_out import LeftOut
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.trees.tree_walk import TreeWalk, joined

_MOST_REMEMBERED = 64 * 2**20
_BYTES_OF_A_DIRECTORY = 900
_BYTES_OF_A_NAME = 60
_AT_A_TIME = 1000


@dataclass
class Survey:
    """Counts of a tree: files are everything that is no directory; size is the bytes of their contents.

    remembered: the directories by their paths, as many as a limited memory holds. troubles: directories that could not
    be listed.
    """

    files: int = 0
    directories: int = 0
    size: int = 0
    linked_inodes: frozenset[int] = frozenset()
    remembered: dict[str, Surveyed] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing at all."""
        return self.files == 0 and self.directories == 0


def take_survey(
    source: Tree,
    is_left_out: LeftOut,
    should_stop: Callable[[], bool] = lambda: False,
    lists: PartLists | None = None,
    tolerated: int = 0,
) -> Survey:
    """List every directory once; `lists` gets all that is to be copied.

    Raises SourceUnreadable where more directories cannot be listed than are tolerated, CopyFailed of the lists, and
    Stopped.
    """
    surveying = Surveying(source, is_left_out, lists, tolerated)
    TreeWalk(
        surveying.enter, threads=source.concurrency.threads, should_stop=should_stop,
        activity=lambda: source.throttle.paid,
    ).run()  # fmt: skip
    return surveying.survey()


class Surveying:
    """A survey under way: of a walk of its own, or of another one, which tells what it lists, a parent always first."""

    def __init__(self, source: Tree, is_left_out: LeftOut, lists: PartLists | None, tolerated: int = 0) -> None:
        self._source = source
        self._is_left_out = is_left_out
        self._lists = lists
        self._tolerated = tolerated
        self._survey = Survey()
        self._inodes = LinkedInodes()
        self._lock = threading.Lock()
        self._listed_above: dict[str, os.stat_result] = {}
        self._memory_left = _MOST_REMEMBERED

    def survey(self) -> Survey:
        """What was found."""
        self._survey.linked_inodes = self._inodes.repeated()
        return self._survey

    def enter(self, directory: str) -> Iterable[str]:
        """List a directory; the names to go down into."""
        return self._take(directory, self._batches(directory))

    def take(self, directory: str, found: Sequence[tuple[str, os.stat_result]]) -> None:
        """Note what another walk has found in a directory, names and attributes."""
        self._take(directory, (found[begin : begin + _AT_A_TIME] for begin in range(0, len(found), _AT_A_TIME)))

    def _take(self, directory: str, batches: Iterable[Sequence[tuple[str, os.stat_result]]]) -> Iterable[str]:
        """What the directory itself was before is known from the listing above it."""
        before = self._listed_above.pop(directory, None) or self._root(directory)
        names, below, place = Names(), list[str](), joined(directory, "")
        for batch in batches:
            files = []
            for name, attributes in batch:
                if S_ISDIR(attributes.st_mode):
                    if self._is_left_out.met(path := place + name, attributes):
                        continue
                    self._listed_above[path] = attributes
                    below.append(name)
                else:
                    files.append((os.fsencode(name), attributes))
            names.add([name for name, _ in files])
            self._note(directory, before.st_mode, files)
        self._end(directory, Surveyed(names, tuple(below), before.st_ino, before.st_ctime_ns, before))
        return below

    def _root(self, directory: str) -> os.stat_result:
        with source_errors_named(self._source.root):
            return self._source.stat(directory)  # only the root was in no listing

    def _batches(self, directory: str) -> Iterator[list[tuple[str, os.stat_result]]]:
        with source_errors_named(self._source.root, directory):
            try:
                yield from self._source.batches(directory, self._is_left_out, self._tolerate)
            except OSError as error:
                if error.errno not in NOT_THERE:  # removed, or replaced, in the meantime
                    self._tolerate(directory, error)

    def _tolerate(self, path: str, error: OSError) -> None:
        """Note that something can be left out that cannot be looked at, or listed to its end; else SourceUnreadable."""
        with self._lock, source_errors_named(self._source.root, path):
            cause = cause_in_source(error.errno or 0) or Cause.SHAPE
            unreadable = sum(trouble.cause is Cause.UNREADABLE for trouble in self._survey.troubles)
            if cause is Cause.UNREADABLE and unreadable >= self._tolerated:
                raise error
            self._survey.troubles.append(Trouble(path or ".", cause, f"cannot be listed: {error.strerror}"))

    def _note(self, directory: str, mode: int, files: list[tuple[bytes, os.stat_result]]) -> None:
        if self._lists:
            self._lists.add(directory, mode, files)
        linked = [attributes.st_ino for _, attributes in files if attributes.st_nlink > 1]
        with self._lock:
            self._survey.size += sum(attributes.st_size for _, attributes in files)
            self._inodes.meet_all(linked)

    def _end(self, directory: str, found: Surveyed) -> None:
        if self._lists and not found.names.count and directory:
            self._lists.add_empty(directory)
        with self._lock:
            self._survey.files += found.names.count
            self._survey.directories += len(found.below)
            self._remember(directory, found)

    def _remember(self, directory: str, found: Surveyed) -> None:
        """As long as there is room: a tree of very many directories must not fill the memory."""
        names = (directory, *found.below)
        self._memory_left -= _BYTES_OF_A_DIRECTORY + sum(map(len, names)) + _BYTES_OF_A_NAME * len(names)
        if self._memory_left > 0:
            self._survey.remembered[directory] = found
