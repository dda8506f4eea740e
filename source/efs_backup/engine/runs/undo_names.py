"""The acts of an undo on a single name; all by descriptors, no symlink followed and no mount point crossed."""

import errno
import os
import stat
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from efs_backup.copy_worker.beneath import LISTING, PASSING, make_below, open_below
from efs_backup.copy_worker.error_numbers import NO_SPACE
from efs_backup.copy_worker.facts import open_to_owner
from efs_backup.domain.copying.quarantine import JOURNAL_DIRECTORY
from efs_backup.domain.copying.restore_journal import Entry, Word, Yardstick, may_get_its_rights_back
from efs_backup.domain.copying.undoing import Done, UndoCounts
from efs_backup.domain.errors import RestoreFailed
from efs_backup.engine.runs.undo_copy import copy_back, forget
from efs_backup.engine.series.quarantine import Quarantine
from efs_backup.engine.trees.compare import facts_of
from efs_backup.engine.trees.held import held
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.trees.tree_walk import Stopped, joined

_PRIVATE = 0o700
_NOT_EMPTY = frozenset({errno.ENOTEMPTY, errno.EEXIST})
_CHANGED = "it was changed since the restore"
_HOLDS_MORE = "it holds what the restore has not put there"
_NOT_A_DIRECTORY = "a directory above it is something else, or a mount point, by now"


@dataclass(frozen=True)
class Sides:
    """The target, the quarantine, what passes for untouched, and where what was changed goes (None: it stays)."""

    target: Tree
    quarantine: Tree
    yardstick: Yardstick
    aside: Quarantine | None


