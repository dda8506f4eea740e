"""The snapshots that a backup drops, and all that keeps it from dropping any."""

import shlex
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from efs_backup.copy_worker.throttle import Throttle
from efs_backup.domain.errors import BackupError, Hung
from efs_backup.domain.requests.requests import BackupRequest
from efs_backup.domain.results import BackupResult, BackupStatus
from efs_backup.domain.snapshots.hold import NO_HOLD, TRIPWIRE, Cause, LabelHold
from efs_backup.domain.snapshots.series_rules import Settled
from efs_backup.domain.snapshots.tripwire import Alarm, Verdict
from efs_backup.domain.warnings import Warned, WarningKind
from efs_backup.engine.machine.patience import LAST_WORDS_SECONDS, within
from efs_backup.engine.runs.attempt import Attempt
from efs_backup.engine.runs.mass_change import mass_change
from efs_backup.engine.runs.recognition import hold_of, look_for_lost_mounts, server_time
from efs_backup.engine.runs.run_log import RunLog
from efs_backup.engine.series.flush_marks import remove_marks
from efs_backup.engine.series.hold import hold, label_hold
from efs_backup.engine.series.prune import BUSY, Pruned, prune, reminders
from efs_backup.engine.series.series import Series, Snapshot
from efs_backup.engine.series.unfinished import UnfinishedFiles


class Dropping:
    """The reasons of one backup to drop nothing, as they are met, and then its prune."""

    def __init__(self, log: RunLog, now: datetime, throttle: Throttle, should_stop: Callable[[], bool]) -> None:
        self._log = log
        self._now, self._started = now, time.monotonic()
        self._throttle = throttle
        self._should_stop = should_stop
        self._why = ""
        self._verdict: Verdict | None = None
        self._held = NO_HOLD

    def look_at_clocks(self, settled: Settled, series: Series, snapshots: list[Snapshot]) -> None:
        """Drop nothing where a clock is odd. `snapshots` are those whose names a clock has given."""
        self._why = hold_of(settled, series, snapshots, server=server_time(series.path))
        if self._why and not settled.hold:
            self._log.warn(Warned(WarningKind.CLOCK_JUMPED, self._why))

    def look_at_mounts(self, settled: Settled, attempt: Attempt) -> None:
        """Look at the mounts below the source again, after the last look at its names. Raises SourceChanged."""
        backup = attempt.series.label_path.parent
        if lost := look_for_lost_mounts(settled, Path(attempt.source.root), backup):
            self._log.warn(lost)
            self._why = self._why or str(lost)

    def hold_if_tripped(self, attempt: Attempt) -> None:
        """Hold what is older where too much has changed.

        It is on the disk before the snapshot is published: nothing can be dropped by this backup, or by one after a
        power cut, without it. Whoever releases before this night is told cannot have meant it, so tonight's prune drops
        nothing in any case. Raises BackupFull or CopyFailed, and then nothing is published.
        """
        name = attempt.partial.name
        verdict = self._verdict = attempt.proving.verdict(name, is_first=not attempt.snapshots)
        if verdict.trips and verdict.figures:
            at = self._now + timedelta(seconds=time.monotonic() - self._started)
            names = tuple(map(str, attempt.snapshots))
            self._why = self._why or verdict.reason
            hold(attempt.series, Cause(name, verdict.reason, TRIPWIRE, at, round(verdict.figures.share, 4), names))

    def tell_of_changes(self, attempt: Attempt, snapshot: Snapshot) -> None:
        """Warn of a mass change, with what may tell a person what it was; nothing of that is needed for the hold."""
        verdict, (tally, since) = self._verdict, attempt.proving.looked_at
        if verdict and verdict.alarm is Alarm.NOT_COMPARED and attempt.snapshots:
            self._log.note(verdict.reason)
        if verdict and verdict.trips and tally:
            before = attempt.series.path / since if since else None
            text = mass_change(verdict, tally, before, snapshot, self._throttle, self._should_stop)
            self._log.warn(Warned(WarningKind.MASS_CHANGE, text))

    def prune(self, settled: Settled, series: Series) -> Pruned | None:
        """Drop what the rules drop; None where that failed.

        That is no failure of the backup: the snapshot is there, and the next backup prunes again.
        """
        with self._log.step("prune"):
            try:
                pruned = self._prune(settled, series)
            except (BackupError, OSError) as error:
                self._held = label_hold(series.label_path)
                self._log.note(f"Pruning failed and will be tried again by the next backup: {error}")
                return None
        self._held = pruned.hold
        self._tell_of_prune(settled.request, pruned)
        return pruned

    def _prune(self, settled: Settled, series: Series) -> Pruned:
        request, leftovers = settled.request, tuple(leftover.path for leftover in series.partials())
        pruned = prune(
            series, request.retention, self._should_stop, self._throttle, leftovers,
            replace(settled.terms, hold=self._why), keeps_spare=request.keeps_spare,
        )  # fmt: skip
        remove_marks(series.path)
        UnfinishedFiles(series.path).forget()
        return pruned

    def _tell_of_prune(self, request: BackupRequest, pruned: Pruned) -> None:
        if pruned.plan is None:
            self._log.note(f"Nothing was pruned, for {BUSY}; the next backup prunes.")
        if not pruned.is_whole:
            self._log.note("Not all dropped snapshots are deleted yet; the next backup goes on.")
        for note in pruned.notes:
            self._log.note(note)
        for warned in pruned.warnings:
            self._log.warn(warned)
        if pruned.plan and pruned.plan.unconfirmed:
            series = f"--label {shlex.quote(str(request.label))} --interval {request.interval}"
            advice = f" Confirm it with `efs-backup prune BACKUP {series} --confirm`, or set the rule right."
            self._log.warn(Warned(WarningKind.UNCONFIRMED_RULE, f"{pruned.plan.unconfirmed}{advice}"))

    def with_hold(self, result: BackupResult, series: Series) -> BackupResult:
        """The result, and the hold that there is: a backup that has not come to its prune tells of it too."""
        with suppress(Hung, OSError):
            within(lambda: self._remind(series, result.status), str(series.path), LAST_WORDS_SECONDS)
        since = self._held.since
        return replace(
            result, warnings=tuple(self._log.warnings), verdict=self._verdict, hold=str(since) if since else None
        )

    def _remind(self, series: Series, status: BackupStatus) -> None:
        if status is not BackupStatus.SUCCESS:
            self._held = label_hold(series.label_path)
        if not (self._verdict and self._verdict.trips and _is_new(self._held)):
            for text in reminders(series, self._held):
                self._log.warn(Warned(WarningKind.HELD, text))


def _is_new(held: LabelHold) -> bool:
    """Whether all that there is of a hold is the one that this backup has made."""
    return not held.torn and len(held.readable) == 1 and not held.readable[0].earlier
