"""One backup: an empty partial, one copy that links what is unchanged, a check, a rename."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from efs_backup.copy_worker.throttle import Throttle
from efs_backup.domain.copying.arrival import Fidelity, Trouble, fault_of, warnings_of
from efs_backup.domain.copying.commands import RSYNC_PATCHED, Comparing, PartSizes, rsync_options
from efs_backup.domain.copying.evidence import Evidence
from efs_backup.domain.copying.parts import CopyReport, plan_parts
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.errors import BackupError, CopyFailed, FailureReason, Hung
from efs_backup.domain.humanize import counted, foreign_sentence
from efs_backup.domain.ports import Watcher
from efs_backup.domain.requests.requests import BackupRequest
from efs_backup.domain.requests.tuning import Copier
from efs_backup.domain.results import BackupResult, BackupStatus, Step
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.series_rules import Settled
from efs_backup.domain.warnings import Warned, WarningKind
from efs_backup.engine.finalize.completion import Completion
from efs_backup.engine.finalize.finish import Finished, FinishOrder, make_listed_directories
from efs_backup.engine.machine.os_errors import FREE_SPACE, refusal, refusals_named
from efs_backup.engine.machine.patience import LAST_WORDS_SECONDS, supervised, within
from efs_backup.engine.machine.process import Runner, Tools
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.machine.telling import Telling
from efs_backup.engine.rest.copy import Copy, CopySpec
from efs_backup.engine.rest.workspace import Workspace, workspace
from efs_backup.engine.runs.backup_inside import left_out_of_backup
from efs_backup.engine.runs.preflight import check_backup, check_source, refuse_nesting, refuse_sudden_emptiness
from efs_backup.engine.runs.recognition import hold_of, look_for_lost_mounts, recognize, remember, server_time
from efs_backup.engine.series.flush_marks import Flusher, FlushMark, remove_marks
from efs_backup.engine.series.journal import Journal
from efs_backup.engine.series.lock import Owner, locked
from efs_backup.engine.series.prune import BUSY, prune
from efs_backup.engine.series.references import Reference, partial_references, snapshot_references
from efs_backup.engine.series.series import Series, Snapshot
from efs_backup.engine.series.unfinished import UnfinishedFiles
from efs_backup.engine.trees.bring import Bringer
from efs_backup.engine.trees.left_out import LeftOut
from efs_backup.engine.trees.time_step import time_step_of
from efs_backup.engine.trees.tree import Tree, slowest_concurrency
from efs_backup.engine.trees.tree_walk import Stopped
from efs_backup.engine.walk.survey import Survey, take_survey

FLUSH_PATIENCE_SECONDS = 3600.0
"""How long a file system may take to write all that it still has in memory."""

PARTIALS_USED = 3
"""Left-over partials that a backup continues from; each is one more place for rsync to look in."""

_KEPT = "All older snapshots are as they were."
_NEXT_STEPS = {
    FailureReason.BACKUP_FULL: FREE_SPACE,
    FailureReason.SOURCE_UNREADABLE: "Mend the source, or leave what is named out with --exclude; then run it again.",
}


class BackupRun:
    """A backup under way. `now` is its start, aware; the snapshot is named by it."""

    def __init__(self, request: BackupRequest, *, now: datetime, runner: Runner, stop: Stop, watcher: Watcher) -> None:
        self._request = request
        self._now = now
        self._runner = runner
        self._stop = stop
        self._watcher = Telling(watcher)
        self._throttle = Throttle(request.tuning.operations_per_second)
        self._steps: list[Step] = []
        self._notes: list[str] = []
        self._warnings: list[Warned] = []
        self._settled = Settled(request, None)
        self._hold = ""

    def run(self) -> BackupResult:
        """Back up. Every end that has a name is a result; WrongUsage and what has no name are raised."""
        return self._result_of(lambda: supervised(lambda: self._result_of(self._run), self._activity))

    def _activity(self) -> int:
        return self._throttle.paid

    def _result_of(self, work: Callable[[], BackupResult]) -> BackupResult:
        try:
            return work()
        except Stopped:
            return self._incomplete("before anything was copied", CopyStatistics())
        except BackupError as error:
            return self._failed(error)
        except OSError as error:
            return self._failed(refusal(error, self._request.backup))

    def _run(self) -> BackupResult:
        tools = self._find_tools()
        source = within(lambda: check_source(self._request.source), self._request.source)
        backup = within(lambda: check_backup(self._request.backup), self._request.backup)
        refuse_nesting(source, "SOURCE", backup, "BACKUP")
        series = Series(backup, self._request.label, self._request.interval, self._now)
        self._obey(recognize(self._request, source, series))
        with refusals_named(str(backup)):
            backup.mkdir(exist_ok=True)
        series.prepare()
        with (
            locked(series.path, Owner.this_process(self._runner.family, self._now)) as dead,
            Tree(source, self._throttle) as tree,
        ):
            if dead:
                self._note(f"The lock was taken over: its owner has died ({dead}).")
            if self._settled.at_once:
                remember(self._settled, series)
            journal = Journal(series.path, self._note)
            journal.begin(self._request, self._runner.family, self._now)
            result = self._result_of(lambda: self._back_up(tree, series, tools))
            with suppress(Hung):
                within(lambda: journal.end(result), str(series.path), LAST_WORDS_SECONDS)
            return replace(result, notes=tuple(self._notes))

    def _obey(self, settled: Settled) -> None:
        """Go on by the rules of the series, and say what is odd about it."""
        self._settled, self._request = settled, settled.request
        for note in settled.notes:
            self._note(note)
        for warned in settled.warnings:
            self._warn(warned)

    def _find_tools(self) -> Tools:
        tools = Tools.find(self._runner)
        if tools.rsync_version < RSYNC_PATCHED:
            self._note(
                f"rsync {_dotted(tools.rsync_version)} is older than {_dotted(RSYNC_PATCHED)}, which closes holes that"
                " matter when root copies what others write; check that your distribution has mended them."
            )
        return tools

    def _back_up(self, source: Tree, series: Series, tools: Tools) -> BackupResult:
        series.check_hard_links()
        if foreign := series.foreign():
            self._note(foreign_sentence(foreign))
        adopted = series.adopt(self._note)
        for old in adopted:
            self._note(f"Adopted a snapshot of the old layout as {old.name}.")
        snapshots, partials = series.snapshots(), series.partials()
        self._hold_if_odd(series, [] if adopted else snapshots)
        with workspace(self._note) as private:
            left_out = left_out_of_backup(source, self._request, series)
            survey = self._survey(source, private, left_out)
            if survey.is_empty and not self._request.allow_empty:
                refuse_sudden_emptiness(self._request.source, snapshots)
            name = series.free_name(
                SnapshotName.following([known.name for known in (*snapshots, *partials)], self._now)
            )
            previous = snapshots[0].name if snapshots else None
            with snapshot_references(series, snapshots, self._note) as published:
                references = [*self._usable(series, partials), *published]
                attempt = _Attempt(source, series, name, references, survey, private, previous, left_out)
                return self._fill_and_publish(attempt, tools)

    def _usable(self, series: Series, partials: list[Snapshot]) -> list[Reference]:
        """Left-over partials to continue from; rsync alone cannot tell which of their files were flushed."""
        marked = partial_references(series, partials[:PARTIALS_USED])
        if lost := sum(one.is_lost for one in marked):
            self._note(f"{counted(lost, 'partial')} of a killed backup may not have reached the disk: copied anew.")
        is_exact = self._request.tuning.copier is not Copier.RSYNC
        return [one for one in marked if one.is_whole or (is_exact and not one.is_lost)]

    def _hold_if_odd(self, series: Series, snapshots: list[Snapshot]) -> None:
        """Look at the clocks. `snapshots` are those whose names a clock has given."""
        self._hold = hold_of(self._settled, series, snapshots, server=server_time(series.path))
        if self._hold and not self._settled.hold:
            self._warn(Warned(WarningKind.CLOCK_JUMPED, self._hold))

    def _survey(self, source: Tree, private: Workspace, left_out: LeftOut) -> Survey:
        """What is found is listed for our copier, and where something is left out; else fpart lists it for rsync."""
        with self._step("survey"):
            survey, is_listed = self._look(source, private, left_out)
            if left_out and not is_listed:  # BACKUP itself turned up, which fpart would list
                survey, _ = self._look(source, private, left_out)
        for warned in left_out.warnings():
            self._warn(warned)
        for note in left_out.notes():
            self._note(note)
        return survey

    def _look(self, source: Tree, private: Workspace, left_out: LeftOut) -> tuple[Survey, bool]:
        tolerated = self._request.tolerated_unreadable
        lists = private.part_lists(self._request.tuning, leaves_out=bool(left_out) or tolerated > 0)
        return take_survey(source, left_out, self._stop.is_due, lists, tolerated), lists is not None

    def _fill_and_publish(self, attempt: "_Attempt", tools: Tools) -> BackupResult:
        partial = attempt.series.create_partial(attempt.name)
        mark = FlushMark(attempt.series.path, attempt.name)
        mark.forget()
        with closing(Flusher(self._runner, partial, mark, beat=self._throttle.beat)) as flusher:
            return self._fill_and_publish_partial(attempt, partial, flusher, tools)

    def _fill_and_publish_partial(
        self, attempt: "_Attempt", partial: Path, flusher: Flusher, tools: Tools
    ) -> BackupResult:
        with Tree(partial, self._throttle) as target:
            report = CopyReport(crawl_finished=False, crawl_complaints=(), parts=())
            try:
                comparing = self._comparing(attempt, target)
                report, evidence = self._copy(attempt, target, flusher, tools, comparing)
                fault = report.fault(tolerated=self._request.tolerated_unreadable)
                finished = None if fault else self._finish(attempt, target, evidence, report, comparing)
                troubles = self._warn_of_troubles(attempt, report, finished)
                if finished:
                    self._note_brought(finished)
                    fault = fault_of(troubles, self._request.tolerated_unreadable, "source", "backup file system")
            except Hung:
                raise  # whatever touches the file systems now may wait for ever
            except BaseException:
                self._keep_or_discard(attempt, partial, report, flusher)
                raise
            if fault or not finished:
                self._keep_or_discard(attempt, partial, report, flusher)
                if isinstance(fault, CopyFailed) and not report.is_settled and self._stop.is_due():
                    return self._cut_off(attempt, report)
                raise fault or CopyFailed("The copy was stopped before its end.")
        snapshot = self._publish(attempt, flusher)
        return self._succeed(attempt, snapshot, report, finished)

    def _copy(
        self, attempt: "_Attempt", target: Tree, flusher: Flusher, tools: Tools, comparing: Comparing
    ) -> tuple[CopyReport, Evidence]:
        sizes, private = self._sizes(attempt, target), attempt.private
        with self._step("copy"):
            private.fill(tools.fpart, self._request.tuning.copier, sizes, comparing)
            self._watcher.expect(attempt.survey.files, attempt.survey.size)
            links = private.links("reference", [reference.path for reference in attempt.references])
            options = rsync_options(links, vanishing=True, into_empty=True, comparing=comparing)
            request = CopySpec(attempt.source, target, options, sizes, _fidelity(comparing))
            copy = Copy(request, self._runner, tools, private)
            report = copy.run(self._stop, self._watcher, flusher.tick)
            for note in report.told():
                self._note(note)
            if not report.fault(tolerated=self._request.tolerated_unreadable):
                make_listed_directories(target, copy.listed_directories())
            surveyed = attempt.survey.remembered
            return report, Evidence(surveyed, copy.witnesses(surveyed))

    def _comparing(self, attempt: "_Attempt", target: Tree) -> Comparing:
        step = time_step_of(target.descriptor)
        if step > 1:
            self._note(
                f"The backup file system keeps times by {step:,} ns only: a file that keeps its size, and whose time"
                " changes by less, is not seen as changed."
            )
        believed = tuple(reference.believed_ns for reference in attempt.references)
        return Comparing(step, self._request.with_content, believed, str(attempt.unfinished.make()))

    def _sizes(self, attempt: "_Attempt", target: Tree) -> PartSizes:
        concurrency = slowest_concurrency(self._request.tuning.copier, attempt.source, target)
        survey = attempt.survey
        return plan_parts(survey.files, survey.size, concurrency, self._request.tuning)

    def _finish(
        self, attempt: "_Attempt", target: Tree, evidence: Evidence, report: CopyReport, comparing: Comparing
    ) -> Finished:
        with self._step("finish"):
            troubled = frozenset(trouble.path for trouble in (*attempt.survey.troubles, *report.troubles))
            request = FinishOrder(attempt.left_out, evidence, whole_target=True, troubled=troubled)
            bringer = Bringer(attempt.source, target, _fidelity(comparing))
            finished = Completion(attempt.source, target, bringer, request).run(attempt.survey.linked_inodes)
            self._hold_if_unmounted(attempt)
            return finished

    def _hold_if_unmounted(self, attempt: "_Attempt") -> None:
        """Look at the mounts below the source again, after the last look at its names. Raises SourceChanged."""
        backup = attempt.series.label_path.parent
        if lost := look_for_lost_mounts(self._settled, Path(attempt.source.root), backup):
            self._warn(lost)
            self._hold = self._hold or str(lost)

    def _warn_of_troubles(self, attempt: "_Attempt", report: CopyReport, finished: Finished | None) -> list[Trouble]:
        """Name all that is in trouble, each name once: a fault's own sentence has room for three."""
        troubles = (*attempt.survey.troubles, *report.troubles, *(finished.troubles if finished else ()))
        known = list({trouble.path: trouble for trouble in reversed(troubles)}.values())
        for warned in warnings_of(known):
            self._warn(warned)
        return known

    def _note_brought(self, finished: Finished) -> None:
        if finished.brought:
            names = counted(finished.brought, "name")
            self._note(f"{names} had to be copied one by one: they came during the backup, or a listing broke off.")

    def _publish(self, attempt: "_Attempt", flusher: Flusher) -> Snapshot:
        with self._step("publish"):
            flusher.flush(FLUSH_PATIENCE_SECONDS)
            return attempt.series.publish(attempt.name)

    def _succeed(self, attempt: "_Attempt", snapshot: Snapshot, report: CopyReport, finished: Finished) -> BackupResult:
        copied = report.statistics
        statistics = CopyStatistics(
            finished.files, copied.number_of_files_transferred + finished.brought, finished.linked,
            copied.total_file_size + finished.brought_size,
            copied.total_transferred_file_size + finished.brought_size, copied.vanished_files,
        )  # fmt: skip
        self._remember(attempt.series, snapshot.name)
        pruned = self._prune(attempt.series)
        return BackupResult(
            BackupStatus.SUCCESS,
            f"Snapshot {snapshot.name} holds {statistics.number_of_files} files.",
            snapshot=snapshot.name, path=str(snapshot.path), previous=attempt.previous, statistics=statistics,
            pruned=pruned, steps=tuple(self._steps), notes=tuple(self._notes), warnings=tuple(self._warnings),
        )  # fmt: skip

    def _remember(self, series: Series, published: SnapshotName) -> None:
        """Have the series know what this backup has seen. The snapshot is there, whatever becomes of this."""
        try:
            remember(self._settled, series, published)
        except BackupError as error:
            self._warn(Warned(WarningKind.SERIES_NOT_WRITTEN, f"series.json could not be written: {error.message}"))

    def _prune(self, series: Series) -> tuple[SnapshotName, ...]:
        """What fails here is no failure of the backup: the snapshot is there, and the next backup prunes again."""
        with self._step("prune"):
            try:
                leftovers = tuple(leftover.path for leftover in series.partials())
                pruned = prune(
                    series, self._request.retention, self._stop.is_due, self._throttle, leftovers, self._hold
                )
                remove_marks(series.path)
                UnfinishedFiles(series.path).forget()
            except (BackupError, OSError) as error:
                self._note(f"Pruning failed and will be tried again by the next backup: {error}")
                return ()
        if pruned.plan is None:
            self._note(f"Nothing was pruned, for {BUSY}; the next backup prunes.")
        if not pruned.is_whole:
            self._note("Not all dropped snapshots are deleted yet; the next backup goes on.")
        for warned in pruned.warnings:
            self._warn(warned)
        return pruned.dropped

    def _cut_off(self, attempt: "_Attempt", report: CopyReport) -> BackupResult:
        for note in attempt.unfinished.told():
            self._note(note)
        copied = counted(report.statistics.number_of_files_transferred, "file")
        return self._incomplete(f"with {copied} copied", report.statistics, attempt)

    def _keep_or_discard(self, attempt: "_Attempt", partial: Path, report: CopyReport, flusher: Flusher) -> None:
        """Keep what the next backup can continue from; older partials stay too, until a backup is whole."""
        if not report.is_worth_continuing and attempt.series.partials()[1:]:
            attempt.series.discard(partial)
        elif not self._stop.is_urgent:
            flusher.finish()
        for outdated in attempt.series.partials()[PARTIALS_USED:]:
            attempt.series.discard(outdated.path)

    def _incomplete(self, how_far: str, statistics: CopyStatistics, attempt: "_Attempt | None" = None) -> BackupResult:
        return BackupResult(
            BackupStatus.INCOMPLETE,
            f"Stopped {how_far}: {self._stop.reason()}. {_KEPT}",
            "Run the backup again: it continues from what is copied.",
            previous=attempt.previous if attempt else None,
            statistics=statistics, steps=tuple(self._steps), notes=tuple(self._notes), warnings=tuple(self._warnings),
        )  # fmt: skip

    def _failed(self, error: BackupError) -> BackupResult:
        next_step = error.next_step or _NEXT_STEPS.get(error.reason, "Mend the cause and run the backup again.")
        return BackupResult(
            BackupStatus.FAILED, f"{error.message} {_KEPT}", next_step, error.reason,
            steps=tuple(self._steps), notes=tuple(self._notes), warnings=tuple(self._warnings),
        )  # fmt: skip

    def _note(self, text: str) -> None:
        self._notes.append(text)
        self._watcher.note(text)

    def _warn(self, warned: Warned) -> None:
        self._warnings.append(warned)
        self._watcher.note(f"Warning: {warned}")

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        self._watcher.step(name)
        started = time.monotonic()
        try:
            yield
        finally:
            self._steps.append(Step(name, time.monotonic() - started))


@dataclass(frozen=True)
class _Attempt:
    """What one backup works on."""

    source: Tree
    series: Series
    name: SnapshotName
    references: list[Reference]
    survey: Survey
    private: Workspace
    previous: SnapshotName | None
    left_out: LeftOut

    @property
    def unfinished(self) -> UnfinishedFiles:
        """The large files that the window may cut off."""
        return UnfinishedFiles(self.series.path)


def _fidelity(comparing: Comparing) -> Fidelity:
    return Fidelity(os.geteuid() == 0, comparing.time_step_ns)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
