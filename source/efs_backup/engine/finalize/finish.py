"""The last look before a target is called complete: names checked, directories given their attributes."""

import os
import stat
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from efs_backup.copy_worker.witness import Witness, unpack
from efs_backup.domain.copying.arrival import Cause, Trouble, cause_in_source, may_be_remains
from efs_backup.domain.copying.evidence import Evidence, Surveyed
from efs_backup.engine.finalize.hard_links import LinkedInodes
from efs_backup.engine.trees.bring import Bringer, Brought
from efs_backup.engine.trees.left_out import LeftOut
from efs_backup.engine.trees.tree import Tree, set_directory_attributes
from efs_backup.engine.trees.tree_walk import TreeWalk, joined

if TYPE_CHECKING:
    from efs_backup.copy_worker.rules import Attributes


@dataclass
class Finished:
    """What the target holds: files, those of them with several links, and what is in trouble.

    brought: the files, of brought_size bytes, that were missing and were copied one by one.
    """

    files: int = 0
    linked: int = 0
    inodes: LinkedInodes = field(default_factory=LinkedInodes)
    brought: int = 0
    brought_size: int = 0
    troubles: list[Trouble] = field(default_factory=list)

    def count(self, attributes: os.stat_result) -> None:
        """Count a file."""
        self.files += 1
        self.linked += attributes.st_nlink > 1
        self.inodes.meet(attributes)

    def count_brought(self, brought: Brought) -> None:
        """Count a file that was missing."""
        self.files += 1
        self.brought += 1
        self.brought_size += brought.size

    def count_witnessed(self, files: int, witness: Witness) -> None:
        """Count files that nobody has looked at again."""
        self.files += files
        self.linked += witness.linked
        self.inodes.meet_all(unpack(witness.inodes))


@dataclass(frozen=True)
class FinishOrder:
    """What has to be there in the end, but for what is left out.

    evidence: what is known of directories without a look. troubled: names of which it is known that they cannot be
    brought. whole_target: all directories of the target are of this copy, also those that the source has no more.
    keeps_root: the root's own attributes are left alone.
    """

    is_left_out: LeftOut
    evidence: Evidence
    whole_target: bool
    keeps_root: bool = False
    troubled: frozenset[str] = frozenset()


