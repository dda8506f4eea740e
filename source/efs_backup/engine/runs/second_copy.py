"""A second copy: the snapshots of a series brought to another file system, the oldest first, with their proof."""

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from efs_backup.copy_worker.throttle import Throttle
from efs_backup.domain.errors import BackupError, Hung, NothingThere, WrongUsage
from efs_backup.domain.ports import Watcher
from efs_backup.domain.requests.copy_request import CopyRequest
from efs_backup.domain.snapshots.copy_rules import CopyFound, SettledCopy, settle_copy
from efs_backup.domain.snapshots.names import Interval, SnapshotName
from efs_backup.domain.snapshots.pins import Pin
from efs_backup.domain.snapshots.pruning import plan_by_terms
from efs_backup.domain.snapshots.second_copy import (
    Brought,
    CopiedSnapshot,
    CopyPlan,
    CopyResult,
    CopyStatus,
    ended,
    plan_copy,
)
from efs_backup.domain.warnings import Warned, WarningKind
from efs_backup.engine.machine.os_errors import refusal, refusals_named
from efs_backup.engine.machine.patience import supervised, within
from efs_backup.engine.machine.process import Runner, Tools
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.machine.telling import Telling
from efs_backup.engine.proof.brought_history import bring_history, lost_snapshots
from efs_backup.engine.proof.manifests import MANIFEST, Manifests
from efs_backup.engine.runs.preflight import check_backup, refuse_nesting
from efs_backup.engine.runs.run_log import RunLog
from efs_backup.engine.runs.snapshot_copy import Means, SnapshotCopy
from efs_backup.engine.series.flush_marks import remove_marks
from efs_backup.engine.series.hold import label_hold
from efs_backup.engine.series.identity import place_of, unmounted
from efs_backup.engine.series.lock import Owner, locked
from efs_backup.engine.series.making import read_back
from efs_backup.engine.series.pins import Pins, pins_of_label
from efs_backup.engine.series.protected import protected
from efs_backup.engine.series.prune import BUSY, prune
from efs_backup.engine.series.series import Series
from efs_backup.engine.series.series_file import change_series_file, read_series_file
from efs_backup.engine.series.unfinished import UnfinishedFiles
from efs_backup.engine.trees.tree_walk import Stopped

_NEXT_STEP = "Mend the cause and run the copy again: it continues from what is there."
_HELD = "The label is on hold in BACKUP, and so nothing is dropped in OTHER."


@dataclass(frozen=True)
class Sides:
    """Both series, and what was settled about the one of OTHER."""

    theirs: Series
    ours: Series
    settled: SettledCopy


