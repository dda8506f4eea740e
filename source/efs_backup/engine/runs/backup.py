"""One backup: a partial, one transfer that brings it up to date, a rename."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import datetime

from efs_backup.copy_worker.throttle import Throttle
from efs_backup.domain.copying.arrival import Trouble, warnings_of
from efs_backup.domain.copying.commands import RSYNC_PATCHED, Comparing, Purpose
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.errors import BackupError, FailureReason, Hung, WrongUsage
from efs_backup.domain.forecast import minutes
from efs_backup.domain.humanize import counted, foreign_sentence
from efs_backup.domain.ports import Hooks, Watcher
from efs_backup.domain.requests.requests import BackupRequest
from efs_backup.domain.requests.tuning import Copier
from efs_backup.domain.results import BackupResult, BackupStatus
from efs_backup.domain.sharing.fleet import Fleet
from efs_backup.domain.snapshots.names import TRASH_NAME, SnapshotName
from efs_backup.domain.snapshots.series_rules import Settled, said_once
from efs_backup.domain.snapshots.window import Window
from efs_backup.domain.warnings import Warned, WarningKind
from efs_backup.engine.machine.os_errors import FREE_SPACE, refusal, refusals_named
from efs_backup.engine.machine.patience import LAST_WORDS_SECONDS, supervised, within
from efs_backup.engine.machine.process import Runner, Tools
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.machine.telling import Telling
from efs_backup.engine.proof.gathered import Gathered
from efs_backup.engine.rest.workspace import workspace
from efs_backup.engine.runs.attempt import Attempt
from efs_backup.engine.runs.backup_inside import left_out_of_backup
from efs_backup.engine.runs.dropping import Dropping
from efs_backup.engine.runs.preflight import (
    check_backup,
    check_source,
    is_empty,
    refuse_nesting,
    refuse_sudden_emptiness,
)
from efs_backup.engine.runs.proving import Basis, Proving
from efs_backup.engine.runs.quiet import NoHooks, Quiet
from efs_backup.engine.runs.recognition import recognize, remember
from efs_backup.engine.runs.run_log import RunLog
from efs_backup.engine.runs.sharing.leading import Leading, led
from efs_backup.engine.runs.sharing.orders import order_of
from efs_backup.engine.runs.sharing.work import ShareWork
from efs_backup.engine.runs.transfer import Disk, TargetStuck, Transfer, Transferred, TransferSpec
from efs_backup.engine.series.flush_marks import FLUSH_PATIENCE_SECONDS, Flusher
from efs_backup.engine.series.journal import Journal, expected
from efs_backup.engine.series.lock import Owner, locked
from efs_backup.engine.series.partial import Partial, begin_partial
from efs_backup.engine.series.protected import pins_told
from efs_backup.engine.series.references import snapshot_references
from efs_backup.engine.series.series import Series, Snapshot, listed
from efs_backup.engine.trees.delete import delete_content
from efs_backup.engine.trees.time_step import time_step_of
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.trees.tree_walk import Stopped

LOCK_PATIENCE_SECONDS = 300.0
"""How long the lock of a leader that was lost may stay: a server of NFS waits a lease, of a minute or two."""


_KEPT = "All older snapshots are as they were."
_NEXT_STEPS = {
    FailureReason.BACKUP_FULL: FREE_SPACE,
    FailureReason.SOURCE_UNREADABLE: "Mend the source, or leave what is named out with --exclude; then run it again.",
}


class BackupRun:
    """A backup under way. `now` is its start, aware; the snapshot is named by it.

    hooks: make the source quiet while it is read. begun: is called once the backup holds the lock of its series.
    """

    def __init__(
        self, request: BackupRequest, *, now: datetime, runner: Runner, stop: Stop, watcher: Watcher,
        hooks: Hooks | None = None, begun: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._request = request
        self._now = now
        self._runner = runner
        self._stop = stop
        self._log = RunLog(Telling(watcher))
        self._throttle = Throttle(request.tuning.operations_per_second)
        self._has_hooks, self._begun = hooks is not None, begun
        self._quiet = Quiet(hooks or NoHooks(), request, stop, self._throttle.beat)
        self._dropping = Dropping(self._log, now, self._throttle, stop.is_due)
        self._settled = Settled(request, None)
        self._fleet: Fleet | None = None
        self._is_alone = True
        self._seal: str | None = None

    def run(self, fleet: Fleet | None = None) -> BackupResult:
        """Back up. Every end that has a name is a result; WrongUsage and what has no name are raised.

        fleet: the other instances, which this one leads; None: there are none. Stock tools alone cannot be helped.
        """
        self._fleet = fleet if self._request.tuning.copier is not Copier.RSYNC else None
        try:
            result = self._result_of(lambda: supervised(lambda: self._result_of(self._run), self._activity))
        except WrongUsage:
            raise
        except Exception:
            self._end_quiet()  # what cannot be told in a result is in the log
            self._quiet.failed(BackupResult(BackupStatus.FAILED, "", failure_reason=FailureReason.INTERNAL_ERROR))
            raise
        self._end_quiet()  # also where the thread that made it quiet hangs
        if warned := self._quiet.failed(result):
            self._log.warn(warned)
        return replace(result, warnings=tuple(self._log.warnings))

    def _end_quiet(self) -> None:
        """Let the source go on, if it is quiet."""
        if warned := self._quiet.end():
            self._log.warn(warned)

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
        self._quiet.check()
        tools = Tools.find(self._runner)
        source = within(lambda: check_source(self._request.source), self._request.source)
        backup = within(lambda: check_backup(self._request.backup), self._request.backup)
        refuse_nesting(source, "SOURCE", backup, "BACKUP")
        series = Series(backup, self._request.label, self._request.interval, self._now)
        self._obey(recognize(self._request, source, series))
        self._tell_of_rsync(tools.rsync_version)
        with refusals_named(str(backup)):
            backup.mkdir(exist_ok=True)
        series.prepare()
        with (
            self._locked(series) as dead,
            Tree(source, self._throttle) as tree,
        ):
            if dead:
                self._log.note(f"The lock was taken over: its owner has died ({dead}).")
            if self._settled.at_once:
                remember(self._settled, series)
            journal = Journal(series.path, self._log.note)
            journal.begin(self._request, self._runner.family, self._now)
            if seconds := journal.expected_seconds():
                self._log.watcher.note(f"The last backups took about {minutes(seconds)}.")
            self._begun()
            result = self._dropping.with_hold(self._result_of(lambda: self._back_up_quiet(tree, series, tools)), series)
            result = self._foretold(journal, result)
            with suppress(Hung):
                within(lambda: journal.end(result), str(series.path), LAST_WORDS_SECONDS)
            return replace(result, notes=tuple(self._log.notes))

    def _locked(self, series: Series) -> AbstractContextManager[Owner | None]:
        """Hold the lock; that of a leader that was lost falls only when the server has missed it for a while."""
        seconds = LOCK_PATIENCE_SECONDS if self._fleet else 0.0
        owner = Owner.this_process(self._runner.family, self._now)
        return locked(series.path, owner, seconds=seconds, beat=self._throttle.beat)

    def _foretold(self, journal: Journal, result: BackupResult) -> BackupResult:
        """Add what the nights foretell, which changes nothing about this one."""
        file, asked = self._settled.file, self._request.asked.window_minutes
        stored = file.window_minutes if file else None
        foretold = journal.foretell(result, Window.of_minutes(stored if asked is None else asked).seconds)
        for warned in foretold.warnings[len(result.warnings) :]:
            self._log.warn(warned)
        return foretold

    def _obey(self, settled: Settled) -> None:
        """Go on by the rules of the series, and say what is odd about it."""
        self._settled, self._request = settled, settled.request
        for note in settled.notes:
            self._log.note(note)
        for warned in settled.warnings:
            self._log.warn(warned)

    def _tell_of_rsync(self, version: tuple[int, int, int]) -> None:
        """Say once for a series that this rsync may have holes: distributions mend them without another number."""
        if version >= RSYNC_PATCHED:
            return
        self._settled, is_new = said_once(self._settled, f"rsync {_dotted(version)}")
        if is_new:
            self._log.note(
                f"rsync {_dotted(version)} is older than {_dotted(RSYNC_PATCHED)}, which closes holes that matter when"
                " root copies what others write; check that your distribution has mended them. It is said once."
            )

    def _back_up_quiet(self, source: Tree, series: Series, tools: Tools) -> BackupResult:
        """Back up, and let the source go on in any case."""
        try:
            return self._back_up(source, series, tools)
        finally:
            self._end_quiet()

    def _back_up(self, source: Tree, series: Series, tools: Tools) -> BackupResult:
        series.check_hard_links()
        if foreign := series.foreign():
            self._log.note(foreign_sentence(foreign))
        adopted = series.adopt(self._log.note)
        for old in adopted:
            self._log.note(f"Adopted a snapshot of the old layout as {old.name}.")
        snapshots = series.snapshots()
        self._dropping.look_at_clocks(self._settled, series, [] if adopted else snapshots)
        name = series.free_name(
            SnapshotName.following([known.name for known in (*snapshots, *series.partials())], self._now)
        )
        with self._log.step("before") if self._has_hooks else nullcontext():
            self._quiet.begin(str(name))
        left_out = left_out_of_backup(source, self._request, series)
        if not self._request.allow_empty and is_empty(source, left_out):
            refuse_sudden_emptiness(self._request.source, snapshots)
        with snapshot_references(series, snapshots, self._log.note) as references:
            partial = self._begin_partial(series, name)
            proving = Proving(series, self._log.note, self._log.warn)
            proving.seal_late(snapshots)
            names = tuple(known.name for known in snapshots)
            attempt = Attempt(source, series, partial, references, names, left_out, proving, proving.damaged(names))
            return self._fill_and_publish(attempt, tools)

    def _begin_partial(self, series: Series, name: SnapshotName) -> Partial:
        copies_all = self._request.tuning.copier is Copier.RSYNC
        partial = begin_partial(series, name, is_empty=copies_all, keeps_spare=self._request.keeps_spare)
        for note in partial.notes:
            self._log.note(note)
        return partial

    def _fill_and_publish(self, attempt: Attempt, tools: Tools) -> BackupResult:
        """Make a snapshot of the partial; of a new one, where that holds something that nobody can remove."""
        try:
            return self._fill(attempt, tools)
        except TargetStuck as stuck:
            self._log.note(f"What was to become the snapshot cannot be brought up to date ({stuck}): made anew.")
        partial = begin_partial(attempt.series, attempt.partial.name, is_empty=True, keeps_spare=False)
        return self._fill(replace(attempt, partial=partial), tools)

    def _fill(self, attempt: Attempt, tools: Tools) -> BackupResult:
        partial = attempt.partial
        with closing(Flusher(self._runner, partial.path, partial.mark, beat=self._throttle.beat)) as flusher:
            try:
                done = self._bring_or_make_room(attempt, flusher, tools)
                fault = done.fault("source", "backup file system", self._request.tolerated_unreadable)
                if not fault:
                    self._dropping.look_at_mounts(self._settled, attempt)
                with self._log.step("after") if self._has_hooks else nullcontext():
                    self._end_quiet()
                if not fault:
                    self._dropping.hold_if_tripped(attempt)
            except (Hung, TargetStuck):
                raise  # whatever touches the file systems now may wait for ever
            except BaseException:
                self._keep(flusher)
                raise
            if fault:
                self._keep(flusher)
                if not (done.is_whole or done.is_full) and self._stop.is_due():
                    return self._cut_off(attempt, done)
                raise fault
            snapshot = self._publish(attempt, flusher)
        return self._succeed(attempt, snapshot, done)

    def _bring_or_make_room(self, attempt: Attempt, flusher: Flusher, tools: Tools) -> Transferred:
        """Bring everything; on a full disk once more, when what was stale in the partial is deleted."""
        done = self._bring(attempt, flusher, tools)
        if done.is_full and listed(attempt.series.trash) and not self._stop.is_due():
            delete_content(attempt.series.path, TRASH_NAME, self._stop.is_due, self._throttle)
            done = self._bring(attempt, flusher, tools)
        for note in (*done.notes, *attempt.left_out.notes()):
            self._log.note(note)
        for warned in attempt.left_out.warnings():
            self._log.warn(warned)
        done.troubles = self._warn_of_troubles(done.troubles)
        return done

    def _bring(self, attempt: Attempt, flusher: Flusher, tools: Tools) -> Transferred:
        disk = Disk(flusher.tick, lambda: flusher.flush(FLUSH_PATIENCE_SECONDS))
        with (
            workspace(self._log.note) as private,
            Tree(attempt.partial.path, self._throttle) as target,
            attempt.proving.basis(attempt.snapshots) as basis,
            basis.gathering(private.path) as gathered,
        ):
            with self._log.step("copy"):
                self._log.watcher.expect(*expected(attempt.series.path))
                spec = replace(self._spec(attempt, target), gathered=gathered, hashes=basis.hashes)
                with self._led(attempt, spec, basis, disk, tools) as sharing:
                    transfer = Transfer(
                        replace(spec, sharing=sharing), private, self._runner, tools,
                        stop=self._stop, watcher=self._log.watcher, disk=disk,
                    )  # fmt: skip
                    done = transfer.run()
            self._prove(attempt, gathered, done)
            return done

    @contextmanager
    def _led(
        self, attempt: Attempt, spec: TransferSpec, basis: Basis, disk: Disk, tools: Tools
    ) -> Iterator[Leading | None]:
        """Lead the other instances, if there are any."""
        if self._fleet is None:
            yield None
            return
        self._is_alone = False
        order = order_of(self._fleet.name, self._request, attempt, spec)
        work = ShareWork(spec, attempt.series.path, basis, self._runner, tools, self._log.note, disk.flush)
        with led(self._fleet, order, work, self._stop, self._log.watcher, self._log.note) as leading:
            yield leading
        self._is_alone = leading.is_alone

    def _prove(self, attempt: Attempt, gathered: Gathered, done: Transferred) -> None:
        """Write the manifest of what is whole; of what is not, leave what the next backup can use."""
        if done.rewritten:
            self._log.note(
                f"{counted(done.rewritten, 'file')} had another content with the same size and mtime: copied anew."
            )
        if done.is_whole:
            with self._log.step("manifest"):
                attempt.proving.store(attempt.partial.name, gathered)
        elif not self._stop.is_urgent:
            attempt.proving.keep(gathered)

    def _spec(self, attempt: Attempt, target: Tree) -> TransferSpec:
        return TransferSpec(
            attempt.source, target, Purpose.BACKUP, self._request.tuning, self._comparing(target), attempt.left_out,
            references=tuple(attempt.references), trash=attempt.series.trash, unfinished=attempt.unfinished.make(),
            trusted_until_ns=attempt.partial.trusted_until_ns, damaged=attempt.damaged,
        )  # fmt: skip

    def _comparing(self, target: Tree) -> Comparing:
        step = time_step_of(target.descriptor)
        if step > 1:
            self._log.note(
                f"The backup file system keeps times by {step:,} ns only: a file that keeps its size, and whose time"
                " changes by less, is not seen as changed."
            )
        return Comparing(step, self._request.with_content)

    def _warn_of_troubles(self, troubles: list[Trouble]) -> list[Trouble]:
        """Name all that is in trouble, each name once: a fault's own sentence has room for three."""
        known = list({trouble.path: trouble for trouble in reversed(troubles)}.values())
        for warned in warnings_of(known):
            self._log.warn(warned)
        return known

    def _publish(self, attempt: Attempt, flusher: Flusher) -> Snapshot:
        with self._log.step("publish"):
            flusher.flush(FLUSH_PATIENCE_SECONDS)
            snapshot = attempt.series.publish(attempt.partial.name)
            self._seal = attempt.proving.seal(snapshot.name, attempt.series.snapshots())
            return snapshot

    def _succeed(self, attempt: Attempt, snapshot: Snapshot, done: Transferred) -> BackupResult:
        self._remember(attempt.series, snapshot.name)
        self._dropping.tell_of_changes(attempt, snapshot)
        pruned = self._dropping.prune(self._settled, attempt.series)
        covered = self._scrub(attempt)
        return self._log.told_in(BackupResult(
            BackupStatus.SUCCESS,
            f"Snapshot {snapshot.name} holds {counted(done.statistics.number_of_files, 'file')}.",
            snapshot=snapshot.name, path=str(snapshot.path), previous=attempt.previous, statistics=done.statistics,
            pruned=pruned.dropped if pruned else (), kept=pruned.plan.reasons if pruned and pruned.plan else {},
            seal=self._seal, scrub_coverage=covered, pins=pins_told(attempt.series),
        ))  # fmt: skip

    def _remember(self, series: Series, published: SnapshotName) -> None:
        """Have the series know what this backup has seen. The snapshot is there, whatever becomes of this."""
        try:
            remember(self._settled, series, published)
        except BackupError as error:
            self._log.warn(Warned(WarningKind.SERIES_NOT_WRITTEN, f"series.json could not be written: {error.message}"))

    def _scrub(self, attempt: Attempt) -> float | None:
        """Read again what is due; what is found is told, and changes nothing about this backup. Gives the coverage."""
        with self._log.step("scrub") if self._request.scrub.days else nullcontext():
            snapshots = [one.name for one in attempt.series.snapshots()]
            return attempt.proving.scrub(self._request.scrub, snapshots, self._throttle, self._stop.is_due)

    def _cut_off(self, attempt: Attempt, done: Transferred) -> BackupResult:
        for note in attempt.unfinished.told():
            self._log.note(note)
        copied = counted(done.statistics.number_of_files_transferred, "file")
        return self._incomplete(f"with {copied} copied", done.statistics, attempt)

    def _keep(self, flusher: Flusher) -> None:
        """Have on the disk what the next backup continues from. Nobody knows what another has there who did not say."""
        if not self._stop.is_urgent and self._is_alone:
            flusher.finish()

    def _incomplete(self, how_far: str, statistics: CopyStatistics, attempt: Attempt | None = None) -> BackupResult:
        why = self._stop.reason() or "it was asked to"
        return self._log.told_in(BackupResult(
            BackupStatus.INCOMPLETE,
            f"Stopped {how_far}: {why}. {_KEPT}",
            "Run the backup again: it continues from what is copied.",
            previous=attempt.previous if attempt else None, statistics=statistics, stopped=why,
        ))  # fmt: skip

    def _failed(self, error: BackupError) -> BackupResult:
        next_step = error.next_step or _NEXT_STEPS.get(error.reason, "Mend the cause and run the backup again.")
        return self._log.told_in(
            BackupResult(BackupStatus.FAILED, f"{error.message} {_KEPT}", next_step, error.reason)
        )  # fmt: skip


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
