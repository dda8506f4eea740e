"""Bring a snapshot, or a part of it, back."""

import os
import shlex
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from efs_backup.copy_worker.error_numbers import NO_SPACE
from efs_backup.copy_worker.throttle import Throttle
from efs_backup.domain.copying.arrival import Fidelity, Trouble, fault_of
from efs_backup.domain.copying.commands import Comparing, Purpose
from efs_backup.domain.copying.comparison import Summary
from efs_backup.domain.copying.restore_journal import Entry, Head, Word, Yardstick
from efs_backup.domain.errors import BackupError, Hung, RestoreFailed
from efs_backup.domain.ports import Watcher
from efs_backup.domain.requests.requests import RestoreMode, RestoreRequest
from efs_backup.domain.results import RestorePlan, RestoreResult, RestoreStatus
from efs_backup.domain.sharing.alone import why_by_one
from efs_backup.domain.sharing.fleet import Fleet
from efs_backup.domain.snapshots.locations import LOST_AND_FOUND
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.engine.finalize.hard_links import separate
from efs_backup.engine.machine.mounts import mounts_below
from efs_backup.engine.machine.patience import supervised
from efs_backup.engine.machine.process import Runner, Tools
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.machine.telling import Telling
from efs_backup.engine.rest.workspace import Workspace, workspace
from efs_backup.engine.runs.restore_plan import (
    Planned,
    RestoreSides,
    Selected,
    choose_selected,
    has_lost_and_found,
    identity_of,
    plan_restore,
    refuse_same_names,
)
from efs_backup.engine.runs.sharing.leading import Leading
from efs_backup.engine.runs.sharing.restore_leading import end_restores, led_restore, order_of_restore
from efs_backup.engine.runs.sharing.restore_work import left_out_of_restore, restore_work
from efs_backup.engine.runs.transfer import Transfer, Transferred, TransferSpec
from efs_backup.engine.series.lock import reading
from efs_backup.engine.series.quarantine import Quarantine
from efs_backup.engine.series.restore_journal import Spool
from efs_backup.engine.series.series import Series
from efs_backup.engine.trees.bring import Bringer
from efs_backup.engine.trees.compare import facts_of
from efs_backup.engine.trees.left_out import LeftOut
from efs_backup.engine.trees.straight import is_straight, make_straight
from efs_backup.engine.trees.time_step import time_step_of
from efs_backup.engine.trees.tree import Tree, narrow_directory
from efs_backup.engine.trees.tree_walk import Stopped

Confirm = Callable[[RestorePlan], bool]

_PRIVATE, _PLAIN = 0o700, 0o777
_UNREAD = (
    "Mend the cause; if it is the content of a file, --no-checksum leaves it unread where size and mtime are equal."
)
_AGAIN = "Mend the cause and run the same restore again."