class SecondCopy:
    """A copy under way. `now` is its start, aware."""

    def __init__(self, request: CopyRequest, *, now: datetime, runner: Runner, stop: Stop, watcher: Watcher) -> None:
        self._request = request
        self._now = now
        self._runner = runner
        self._stop = stop
        self._log = RunLog(Telling(watcher))
        self._throttle = Throttle(request.tuning.operations_per_second)
        self._done = list[CopiedSnapshot]()
        self._plan = CopyPlan((), ())

    def run(self) -> CopyResult:
        """Copy. Every end that has a name is a result; WrongUsage, NothingThere and what has no name are raised."""
        result = self._result_of(lambda: supervised(lambda: self._result_of(self._run), lambda: self._throttle.paid))
        result = replace(result, snapshots=tuple(self._done), there=len(self._plan.there), left=self._plan.left)
        return result.told(self._log.warnings, self._log.notes)

    def _result_of(self, work: Callable[[], CopyResult]) -> CopyResult:
        try:
            return work()
        except Stopped:
            return ended(self._done, (), stopped=self._stop.reason() or "it was asked to")
        except BackupError as error:
            return CopyResult(CopyStatus.FAILED, error.message, error.next_step or _NEXT_STEP, error.reason)
        except OSError as error:
            failed = refusal(error, self._request.other)
            return CopyResult(CopyStatus.FAILED, failed.message, failed.next_step or _NEXT_STEP, failed.reason)

    def _run(self) -> CopyResult:
        tools = Tools.find(self._runner)
        sides = find_sides(self._request, self._now)
        for note in sides.settled.notes:
            self._log.note(note)
        ours = sides.ours
        with refusals_named(str(ours.label_path.parent)):
            ours.label_path.parent.mkdir(exist_ok=True)
        ours.prepare()
        with locked(ours.path, Owner.this_process(self._runner.family, self._now)) as dead:
            if dead:
                self._log.note(f"The lock was taken over: its owner has died ({dead}).")
            change_series_file(ours.label_path, sides.settled.upon)
            ours.check_hard_links()
            return self._copy(sides, tools)

    def _copy(self, sides: Sides, tools: Tools) -> CopyResult:
        self._plan = plan_of(self._request, sides)
        self._prove_late(sides)
        means = Means(
            sides.theirs, sides.ours, self._request.tuning, self._runner, tools, self._stop, self._log, self._throttle
        )
        snapshots = {one.name: one for one in sides.theirs.snapshots()}
        for name in self._plan.bring:
            if self._stop.is_due():
                raise Stopped
            self._take(sides, SnapshotCopy(means, snapshots[name]).run() if name in snapshots else _gone(name))
        return self._finish(sides)

    def _take(self, sides: Sides, one: CopiedSnapshot) -> None:
        self._done.append(one)
        if one.outcome is Brought.COPIED:
            self._log.watcher.note(str(one))
        else:
            kind = WarningKind.DAMAGED if one.outcome is not Brought.GONE else WarningKind.LEFT_OUT
            paths = [difference.path for difference in one.damaged]
            self._log.warn(Warned.about(kind, str(one).removesuffix(".") if paths else str(one), paths))
        if one.outcome in {Brought.COPIED, Brought.DAMAGED}:
            newest = f"{sides.ours.interval}/{one.name}"
            change_series_file(sides.ours.label_path, lambda stored: sides.settled.upon(stored, newest))
            self._bring_words(sides, one.name)
            sides.ours.refresh_number_links()

    def _bring_words(self, sides: Sides, name: SnapshotName) -> None:
        """Bring the pin and the note of a snapshot with it; what becomes of either in BACKUP later stays there."""
        theirs, ours = Pins(sides.theirs.path), Pins(sides.ours.path, self._log.note)
        try:
            pin, said = theirs.find().pins.get(name), theirs.notes().get(name)
            if isinstance(pin, Pin):
                ours.pin(name, pin)
            if said:
                ours.note(name, said)
        except OSError as error:
            self._log.note(f"What was said about {name} could not be brought: {error.strerror}.")

    def _prove_late(self, sides: Sides) -> None:
        """Make the manifest that a copy was killed before it could make."""
        manifests = Manifests(sides.ours.path)
        proved, its = set(manifests.names(MANIFEST)), set(Manifests(sides.theirs.path).names(MANIFEST))
        for one in sides.ours.snapshots():
            if str(one.name) not in proved | its:
                read_back(manifests, one, self._throttle, self._stop.is_due, self._log.note)
                self._log.note(f"The manifest of {one.name} was made late, of its copy.")

    def _finish(self, sides: Sides) -> CopyResult:
        ours = Manifests(sides.ours.path)
        with self._log.step("seals"), refusals_named(str(ours.path)):
            there = [one.name for one in sides.ours.snapshots()]
            theirs = Manifests(sides.theirs.path)
            findings = (
                *bring_history(theirs, ours, there).findings,
                *lost_snapshots(theirs, lambda: [one.name for one in sides.theirs.snapshots()]),
            )
        result = ended(self._done, findings, stopped=None)
        for finding in findings:
            self._log.warn(Warned(WarningKind.SEAL_DIFFERS, finding))
        is_odd = result.status is not CopyStatus.SUCCESS
        pruned = () if is_odd or not self._done else self._prune(sides)
        return replace(result, findings=findings, pruned=pruned)

    def _prune(self, sides: Sides) -> tuple[SnapshotName, ...]:
        """Drop what the rules of OTHER drop, after a copy in which nothing was odd. What fails is no failure of it."""
        settled, leftovers = sides.settled, tuple(one.path for one in sides.ours.partials())
        try:
            with self._log.step("prune"):
                pruned = prune(
                    sides.ours, settled.retention, self._stop.is_due, self._throttle, leftovers, settled.terms
                )
                remove_marks(sides.ours.path)
                UnfinishedFiles(sides.ours.path).forget()
        except Hung:
            raise
        except (BackupError, OSError) as error:
            self._log.note(f"Pruning OTHER failed and will be tried again by the next copy: {error}")
            return ()
        for warned in pruned.warnings:
            self._log.warn(warned)
        for note in (*pruned.notes, *([] if pruned.plan else [f"Nothing was pruned in OTHER, for {BUSY}."])):
            self._log.note(note)
        if pruned.plan and pruned.plan.unconfirmed:
            self._log.warn(
                Warned(WarningKind.UNCONFIRMED_RULE, f"{pruned.plan.unconfirmed} Confirm it with --confirm.")
            )
        return pruned.dropped