class Names:
    """Undoes names, from many threads. With `acts` false it only counts what it would do.

    Each raises OSError where the target is full or cannot be written at all, and Stopped.
    """

    def __init__(
        self, sides: Sides, counts: UndoCounts, note: Callable[[str], None], should_stop: Callable[[], bool], *,
        acts: bool,
    ) -> None:  # fmt: skip
        self._sides = sides
        self._counts = counts
        self._note = note
        self._should_stop = should_stop
        self._acts = acts
        self._lock = threading.Lock()
        self._above_left: set[str] = set()
        self._gone = Counter[str]()
        self._done = set[str]()

    def without_journal(self) -> Iterator[str]:
        """The paths that a quarantine without a journal has: what can be moved back as a whole."""
        target, waiting = self._sides.target, [""]
        while waiting:
            directory = waiting.pop()
            for name, found in self._sides.quarantine.list(directory):
                path = joined(directory, name)
                there = target.find(path)
                if path == JOURNAL_DIRECTORY:
                    continue
                if there and stat.S_ISDIR(there.st_mode) and stat.S_ISDIR(found.st_mode):
                    waiting.append(path)
                else:
                    yield path

    def note_done(self, entry: Entry) -> None:
        """Learn whether a name is back in whose place the restore has put a directory: then nothing of that is left."""
        if entry.word is Word.REPLACED and entry.is_directory and self._sides.quarantine.find(entry.path) is None:
            self._done.add(entry.path)

    def _is_done(self, path: str) -> bool:
        while self._done and (path := path.rpartition("/")[0]):
            if path in self._done:
                return True
        return False

    def let_us_in(self, entry: Entry) -> None:
        """Give the owner the rights to change what is in a directory; root has them in any case."""
        if not self._acts or os.geteuid() == 0:
            return
        with suppress(OSError), held(self._opened(entry.path)) as directory:
            open_to_owner(directory)

    def remove(self, entry: Entry) -> None:
        """Remove what the restore has newly made, and is no directory."""
        if self._is_done(entry.path):
            return
        with self._failures_named(entry.path), self._around(entry.path) as (directory, name):
            there = _find(directory, name)
            if there is None or entry.new is None:
                return
            if self._sides.yardstick.is_untouched(entry.new, facts_of(there), there.st_ctime_ns):
                self._act(lambda: os.unlink(name, dir_fd=directory), Done.REMOVED, entry.path)
            else:
                self._move_aside(entry.path, _CHANGED)

    def remove_directory(self, path: str) -> None:
        """Remove a directory that the restore has newly made, when nothing else is in it."""
        self._go_on()
        if self._is_done(path):
            return
        with self._failures_named(path), self._around(path) as (directory, name):
            there = _find(directory, name)
            if there and not stat.S_ISDIR(there.st_mode):
                self._move_aside(path, _CHANGED)
            elif there and self._removes_empty(path, directory, name):
                self._count(Done.REMOVED, path)
            elif there and path not in self._above_left:
                self._move_aside(path, _HOLDS_MORE)

    def _removes_empty(self, path: str, directory: int, name: str) -> bool:
        """Whether a directory was empty, or would be, and is gone or would be then."""
        if not self._acts:
            return self._would_be_empty(path, directory, name)
        try:
            os.rmdir(name, dir_fd=directory)
        except OSError as error:
            if error.errno not in _NOT_EMPTY:
                raise
            return False
        return True

    def _would_be_empty(self, path: str, directory: int, name: str) -> bool:
        """Whether nothing else is in a directory than what would be gone from it by then."""
        with held(os.open(name, LISTING, dir_fd=directory)) as inside:
            return len(os.listdir(inside)) <= self._gone[path]

    def put_back(self, entry: Entry) -> None:
        """Bring a name back that the restore has replaced or moved away; nothing where that was done before."""
        self._go_on()
        path = entry.path
        with self._failures_named(path):
            kept = self._sides.quarantine.find(path)
            if kept is None:
                return
            if not (self._acts or self._sides.target.find(path.rpartition("/")[0])):
                self._count(Done.PUT_BACK)  # the directory around it is gone, and would be made anew
                return
            with self._around(path, makes=True) as (directory, name):
                there = _find(directory, name)
                if there and self._is_back(kept, there):
                    self._act(lambda: forget(self._sides.quarantine, path), Done.PUT_BACK)
                elif there is None or self._makes_way(entry, there, directory, name):
                    self._act(lambda: self._move(path, directory, name), Done.PUT_BACK)

    def tidy(self, directories: Iterable[str]) -> None:
        """Remove these directories of the quarantine, and those above them, that are empty by now."""
        for path in sorted({*directories}, reverse=True) if self._acts else ():
            above = path
            with suppress(OSError):
                while above:
                    self._sides.quarantine.remove_directory(above)
                    above = above.rpartition("/")[0]

    def give_rights_back(self, entry: Entry) -> None:
        """Give a directory the mode and owner that it had before the restore."""
        self._go_on()
        with self._failures_named(entry.path):
            try:
                directory = self._opened(entry.path)
            except FileNotFoundError:
                return
            with held(directory):
                there = facts_of(os.fstat(directory))
                if entry.old is None or self._sides.yardstick.has_rights(entry.old, there):
                    return
                if may_get_its_rights_back(entry, there, self._sides.yardstick):
                    self._act(lambda: self._give_rights(directory, entry), Done.RIGHTS)
                else:
                    self._leave(entry.path, "it was given other rights since the restore")

    def _give_rights(self, directory: int, entry: Entry) -> None:
        if entry.old is None:
            return
        if self._sides.yardstick.owners:
            os.chown(f"/proc/self/fd/{directory}", entry.old.uid, entry.old.gid)
        os.chmod(f"/proc/self/fd/{directory}", stat.S_IMODE(entry.old.mode))

    def _is_back(self, kept: os.stat_result, there: os.stat_result) -> bool:
        """Whether the name was put back before, and what put it there was cut off."""
        if (kept.st_dev, kept.st_ino) == (there.st_dev, there.st_ino):
            return True
        if kept.st_dev == there.st_dev or stat.S_ISDIR(there.st_mode):
            return False
        copied, found, yardstick = facts_of(kept), facts_of(there), self._sides.yardstick
        return yardstick.is_same(copied, found) and yardstick.has_rights(copied, found)

    def _makes_way(self, entry: Entry, there: os.stat_result, directory: int, name: str) -> bool:
        """Whether what is there now makes way: it is what the restore has put there, or may be moved aside."""
        facts, yardstick = facts_of(there), self._sides.yardstick
        untouched = entry.new is not None and yardstick.is_untouched(entry.new, facts, there.st_ctime_ns)
        if entry.word is Word.REPLACED and stat.S_ISDIR(there.st_mode) and entry.is_directory:
            return self._removes_empty(entry.path, directory, name) or self._move_aside(entry.path, _HOLDS_MORE)
        if entry.word is Word.REPLACED and untouched:
            return self._unlink_before_a_directory(entry, directory, name)
        return self._move_aside(entry.path, _CHANGED)

    def _unlink_before_a_directory(self, entry: Entry, directory: int, name: str) -> bool:
        """A rename puts a file into the place of a file, and nothing else into the place of another kind."""
        is_directory = entry.old is not None and stat.S_ISDIR(entry.old.mode)
        if is_directory and self._acts:
            os.unlink(name, dir_fd=directory)
        return True

    def _move(self, path: str, directory: int, name: str) -> None:
        """From the quarantine into the target, by a rename where that leads there; else it is copied first."""
        with self._sides.quarantine.above(path) as (place, kept):
            try:
                os.rename(kept, name, src_dir_fd=place, dst_dir_fd=directory)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                copy_back(
                    self._sides.quarantine, self._sides.target, path, directory,
                    time_step_ns=self._sides.yardstick.time_step_ns, should_stop=self._should_stop,
                )  # fmt: skip
                forget(self._sides.quarantine, path)

    def _move_aside(self, path: str, why: str) -> bool:
        """Move what is there now to a quarantine of its own, if that is wanted; else it is left alone."""
        if self._sides.aside is None:
            self._leave(path, why)
            return False
        if self._acts:
            with self._lock:
                self._sides.aside.take(self._sides.target, path)
        self._count(Done.MOVED_ASIDE, path)
        return True

    def _leave(self, path: str, why: str) -> None:
        with self._lock:
            self._counts.leave(path, why)
            while path := path.rpartition("/")[0]:
                self._above_left.add(path)

    def _act(self, act: Callable[[], None], done: Done, gone: str | None = None) -> None:
        if self._acts:
            act()
        self._count(done, gone)

    def _count(self, done: Done, gone: str | None = None) -> None:
        """Count a name; `gone`: its path, where the target has it no more."""
        with self._lock:
            self._counts.counts[done] += 1
            if gone is not None and not self._acts:
                self._gone[gone.rpartition("/")[0]] += 1

    def _go_on(self) -> None:
        if self._should_stop():
            raise Stopped
        self._sides.target.throttle.beat()

    def _opened(self, path: str) -> int:
        return open_below(self._sides.target.descriptor, path, PASSING, within_mount=True)

    @contextmanager
    def _around(self, path: str, *, makes: bool = False) -> Iterator[tuple[int, str]]:
        """(the directory around a name, the name in it). One that is gone is made anew where something comes back."""
        above, _, name = path.rpartition("/")
        try:
            directory = self._opened(above)
        except FileNotFoundError:
            if not makes:
                raise
            directory = make_below(self._sides.target.descriptor, above, _PRIVATE)[0]
            self._note(f"The directory {above!r} was gone, and is made anew for what was in it.")
        with held(directory):
            yield directory, name

    @contextmanager
    def _failures_named(self, path: str) -> Iterator[None]:
        """Leave a name alone that cannot be undone, and go on; but not where nothing can be written at all."""
        try:
            yield
        except FileNotFoundError:
            return  # it is gone, or so is what is around it
        except RestoreFailed as error:
            self._leave(path, error.message)
        except OSError as error:
            if error.errno in NO_SPACE or error.errno == errno.EROFS:
                error.filename = path
                raise
            shape = error.errno in {errno.ENOTDIR, errno.EXDEV, errno.ELOOP}
            self._leave(path, _NOT_A_DIRECTORY if shape else error.strerror or str(error))


def _find(directory: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