class RestoreRun:
    """A restore under way. `now` is its start, aware; the quarantine is named by it.

    confirm: asked once, with the plan that is then carried out as it is; nothing is touched where it says no. It must
    answer within ten minutes.
    """

    def __init__(
        self, request: RestoreRequest, *, now: datetime, runner: Runner, stop: Stop, watcher: Watcher,
        confirm: Confirm = lambda _plan: True,
    ) -> None:  # fmt: skip
        self._request = request
        self._confirm = confirm
        self._now = now
        self._series = Series(Path(request.backup).absolute(), request.label, request.interval, now)
        self._runner = runner
        self._stop = stop
        self._watcher = Telling(watcher)
        self._target = Path(request.target).absolute()
        self._throttle = Throttle(request.tuning.operations_per_second)
        self._summary = Summary()
        self._notes: list[str] = []
        self._spool: Spool | None = None
        self._quarantine = Quarantine(self._target, SnapshotName.of(now))
        self._fleet: Fleet | None = None

    def plan(self) -> RestoreResult:
        """Plan what `run` would do, touching nothing. Raises NothingThere, WrongUsage, RestoreFailed, Hung, Stopped."""
        return supervised(self._plan_only, self._activity)

    def _activity(self) -> int:
        return self._throttle.paid

    def _plan_only(self) -> RestoreResult:
        with ExitStack() as stack:
            parts = self._opened_parts(stack)
            plan = _whole([self._plan(part, source).plan for part, source in parts])
        return RestoreResult(RestoreStatus.PLANNED, plan, f"Nothing was touched.{plan.about_mounts}")

    def run(self, fleet: Fleet | None = None) -> RestoreResult:
        """Restore. Raises NothingThere, WrongUsage, RestoreFailed, ToolMissing, Hung, CopyFailed of temporary files.

        And Stopped where nothing was touched. fleet: the other instances, which this one leads; None: there are none.
        """
        self._fleet = fleet
        try:
            return replace(supervised(self._restore, self._activity), notes=tuple(self._notes))
        except Hung as error:
            raise RestoreFailed(f"{error.message}{self._moved()}", error.next_step) from error

    def _restore(self) -> RestoreResult:
        tools = Tools.find(self._runner)
        if self._fleet:
            end_restores(self._series, self._fleet, self._throttle.beat, self._note)
        with reading(self._series.path, self._note), ExitStack() as stack:
            parts = self._opened_parts(stack)
            if self._request.has_quarantine:
                self._spool = stack.enter_context(closing(Spool()))
            attempts = [self._attempt(*part, stack.enter_context(workspace(self._note)), tools) for part in parts]
            if not self._confirm(_whole([attempt.planned.plan for attempt in attempts])):
                raise Stopped
            return self._run(attempts)

    def _opened_parts(self, stack: ExitStack) -> list[tuple[Selected, Tree]]:
        parts = choose_selected(self._series, self._request)
        opened = [(part, stack.enter_context(part.opened(self._throttle))) for part in parts]
        refuse_same_names(opened)
        return opened

    def _attempt(self, part: Selected, source: Tree, private: Workspace, tools: Tools) -> "_Attempt":
        return _Attempt(part, source, private, tools, self._plan(part, source))

    def _run(self, attempts: "Sequence[_Attempt]") -> RestoreResult:
        plan = _whole([attempt.planned.plan for attempt in attempts])
        try:
            self._carry_out(attempts)
            return self._success(plan)
        except Stopped:
            return self._incomplete(plan)
        except BackupError as error:
            raise RestoreFailed(f"{error.message}{self._moved()}", error.next_step or _AGAIN) from error
        except OSError as error:
            where = error.filename or str(self._target)
            raise RestoreFailed(f"{where!r} could not be restored: {error.strerror}.{self._moved()}", _AGAIN) from error
        finally:
            self._quarantine.close()

    def _plan(self, part: Selected, source: Tree) -> Planned:
        self._watcher.step("compare")
        sides = RestoreSides(
            part, source, self._target, self._leaves_out_with(source), self._mounted, self._summary, self._spool
        )
        try:
            planned = plan_restore(self._request, sides, self._stop.is_due)
        except OSError as error:
            where = error.filename or str(self._target)
            raise RestoreFailed(f"{where!r} cannot be read: {error.strerror}; nothing was touched.", _UNREAD) from error
        if self._request.has_quarantine and planned.in_the_way:
            with Tree(self._target, self._throttle) as target:
                self._quarantine.check(target)
        return planned

    def _leaves_out_with(self, source: Tree) -> Callable[[str], bool]:
        """Leave out of the target what is not the source's: the quarantine, and what its file system needs itself."""
        is_disks_own = has_lost_and_found(self._target) and source.find(LOST_AND_FOUND) is None
        return lambda path: self._quarantine.leaves_out(path) or (is_disks_own and path == LOST_AND_FOUND)

    @cached_property
    def _mounted(self) -> frozenset[str]:
        """The mount points in the target: nothing is changed beyond them."""
        return frozenset(mounts_below(str(self._target))) - {""}

    @cached_property
    def _left_out(self) -> LeftOut:
        return left_out_of_restore(self._mounted, self._request.chosen)

    def _carry_out(self, attempts: "Sequence[_Attempt]") -> None:
        with self._opened_target(attempts[0]) as target:
            self._begin_journal(attempts, target)
            for attempt in attempts:
                self._bring_part(attempt, target)
            self._quarantine.end()

    def _begin_journal(self, attempts: "Sequence[_Attempt]", target: Tree) -> None:
        """Note what is going to be done, where there is something to be undone.

        A mirror into nothing is undone by deleting all that is there then. Where no place is safe for a journal alone,
        a mirror does without.
        """
        spool, first = self._spool, attempts[0].planned
        if not spool or not (self._request.keeps_replaced or _has_content(target, self._quarantine)):
            return
        if not self._keeps_root(attempts[0]) and first.target is not None:
            self._note_root(spool, attempts[0].source, target)
        if not spool.count:
            return
        place, plan = self._series, first.plan
        head = Head(
            str(self._quarantine.target), os.fstat(target.descriptor).st_ino, first.target is None,
            time_step_of(target.descriptor), os.geteuid() == 0, str(plan.snapshot), str(place.label),
            str(place.interval), str(plan.mode), self._now,
        )  # fmt: skip
        try:
            self._quarantine.begin(target, head, spool)
        except RestoreFailed as error:
            if self._request.keeps_replaced or self._quarantine.exists or first.in_the_way:
                raise
            self._note(f"It cannot be undone by `efs-backup undo`: {error.message}")
        except OSError as error:
            if self._request.keeps_replaced or error.errno not in NO_SPACE:
                raise
            self._note(f"It cannot be undone by `efs-backup undo`: there is no room for a journal ({error.strerror}).")

    def _note_root(self, spool: Spool, source: Tree, target: Tree) -> None:
        wanted, there = (facts_of(os.fstat(tree.descriptor)) for tree in (source, target))
        if not Yardstick(os.geteuid() == 0, 1).has_rights(wanted, there):
            spool.add(Entry(Word.RIGHTS, "", wanted, there))

    def _bring_part(self, attempt: "_Attempt", target: Tree) -> None:
        self._make_way(attempt, target)
        fidelity = Fidelity(os.geteuid() == 0, time_step_of(target.descriptor))
        bringer = Bringer(attempt.source, target, fidelity, self._stop.is_due)
        troubles = self._bring_all(attempt, bringer, target, fidelity)
        if fault := fault_of(troubles, 0, "snapshot", "target's file system"):
            raise fault
        if troubles:
            raise RestoreFailed(f"Not restored: {troubles[0]}.{self._moved()}", _AGAIN)

    def _bring_all(self, attempt: "_Attempt", bringer: Bringer, target: Tree, fidelity: Fidelity) -> list[Trouble]:
        """Bring what was asked for; return what could not be brought. Raises RestoreFailed, BackupError, Stopped."""
        if attempt.part.only is not None:
            return self._bring_one(attempt, attempt.part.only, bringer)
        done = self._transfer(attempt, target, fidelity)
        for note in done.notes:
            self._note(note)
        if done.statistics.vanished_files:
            raise RestoreFailed(f"Files of the snapshot vanished; was it pruned meanwhile?{self._moved()}", _AGAIN)
        if fault := done.fault("snapshot", "target's file system"):
            raise Stopped if not (done.is_whole or done.is_full) and self._stop.is_due() else fault
        return done.troubles

    def _transfer(self, attempt: "_Attempt", target: Tree, fidelity: Fidelity) -> Transferred:
        self._watcher.step("copy")
        comparing = Comparing(fidelity.time_step_ns, attempt.planned.has_hidden_changes)
        spec = TransferSpec(
            attempt.source, target, Purpose.RESTORE, self._request.tuning, comparing, self._left_out,
            keeps_root=self._keeps_root(attempt),
        )  # fmt: skip
        runner, tools = self._runner, attempt.tools
        with self._led(attempt, spec) as sharing:
            shared = replace(spec, sharing=sharing)
            transfer = Transfer(shared, attempt.private, runner, tools, stop=self._stop, watcher=self._watcher)
            return transfer.run()

    @contextmanager
    def _led(self, attempt: "_Attempt", spec: TransferSpec) -> Iterator[Leading | None]:
        """Lead the other instances, if there are any, and this can be shared."""
        if self._fleet is None:
            yield None
            return
        parts, mounts = len(self._request.paths), len(self._mounted)
        why = why_by_one(parts=parts, mounts=mounts, copier=self._request.tuning.copier)
        if why:
            self._note(f"Restored by one instance: {why}.")
            yield None
            return
        order = order_of_restore(self._fleet.name, self._request, attempt.part, spec)
        work = restore_work(spec, self._series.path, self._runner, attempt.tools, order.identity, self._note)
        with led_restore(self._fleet, order, work, self._stop, self._watcher, self._note) as leading:
            yield leading

    def _bring_one(self, attempt: "_Attempt", name: str, bringer: Bringer) -> list[Trouble]:
        self._watcher.step("copy")
        outcome = bringer.bring(name, attempt.part.was)
        if outcome is None:
            raise RestoreFailed(f"{name!r} vanished from the snapshot; was it pruned meanwhile?{self._moved()}", _AGAIN)
        return [outcome] if isinstance(outcome, Trouble) else []

    def _opened_target(self, attempt: "_Attempt") -> Tree:
        """The directory that was compared, or a new one; a new private one is so from the beginning."""
        planned = attempt.planned
        if planned.target is None:
            self._make_target(_PLAIN if attempt.part.only is not None or self._has_several else _PRIVATE)
        tree = Tree(self._target, self._throttle)
        is_new = planned.target is None and self._is_ours(tree)
        if (planned.target != identity_of(tree) and not is_new) or not self._is_straight(tree):
            tree.close()
            raise RestoreFailed(f"Somebody has replaced the target {str(self._target)!r} meanwhile.", _AGAIN)
        return tree

    def _make_target(self, mode: int) -> None:
        if self._request.within is not None:
            make_straight(Path(self._request.within), self._target, mode)
            return
        self._target.parent.mkdir(parents=True, exist_ok=True)
        os.mkdir(self._target, mode)

    def _is_straight(self, tree: Tree) -> bool:
        root = self._request.within
        return root is None or is_straight(Path(root), self._target, tree.descriptor)

    def _is_ours(self, tree: Tree) -> bool:
        """Whether a new target is what was made: somebody may have put something else into its place at once."""
        found, opened = self._target.lstat(), os.fstat(tree.descriptor)
        return (found.st_dev, found.st_ino, opened.st_uid) == (opened.st_dev, opened.st_ino, os.geteuid())

    def _make_way(self, attempt: "_Attempt", target: Tree) -> None:
        """Remove what is in the way, and keep from others what they shall not see or have changed with it."""
        self._watcher.step("make way")
        planned = attempt.planned
        for found in planned.in_the_way:
            if self._request.has_quarantine:
                self._quarantine.take(target, found.path)
            elif stat.S_ISDIR(target.stat(found.path).st_mode):
                target.remove_directory(found.path)
            else:
                target.unlink(found.path)
        narrowed = planned.narrowed if self._keeps_root(attempt) else ("", *planned.narrowed)
        for path in narrowed if attempt.part.only is None else ():
            with target.opened(path, to_list=False) as descriptor:
                narrow_directory(descriptor, attempt.source.stat(path))
        separate(target, [path for path in planned.in_place if target.stat(path).st_nlink > 1])

    def _keeps_root(self, attempt: "_Attempt") -> bool:
        """Of several paths none is what the target itself is, and of chosen ones neither."""
        had_target, mode = attempt.planned.target is not None, self._request.mode
        is_part = self._request.chosen is not None and mode is RestoreMode.MIRROR
        return self._has_several or (had_target and (is_part or mode is RestoreMode.OVERLAY))

    @property
    def _has_several(self) -> bool:
        return len(self._request.paths) > 1

    def _success(self, plan: RestorePlan) -> RestoreResult:
        place = str(self._quarantine.path) if self._quarantine.exists else None
        undo = _about_undo(place) if place else ""
        message = f"Restored snapshot {plan.snapshot} into {plan.target!r}.{plan.about_mounts}"
        return RestoreResult(RestoreStatus.SUCCESS, plan, message, undo, place)

    def _incomplete(self, plan: RestorePlan) -> RestoreResult:
        place = str(self._quarantine.path) if self._quarantine.exists else None
        message = f"Stopped before the end: {self._stop.reason()}.{self._moved()}"
        return RestoreResult(RestoreStatus.INCOMPLETE, plan, message, "Run the same restore again to go on.", place)

    def _note(self, text: str) -> None:
        self._notes.append(text)
        self._watcher.note(text)

    def _moved(self) -> str:
        return f" What was replaced is in {str(self._quarantine.path)!r}." if self._quarantine.exists else ""


def _about_undo(place: str) -> str:
    way = f"`efs-backup undo {shlex.quote(place)}` puts it back"
    return f"What was there before is in {place!r}; {way}. Delete it when it is not needed."


def _has_content(target: Tree, quarantine: Quarantine) -> bool:
    return any(not quarantine.leaves_out(name) and name != LOST_AND_FOUND for name in target.names(""))


@dataclass(frozen=True)
class _Attempt:
    """One part of a restore under way."""

    part: Selected
    source: Tree
    private: Workspace
    tools: Tools
    planned: Planned


def _whole(plans: Sequence[RestorePlan]) -> RestorePlan:
    """The plan of all parts together; they have one summary."""
    return replace(plans[0], left_alone=tuple(sorted({path for plan in plans for path in plan.left_alone})))
