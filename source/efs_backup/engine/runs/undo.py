"""Undo a restore: what it made goes, what it replaced or moved away comes back, and what was changed since stays."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from efs_backup.copy_worker.error_numbers import NO_SPACE
from efs_backup.copy_worker.throttle import Throttle
from efs_backup.domain.copying.restore_journal import Entry, Word, Yardstick
from efs_backup.domain.copying.undoing import Done, UndoCounts, UndoRequest, UndoResult, UndoStatus
from efs_backup.domain.errors import Hung, RestoreFailed
from efs_backup.domain.humanize import counted
from efs_backup.domain.ports import Watcher
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.engine.machine.patience import for_each, supervised
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.machine.telling import Telling
from efs_backup.engine.runs.undo_names import Names, Sides
from efs_backup.engine.series.found_quarantine import FoundQuarantine, opened_quarantine
from efs_backup.engine.series.quarantine import Quarantine
from efs_backup.engine.series.restore_journal import (
    began_at,
    ended_ns_of,
    entries_of,
    undoing,
    undone_of,
    write_undone,
)
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.trees.tree_walk import Stopped

_AT_ONCE = 10_000
_AGAIN = "Mend the cause and run the same undo again: it goes on."
_NAMED = 3


@dataclass(frozen=True)
class _Opened:
    """A quarantine, the target that it is of, and what tells whether a name is as the restore has left it."""

    found: FoundQuarantine
    target: Tree
    quarantine: Tree
    yardstick: Yardstick
    target_path: str
    aside: Quarantine


class UndoRun:
    """An undo. `now` is its start, aware."""

    def __init__(self, request: UndoRequest, *, now: datetime, stop: Stop, watcher: Watcher) -> None:
        self._request = request
        self._now = now
        self._stop = stop
        self._watcher = Telling(watcher)
        self._throttle = Throttle()
        self._notes: list[str] = []

    def plan(self) -> UndoResult:
        """Plan what `run` would do; nothing is touched. Raises NothingThere, RestoreFailed, Hung and Stopped."""
        return supervised(lambda: self._with_quarantine(self._plan_only), lambda: self._throttle.paid)

    def run(self, confirm: Callable[[UndoResult], bool] | None = None) -> UndoResult:
        """Undo; it can be run again at any time, and goes on. Raises NothingThere, RestoreFailed and Hung.

        confirm: asked with the plan, which costs a look at each name; nothing is touched where it says no, and Stopped
        is raised.
        """
        return supervised(
            lambda: self._with_quarantine(lambda opened: self._run(opened, confirm)), lambda: self._throttle.paid
        )

    def _with_quarantine(self, work: Callable[[_Opened], UndoResult]) -> UndoResult:
        with ExitStack() as stack:
            found = stack.enter_context(opened_quarantine(self._request.place))
            path = self._target_of(found)
            target = stack.enter_context(self._opened_target(path))
            self._check(found, target, path)
            quarantine = stack.enter_context(Tree(f"/proc/self/fd/{found.descriptor}", self._throttle))
            yardstick = self._yardstick(found)
            aside = Quarantine(Path(path), SnapshotName.of(self._now))
            stack.callback(aside.close)
            return work(_Opened(found, target, quarantine, yardstick, path, aside))

    def _opened_target(self, path: str) -> Tree:
        try:
            return Tree(path, self._throttle)
        except OSError as error:
            raise RestoreFailed(
                f"The target {path!r} cannot be opened ({error.strerror}); nothing was touched.",
                "Mount it, or give it with --target.",
            ) from error

    def _target_of(self, found: FoundQuarantine) -> str:
        path = self._request.target or found.target
        if path is None:
            raise RestoreFailed(
                f"Nobody knows of which directory {str(found.path)!r} is the quarantine; nothing was touched.",
                "Give it with --target.",
            )
        return path

    def _check(self, found: FoundQuarantine, target: Tree, path: str) -> None:
        """Raises RestoreFailed where the target is another directory than the one that was restored into."""
        head = found.head
        if head is None or self._request.target is not None:
            return
        if os.fstat(target.descriptor).st_ino != head.inode:
            raise RestoreFailed(
                f"{path!r} is another directory than the one that was restored into; nothing was touched.",
                "Check what is mounted. If it is meant, give it with --target.",
            )

    def _yardstick(self, found: FoundQuarantine) -> Yardstick:
        if found.head is None:
            return Yardstick(owners=False, time_step_ns=1)
        ended = ended_ns_of(found.descriptor)
        head = found.head
        return Yardstick(head.owners and os.geteuid() == 0, head.time_step_ns, ended)

    def _plan_only(self, opened: _Opened) -> UndoResult:
        self._watcher.step("compare")
        counts = self._go_through(opened, acts=False)
        return self._result(opened, counts, UndoStatus.PLANNED, "Nothing was touched.")

    def _run(self, opened: _Opened, confirm: Callable[[UndoResult], bool] | None) -> UndoResult:
        before = undone_of(opened.found.descriptor)
        if before.get("is_whole"):
            message = f"It was undone at {before.get('ended')}; nothing was touched."
            return self._result(opened, UndoCounts(), UndoStatus.SUCCESS, message)
        if confirm and not confirm(self._plan_only(opened)):
            raise Stopped
        with undoing(opened.found.descriptor):
            return self._undo(opened)

    def _undo(self, opened: _Opened) -> UndoResult:
        self._watcher.step("undo")
        counts = UndoCounts()
        try:
            self._go_through(opened, acts=True, counts=counts)
        except Stopped:
            self._record(opened, counts, is_whole=False)
            message = f"Stopped before the end: {self._stop.reason()}."
            return self._result(opened, counts, UndoStatus.INCOMPLETE, message, "Run the same undo again to go on.")
        except OSError as error:
            what = "The target's file system is full" if error.errno in NO_SPACE else f"{error.filename!r} could not be"
            why = "" if error.errno in NO_SPACE else f" undone: {error.strerror}"
            raise RestoreFailed(
                f"{what}{why}. What is not put back is in {str(opened.found.path)!r}.", _AGAIN
            ) from error
        except Hung as error:
            raise RestoreFailed(f"{error.message} The rest is in {str(opened.found.path)!r}.", _AGAIN) from error
        is_whole = not counts.counts[Done.LEFT]
        self._record(opened, counts, is_whole=is_whole)
        if is_whole:
            self._remove_made_target(opened)
            return self._result(opened, counts, UndoStatus.SUCCESS, f"{opened.target_path!r} is as it was before.")
        return self._result(opened, counts, UndoStatus.LEFT, *_about_left(counts, opened))

    def _result(
        self, opened: _Opened, counts: UndoCounts, status: UndoStatus, message: str, next_step: str = ""
    ) -> UndoResult:
        aside = str(opened.aside.path) if opened.aside.path else None
        if status is UndoStatus.SUCCESS:
            next_step = f"Delete {str(opened.found.path)!r} when it is not needed."
        return UndoResult(
            status, str(opened.found.path), opened.target_path, counts, message, next_step, aside, tuple(self._notes)
        )

    def _record(self, opened: _Opened, counts: UndoCounts, *, is_whole: bool) -> None:
        """Keep what was done. What has no room for it is no failure: what is undone is seen without."""
        record = {
            "schema": 1, "ended": began_at(self._now), "is_whole": is_whole, "target": opened.target_path,
            **{word.value: counts.counts[word] for word in Done}, "first_left": counts.left,
            "aside": str(opened.aside.path) if opened.aside.path else None,
        }  # fmt: skip
        try:
            write_undone(opened.found.descriptor, record)
        except OSError as error:
            self._note(f"What was done could not be noted in the quarantine: {error.strerror}.")

    def _remove_made_target(self, opened: _Opened) -> None:
        """Remove a directory that the restore has made, where nothing is left in it."""
        head = opened.found.head
        if head and head.made_target and self._request.target is None:
            with suppress(OSError):
                os.rmdir(opened.target_path)

    def _go_through(self, opened: _Opened, *, acts: bool, counts: UndoCounts | None = None) -> UndoCounts:
        counts = counts if counts is not None else UndoCounts()
        aside = opened.aside if self._request.moves_changed else None
        sides = Sides(opened.target, opened.quarantine, opened.yardstick, aside)
        names = Names(sides, counts, self._note, self._stop.is_due, acts=acts)
        if opened.found.head is None:
            self._note("This quarantine has no journal: what the restore has newly made is not known, and stays.")
            found = [Entry(Word.MOVED, path) for path in names.without_journal()]
            self._put_back(opened, found, names)
            return counts
        self._by_journal(opened, names)
        return counts

    def _by_journal(self, opened: _Opened, names: Names) -> None:
        """First what keeps us from going on, then what is new, the deepest first, then what comes back, then rights."""
        made = list[str]()
        for entry in self._entries(opened):
            names.note_done(entry)
            if entry.is_directory and entry.word in {Word.NEW, Word.RIGHTS}:
                names.let_us_in(entry)
            if entry.is_directory and entry.word is Word.NEW:
                made.append(entry.path)
        files = (
            (entry.path, entry) for entry in self._entries(opened)
            if entry.word is Word.NEW and not entry.is_directory
        )  # fmt: skip
        self._each(opened, files, names.remove)
        for path in reversed(made):
            names.remove_directory(path)
        back = (one for one in self._entries(opened) if one.word in {Word.REPLACED, Word.MOVED})
        self._put_back(opened, back, names)
        for entry in self._entries(opened):
            if entry.word is Word.RIGHTS:
                names.give_rights_back(entry)

    def _put_back(self, opened: _Opened, entries: Iterable[Entry], names: Names) -> None:
        """Bring names back, then remove the directories of the quarantine in which they were."""
        around = set[str]()

        def noted() -> Iterator[tuple[str, Entry]]:
            for entry in entries:
                around.add(entry.path.rpartition("/")[0])
                yield entry.path, entry

        self._each(opened, noted(), names.put_back)
        names.tidy(around)

    def _entries(self, opened: _Opened) -> Iterator[Entry]:
        for entry in entries_of(opened.found.descriptor):
            if self._stop.is_due():
                raise Stopped
            self._throttle.beat()
            yield entry

    def _each(self, opened: _Opened, items: Iterable[tuple[str, Entry]], work: Callable[[Entry], None]) -> None:
        iterator = iter(items)
        while some := [*islice(iterator, _AT_ONCE)]:
            for_each(
                some, lambda _path, entry: work(entry), threads=opened.target.concurrency.changing_threads,
                activity=lambda: self._throttle.paid,
            )  # fmt: skip

    def _note(self, text: str) -> None:
        self._notes.append(text)
        self._watcher.note(text)


def _about_left(counts: UndoCounts, opened: _Opened) -> tuple[str, str]:
    first = ", ".join(f"{path!r} ({why})" for path, why in counts.left[:_NAMED])
    number = counts.counts[Done.LEFT]
    more = f" and {number - _NAMED:,} more" if number > _NAMED else ""
    look = (
        f"Look at them, and at what is left in {str(opened.found.path)!r}. --move-changed undoes all: what was"
        " changed since is moved to a quarantine of its own."
    )
    return f"{counted(number, 'name')} left alone: {first}{more}. All else is as it was before.", look
