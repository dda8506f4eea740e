"""Bring a snapshot, or a part of it, back."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from efs_backup.domain.arrival import Fidelity, Trouble, fault_of
from efs_backup.domain.commands import Comparing, rsync_options
from efs_backup.domain.errors import BackupError, RestoreFailed
from efs_backup.domain.evidence import Evidence
from efs_backup.domain.orders import RestoreMode, RestoreOrder
from efs_backup.domain.parts import CopyReport, plan_parts
from efs_backup.domain.ports import Watcher
from efs_backup.domain.restoring import RestorePlan, RestoreResult, RestoreStatus
from efs_backup.domain.snapshots import SnapshotName
from efs_backup.engine.bring import Bringer
from efs_backup.engine.compare import Entry
from efs_backup.engine.copy import Copy, CopyOrder
from efs_backup.engine.finish import Finish, FinishOrder, make_listed_directories
from efs_backup.engine.hard_links import groups_of, relink
from efs_backup.engine.lock import reading
from efs_backup.engine.process import Runner, Tools
from efs_backup.engine.quarantine import Quarantine
from efs_backup.engine.restore_plan import Part, Planned, Sides, choose_part, plan_restore
from efs_backup.engine.series import Series
from efs_backup.engine.stop import Stop
from efs_backup.engine.survey import Survey, Surveying
from efs_backup.engine.throttle import Throttle
from efs_backup.engine.time_step import time_step_of
from efs_backup.engine.tree import Tree, most_concurrent
from efs_backup.engine.tree_walk import Stopped
from efs_backup.engine.workspace import Workspace, workspace

_UNREAD = (
    "Mend the cause; if it is the content of a file, --no-checksum leaves it unread where size and mtime are equal."
)
_AGAIN = "Mend the cause and run the same restore again."


class RestoreRun:
    """A restore under way. `now` is its start, aware; the quarantine is named by it."""

    def __init__(self, order: RestoreOrder, *, now: datetime, runner: Runner, stop: Stop, watcher: Watcher) -> None:
        self._order = order
        self._series = Series(Path(order.backup).absolute(), order.label, order.interval, now)
        self._runner = runner
        self._stop = stop
        self._watcher = watcher
        self._target = Path(order.target).absolute()
        self._throttle = Throttle(order.tuning.operations_per_second)
        self._quarantine = Quarantine(self._target, SnapshotName.of(now))

    def plan(self) -> RestoreResult:
        """What `run` would do; nothing is touched. Raises NothingThere, WrongUsage, RestoreFailed and Stopped."""
        part = choose_part(self._series, self._order)
        with Tree(part.directory, self._throttle) as source:
            plan = self._plan(part, source).plan
        return RestoreResult(RestoreStatus.PLANNED, plan, "Nothing was touched.")

    def run(self) -> RestoreResult:
        """Restore. Raises NothingThere, WrongUsage, RestoreFailed, ToolMissing, and CopyFailed of temporary files."""
        tools = Tools.find(self._runner)
        with reading(self._series.path), workspace() as private:
            part = choose_part(self._series, self._order)
            with Tree(part.directory, self._throttle) as source:
                return self._run(part, source, private, tools)

    def _run(self, part: Part, source: Tree, private: Workspace, tools: Tools) -> RestoreResult:
        planned, survey = self._plan_and_survey(part, source, private)
        try:
            had_target = self._target.is_dir()
            return self._carry_out(_Attempt(part, source, survey, private, tools, had_target), planned)
        except Stopped:
            return self._incomplete(planned.plan)
        except BackupError as error:
            raise RestoreFailed(f"{error.message}{self._moved()}", error.next_step or _AGAIN) from error
        except OSError as error:
            where = error.filename or str(self._target)
            raise RestoreFailed(f"{where!r} could not be restored: {error.strerror}.{self._moved()}", _AGAIN) from error

    def _plan_and_survey(self, part: Part, source: Tree, private: Workspace) -> tuple[Planned, Survey]:
        """One walk over the snapshot serves both."""
        if part.only is not None:
            return self._plan(part, source), Survey(1)
        surveying = Surveying(source, _nothing_is_left_out, private.part_lists(self._order.tuning))
        planned = self._plan(part, source, surveying.take)
        return planned, surveying.survey()

    def _plan(
        self,
        part: Part,
        source: Tree,
        listed: Callable[[str, Sequence[Entry]], object] = lambda _directory, _entries: None,
    ) -> Planned:
        self._watcher.step("compare")
        sides = Sides(part, source, self._target, self._quarantine.leaves_out)
        try:
            return plan_restore(self._order, sides, self._stop.is_due, listed)
        except OSError as error:
            where = error.filename or str(self._target)
            raise RestoreFailed(f"{where!r} cannot be read: {error.strerror}; nothing was touched.", _UNREAD) from error

    def _carry_out(self, attempt: "_Attempt", planned: Planned) -> RestoreResult:
        self._target.mkdir(parents=True, exist_ok=True)
        self._make_way(planned)
        with Tree(self._target, self._throttle) as target:
            fidelity = Fidelity(os.geteuid() == 0, time_step_of(target.descriptor))
            bringer = Bringer(attempt.source, target, fidelity, self._stop.is_due)
            troubles = self._bring_all(attempt, planned, bringer, target, fidelity)
            if fault := fault_of(troubles, 0, "snapshot", "target's file system"):
                raise fault
            if troubles:
                raise RestoreFailed(f"Not restored: {troubles[0]}.{self._moved()}", _AGAIN)
        return self._success(planned.plan)

    def _bring_all(
        self, attempt: "_Attempt", planned: Planned, bringer: Bringer, target: Tree, fidelity: Fidelity
    ) -> list[Trouble]:
        """What could not be brought. Raises RestoreFailed, BackupError and Stopped."""
        if attempt.part.only is not None:
            return self._bring_one(attempt.part.only, bringer)
        keeps_root = attempt.had_target and self._order.mode is RestoreMode.OVERLAY
        report, evidence = self._copy(attempt, planned, target, fidelity)
        if report.statistics.vanished_files:
            raise RestoreFailed(f"Files of the snapshot vanished; was it pruned meanwhile?{self._moved()}", _AGAIN)
        if fault := report.fault("snapshot", "target's file system"):
            raise Stopped if not report.is_settled and self._stop.is_due() else fault
        troubled = frozenset(trouble.path for trouble in report.troubles)
        order = FinishOrder(
            _nothing_is_left_out, evidence, whole_target=False, keeps_root=keeps_root, troubled=troubled
        )
        return [*report.troubles, *self._finish(attempt, target, bringer, order)]

    def _bring_one(self, name: str, bringer: Bringer) -> list[Trouble]:
        self._watcher.step("copy")
        outcome = bringer.bring(name)
        if outcome is None:
            raise RestoreFailed(f"{name!r} vanished from the snapshot; was it pruned meanwhile?{self._moved()}", _AGAIN)
        return [outcome] if isinstance(outcome, Trouble) else []

    def _make_way(self, planned: Planned) -> None:
        self._watcher.step("make way")
        for found in planned.in_the_way:
            path = self._target / found.path
            if self._order.mode is RestoreMode.MIRROR:
                self._quarantine.take(found.path)
            elif path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink()

    def _copy(
        self, attempt: "_Attempt", planned: Planned, target: Tree, fidelity: Fidelity
    ) -> tuple[CopyReport, Evidence]:
        self._watcher.step("copy")
        source, survey, private, tuning = attempt.source, attempt.survey, attempt.private, self._order.tuning
        self._watcher.expect(survey.files, survey.size)
        comparing = Comparing(fidelity.time_step_ns, planned.has_hidden_changes)
        options = rsync_options((), vanishing=False, into_empty=False, comparing=comparing)
        sizes = plan_parts(survey.files, survey.size, most_concurrent(tuning.copier, source, target), tuning)
        private.fill(attempt.tools.fpart, tuning.copier, sizes, comparing)
        order = CopyOrder(source, target, options, sizes, fidelity, into_live=True)
        copy = Copy(order, self._runner, attempt.tools, private)
        report = copy.run(self._stop, self._watcher)
        for note in report.told():
            self._watcher.note(note)
        make_listed_directories(target, copy.listed_directories())
        return report, Evidence(survey.remembered, copy.witnesses(survey.remembered))

    def _finish(self, attempt: "_Attempt", target: Tree, bringer: Bringer, order: FinishOrder) -> list[Trouble]:
        self._watcher.step("finish")
        source = attempt.source
        relink(target, groups_of(source, attempt.survey.linked_inodes))
        return Finish(source, target, bringer, order).run().troubles

    def _success(self, plan: RestorePlan) -> RestoreResult:
        place = str(self._quarantine.path) if self._quarantine.exists else None
        undo = f"What was there before is in {place!r}; delete it when it is not needed." if place else ""
        message = f"Restored snapshot {plan.snapshot} into {plan.target!r}."
        return RestoreResult(RestoreStatus.SUCCESS, plan, message, undo, place)

    def _incomplete(self, plan: RestorePlan) -> RestoreResult:
        place = str(self._quarantine.path) if self._quarantine.exists else None
        message = f"Stopped before the end: {self._stop.reason()}.{self._moved()}"
        return RestoreResult(RestoreStatus.INCOMPLETE, plan, message, "Run the same restore again to go on.", place)

    def _moved(self) -> str:
        return f" What was replaced is in {str(self._quarantine.path)!r}." if self._quarantine.exists else ""


@dataclass(frozen=True)
class _Attempt:
    """What one restore works on. had_target: the target was there before."""

    part: Part
    source: Tree
    survey: Survey
    private: Workspace
    tools: Tools
    had_target: bool


def _nothing_is_left_out(_path: str) -> bool:
    return False