class Finish:
    """The walk over source and target after a copy.

    A name that the source has and the target has not was lost on the way (fpart, for one, takes a directory whose
    listing breaks off for a short one), or is new: it is brought, if it is still there. No clock is asked. Where the
    copy witnesses the very names that the survey found in a directory, and that has not changed since by its ctime,
    neither side is listed again. Directories get their attributes here because every file that is copied into one
    changes its mtime: once, when all below is done.
    """

    def __init__(self, source: Tree, target: Tree, bringer: Bringer, order: FinishOrder) -> None:
        self._source = source
        self._target = target
        self._bringer = bringer
        self._order = order
        self._finished = Finished()
        self._settled: dict[str, os.stat_result] = {}
        self._made_anew: set[str] = set()
        self._lock = threading.Lock()

    def run(self, should_stop: Callable[[], bool] = lambda: False) -> Finished:
        """Walk. Raises Stopped, and OSError where the target cannot be read or written."""
        threads = max(self._source.concurrency.changing_threads, self._target.concurrency.changing_threads)
        TreeWalk(self._enter, self._leave, threads=threads, should_stop=should_stop, activity=self._activity).run()
        return self._finished

    def _activity(self) -> int:
        return self._source.throttle.paid + self._target.throttle.paid

    def _enter(self, directory: str) -> Iterable[str]:
        settled = self._settle(directory)
        return settled.below if settled else self._compare(directory)

    def _settle(self, directory: str) -> Surveyed | None:
        """The directory as it was surveyed, if it is whole and unchanged, as known without listing either side."""
        supposed = None if directory in self._made_anew else self._order.evidence.supposed(directory)
        found = self._find(directory) if supposed else None
        if not supposed or not found or not supposed.is_unchanged(found):
            return None
        self._settled[directory] = found
        with self._lock:
            self._finished.count_witnessed(supposed.names.count, self._order.evidence.witness(directory))
        return supposed

    def _compare(self, directory: str) -> Iterable[str]:
        source = self._source_names(directory)
        entries = self._target_entries(directory)
        if entries is None:
            return []
        if self._order.whole_target and source is not None:
            entries = [*self._without_remains(directory, entries, source)]
        source = source or set()
        missing = source - {name for name, _ in entries}
        below = [name for name, attributes in entries if stat.S_ISDIR(attributes.st_mode)]
        with self._lock:
            for _, attributes in entries:
                if not stat.S_ISDIR(attributes.st_mode):
                    self._finished.count(attributes)
        mine = below if self._order.whole_target else [name for name in below if name in source]
        return [*mine, *(name for name in sorted(missing) if self._bring(joined(directory, name)))]

    def _target_entries(self, directory: str) -> list[tuple[str, os.stat_result]] | None:
        """What the target has; None where it is no directory there, and the source has none any more either."""
        try:
            return self._target.list(directory)
        except FileNotFoundError:
            if not directory:
                raise
            return [] if self._bring(directory) else None
        except NotADirectoryError:
            return None

    def _without_remains(
        self, directory: str, entries: list[tuple[str, os.stat_result]], source: set[str]
    ) -> Iterator[tuple[str, os.stat_result]]:
        """Remove what a killed rsync has left; a name of the source is none."""
        for name, attributes in entries:
            if stat.S_ISREG(attributes.st_mode) and name not in source and may_be_remains(name):
                self._target.unlink(joined(directory, name))
            else:
                yield name, attributes

    def _source_names(self, directory: str) -> set[str] | None:
        try:
            return {*self._source.names(directory, self._order.is_left_out)}
        except OSError as error:
            self._note(directory, cause_in_source(error.errno or 0), f"cannot be listed: {error.strerror}")
            return None  # removed since it was copied, or in trouble

    def _bring(self, path: str) -> bool:
        """Bring what is missing; whether it is a directory that is there now."""
        if path in self._order.troubled:
            return False
        outcome = self._bringer.bring(path)
        with self._lock:
            if isinstance(outcome, Trouble):
                self._finished.troubles.append(outcome)
            elif outcome and not stat.S_ISDIR(outcome.attributes.st_mode):
                self._finished.count_brought(outcome)
            is_directory = isinstance(outcome, Brought) and stat.S_ISDIR(outcome.attributes.st_mode)
            if is_directory:
                self._made_anew.add(path)  # whatever was witnessed to be in it is gone
        if not isinstance(outcome, Brought) or not is_directory:
            return False
        return not self._order.is_left_out.met(path, outcome.attributes)

    def _find(self, directory: str) -> os.stat_result | None:
        try:
            return self._source.find(directory)
        except OSError as error:
            self._note(directory, cause_in_source(error.errno or 0), error.strerror or str(error))
            return None

    def _leave(self, directory: str) -> None:
        if self._order.keeps_root and not directory:
            return
        wanted = self._wanted(directory)
        if wanted is None:
            return
        try:
            self._give_attributes(directory, wanted)
        except FileNotFoundError:
            supposed = self._order.evidence.supposed(directory)
            if not directory or (supposed and (supposed.names.count or supposed.below)):
                raise  # all that was in it is gone too
            if self._bring(directory):
                self._give_attributes(directory, wanted)
        except PermissionError as error:
            owner = f"the owner {wanted.st_uid}:{wanted.st_gid} or the mode {stat.S_IMODE(wanted.st_mode):o}"
            self._note(directory, Cause.REFUSED, f"{owner} could not be given: {error.strerror}")

    def _wanted(self, directory: str) -> "Attributes | None":
        """What the directory's attributes are to be; where it is gone, or something else by now, what they were."""
        found = self._settled.pop(directory, None) or self._find(directory)
        if found and stat.S_ISDIR(found.st_mode):
            return found
        surveyed = self._order.evidence.surveyed.get(directory)
        return surveyed.attributes if surveyed else None

    def _give_attributes(self, directory: str, wanted: "Attributes") -> None:
        with self._target.opened(directory, to_list=False) as descriptor:
            set_directory_attributes(descriptor, wanted)

    def _note(self, directory: str, cause: Cause | None, text: str) -> None:
        if cause and directory not in self._order.troubled:
            with self._lock:
                self._finished.troubles.append(Trouble(directory or ".", cause, text))


def make_listed_directories(target: Tree, directories: Iterable[str]) -> None:
    """Make the directories in which no file was to be copied."""
    for directory in directories:
        if directory:
            target.make_directories(os.path.normpath(directory))
