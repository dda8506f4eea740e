"""Bring a snapshot, or a part of it, back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from efs_backup.domain.commands import rsync_options
from efs_backup.domain.errors import BackupError, RestoreFailed
from efs_backup.domain.evidence import Evidence
from efs_backup.domain.orders import RestoreMode, RestoreOrder
from efs_backup.domain.parts import CopyReport, plan_parts
from efs_backup.domain.ports import Watcher
from efs_backup.domain.restoring import RestorePlan, RestoreResult, RestoreStatus
from efs_backup.domain.snapshots import SnapshotName
from efs_backup.engine.compare import Entry
from efs_backup.engine.copy import Copy, CopyOrder
from efs_backup.engine.finish import Finish, FinishOrder, make_listed_directories
from efs_backup.engine.hard_links import groups_of, relink
from efs_backup.engine.left_out import LeftOut
from efs_backup.engine.lock import reading
from efs_backup.engine.process import Runner, Tools
from efs_backup.engine.quarantine import Quarantine
from efs_backup.engine.restore_plan import Part, Planned, Sides, choose_part, plan_restore
from efs_backup.engine.series import Series
from efs_backup.engine.stop import Stop
from efs_backup.engine.survey import Survey, Surveying
from efs_backup.engine.throttle import Throttle
from efs_backup.engine.tree import Tree, most_concurrent
from efs_backup.engine.tree_walk import Stopped
from efs_backup.engine.workspace import Workspace, workspace

_AFTER_EVERY_CHANGE_NS = 2**62
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
            return self._carry_out(_Attempt(part, source, survey, private), planned, tools)
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
        surveying = Surveying(source, LeftOut(), private.part_lists(self._order.tuning))
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
        return plan_restore(self._order, sides, self._stop.is_due, listed)

    def _carry_out(self, attempt: "_Attempt", planned: Planned, tools: Tools) -> RestoreResult:
        part = attempt.part
        keeps_root = self._target.is_dir() and (self._order.mode is RestoreMode.OVERLAY or part.only is not None)
        self._target.mkdir(parents=True, exist_ok=True)
        self._make_way(planned)
        with Tree(self._target, self._throttle) as target:
            report, evidence = self._copy(attempt, target, tools)
            if report.statistics.vanished_files:
                raise RestoreFailed(f"Files of the snapshot vanished; was it pruned meanwhile?{self._moved()}", _AGAIN)
            if fault := report.fault("snapshot", "target's file system"):
                if self._stop.is_due():
                    return self._incomplete(planned.plan)
                raise fault
            if part.only is None:
                order = FinishOrder(
                    LeftOut(), _AFTER_EVERY_CHANGE_NS, evidence, whole_target=False, keeps_root=keeps_root
                )
                self._finish(attempt, target, order)
        return self._success(planned.plan)

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

    def _copy(self, attempt: "_Attempt", target: Tree, tools: Tools) -> tuple[CopyReport, Evidence]:
        self._watcher.step("copy")
        source, survey, private, tuning = attempt.source, attempt.survey, attempt.private, self._order.tuning
        self._watcher.expect(survey.files, survey.size)
        options = rsync_options((), vanishing=False, in_place=False, into_empty=False)
        sizes = plan_parts(survey.files, survey.size, most_concurrent(tuning.copier, source, target), tuning)
        private.fill(tools.fpart, tuning.copier, sizes)
        copy = Copy(CopyOrder(Path(source.root), Path(target.root), options, sizes), self._runner, tools, private)
        if attempt.part.only is not None:
            return copy.run_only(attempt.part.only), Evidence()
        report = copy.run(self._stop, self._watcher)
        make_listed_directories(target, copy.listed_directories())
        return report, Evidence(survey.remembered, copy.witnesses(survey.remembered))

    def _finish(self, attempt: "_Attempt", target: Tree, order: FinishOrder) -> None:
        self._watcher.step("finish")
        source = attempt.source
        relink(target, groups_of(source, attempt.survey.linked_inodes))
        finished = Finish(source, target, order).run()
        if finished.lost:
            named = ", ".join(repr(path) for path in finished.lost_paths[:3])
            raise RestoreFailed(f"{finished.lost} entries are missing in the target: {named}.{self._moved()}", _AGAIN)

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
    """What one restore works on."""

    part: Part
    source: Tree
    survey: Survey
    private: Workspace