def find_sides(request: CopyRequest, now: datetime) -> Sides:
    """Look at both, and settle whether a copy may be made. Nothing is touched. Raises what `settle_copy` does too."""
    backup, other = Path(request.backup).absolute(), within(lambda: check_backup(request.other), request.other)
    theirs = Series(backup, request.label, request.interval, now)
    ours = Series(other, request.label, request.interval, now)
    if not within(lambda: theirs.exists, request.backup):
        raise NothingThere(f"There is no {request.interval} snapshot in {str(theirs.label_path)!r}.")
    refuse_nesting(backup, "BACKUP", other, "OTHER")
    theirs.refuse_symlinks()
    ours.refuse_symlinks()
    return Sides(theirs, ours, settle_copy(request, _found(theirs, ours), now))


def plan_of(request: CopyRequest, sides: Sides) -> CopyPlan:
    """Which snapshots are brought. Raises WrongUsage of one that was named and is not there."""
    theirs = [one.name for one in sides.theirs.snapshots()]
    ours = [one.name for one in sides.ours.snapshots()]
    if unknown := sorted((request.only or frozenset()) - {*theirs}):
        raise WrongUsage(f"BACKUP has no snapshot {unknown[0]}.")
    names = sorted({*theirs, *ours}, reverse=True)
    shields = {**_pinned(sides.theirs, theirs), **protected(sides.ours, ours)}
    settled = sides.settled
    kept = plan_by_terms(names, settled.retention, shields, terms=settled.terms, now=sides.ours.now).keep
    return plan_copy(theirs, ours, kept, newest=request.newest, only=request.only)


def _pinned(series: Series, names: Collection[SnapshotName]) -> dict[SnapshotName, str]:
    holding = Pins(series.path).find().holding(series.now)
    return {name: holding[name].told() for name in names if name in holding}


def _found(theirs: Series, ours: Series) -> CopyFound:
    backup, other = theirs.label_path.parent, ours.label_path.parent
    their_file = read_series_file(theirs.label_path)
    with refusals_named(str(other)):
        place = replace(place_of(other if other.exists() else other.parent), path=str(other))
        held = label_hold(theirs.label_path)
        every = [Series(other, ours.label, kind, ours.now) for kind in Interval]
        return CopyFound(
            their_file, read_series_file(ours.label_path), place_of(backup), place,
            any(each.snapshots() or each.partials() for each in every), unmounted(other), _in_words(other),
            pins_of_label(ours.label_path, ours.now), _HELD if held.holds else "",
        )  # fmt: skip


def _in_words(other: Path) -> str:
    try:
        return "it is an empty directory" if not os.listdir(other) else "it holds other things"
    except OSError:
        return "it does not exist"


def _gone(name: SnapshotName) -> CopiedSnapshot:
    return CopiedSnapshot(name, Brought.GONE, why="it was pruned in BACKUP meanwhile.")
