"""The plan of a backup: what it would do; nothing is touched."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from efs_backup.domain.copying.arrival import warnings_of
from efs_backup.domain.copying.comparison import Kind, Summary
from efs_backup.domain.copying.parts import WorkerPlan, plan_workers
from efs_backup.domain.cost.estimate import Estimate, NightCost
from efs_backup.domain.cost.keeping import Keeping
from efs_backup.domain.cost.nights import Habits
from efs_backup.domain.cost.prices import DEFAULT_REGION, Prices, prices_of
from efs_backup.domain.forecast import expected_seconds
from efs_backup.domain.requests.requests import BackupRequest
from efs_backup.domain.requests.tuning import Copier
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.pruning import PrunePlan
from efs_backup.domain.snapshots.tripwire import foretold
from efs_backup.engine.machine.os_errors import refusals_named, source_errors_named
from efs_backup.engine.machine.process import Runner, Tools
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.backup_inside import left_out_of_backup
from efs_backup.engine.runs.preflight import (
    check_backup,
    check_source,
    check_writable,
    refuse_nesting,
    refuse_sudden_emptiness,
)
from efs_backup.engine.runs.recognition import hold_of, recognize
from efs_backup.engine.runs.survey import BACKUPS_A_DAY, past_of_series
from efs_backup.engine.series.hold import label_hold
from efs_backup.engine.series.lock import refuse_unusable
from efs_backup.engine.series.prune import odd_pins, planned, reminders
from efs_backup.engine.series.series import Series
from efs_backup.engine.trees.compare import Comparison, Omitted
from efs_backup.engine.trees.left_out import LeftOut, Together, Unreadable
from efs_backup.engine.trees.tree import Tree, slowest_concurrency
from efs_backup.engine.walk.scan import Scan, scan


@dataclass(frozen=True)
class BackupPlan:
    """The snapshot that a backup would make, from what, how, and what it would drop.

    differences: from the previous snapshot to the source without what is left out; None for a first backup.
    notes: what the backup would note or warn of. seconds: how long it would take by the last ones; None where they are
    too few. cost: where both sides are Amazon EFS with elastic throughput, by `prices`.
    """

    snapshot: SnapshotName
    previous: SnapshotName | None
    continues_from: tuple[SnapshotName, ...]
    scan: Scan
    differences: Summary | None
    workers: WorkerPlan
    prune: PrunePlan
    cost: NightCost
    prices: Prices
    seconds: float | None = None
    notes: tuple[str, ...] = ()


def plan_backup(request: BackupRequest, *, now: datetime, runner: Runner, stop: Stop) -> BackupPlan:
    """Look at everything. Raises what a backup would raise or end with, and Stopped."""
    Tools.find(runner)
    source, backup = check_source(request.source), check_backup(request.backup)
    refuse_nesting(source, "SOURCE", backup, "BACKUP")
    series = Series(backup, request.label, request.interval, now)
    existing = _writable(series)
    settled = recognize(request, source, series)
    request = settled.request
    snapshots, partials = series.snapshots(), series.partials()
    with Tree(source) as tree, Tree(existing) as place:
        concurrency = slowest_concurrency(tree, place)
        left_out = left_out_of_backup(tree, request, series)
        found = scan(tree, left_out, stop.is_due, tolerated=request.tolerated_unreadable)
        if not (found.files or found.directories or request.allow_empty):
            refuse_sudden_emptiness(request.source, snapshots)
        seen = Together([left_out, Unreadable(trouble.path for trouble in found.troubles)])
        differences = _differences(request, snapshots[0].path, tree, seen, stop) if snapshots else None
        warnings = (*left_out.warnings(), *warnings_of(found.troubles))
    label = label_hold(series.label_path)
    dated = [] if series.unadopted() else snapshots
    prices, seconds = prices_of(DEFAULT_REGION), expected_seconds(past_of_series(series, now), now, found.files)
    cost = _cost(Estimate(found.figures, _habits(request, found, differences), prices, seconds=seconds), series)
    name = SnapshotName.following([known.name for known in (*snapshots, *partials)], now)
    return BackupPlan(
        name,
        snapshots[0].name if snapshots else None,
        tuple(known.name for known in partials[: request.tuning.copier is not Copier.RSYNC]),
        found,
        differences,
        plan_workers(concurrency, request.tuning),
        planned(
            series,
            [name, *(snapshot.name for snapshot in snapshots)],
            request.retention,
            replace(settled.terms, hold=hold_of(settled, series, dated)),
        ),
        cost,
        prices,
        seconds,
        (
            *(f"Warning: {warned}" for warned in (*settled.warnings, *warnings)),
            *settled.notes,
            *left_out.notes(),
            *filter(None, [_mass_change(found, differences)]),
            *odd_pins(series),
            *reminders(series, label),
        ),
    )


def _mass_change(found: Scan, differences: Summary | None) -> str:
    if differences is None:
        return ""
    files = differences.files
    return foretold(found.files, files[Kind.ADDED], files[Kind.CHANGED], files[Kind.REMOVED])


def _habits(request: BackupRequest, found: Scan, differences: Summary | None) -> Habits:
    """The share that has changed now stands for that of each night since the oldest snapshot."""
    changed = sum(differences.counts[kind] for kind in (Kind.ADDED, Kind.CHANGED)) if differences else 0
    share = min(1.0, changed / found.files) if found.files else 0.0
    return Habits(
        share, Keeping.of(request.retention, request.interval), request.scrub.days, BACKUPS_A_DAY[request.interval]
    )


def _cost(estimate: Estimate, series: Series) -> NightCost:
    if not series.snapshots():
        return estimate.first
    return estimate.steady if series.spares() else estimate.linked


def _differences(request: BackupRequest, previous: Path, source: Tree, left_out: LeftOut, stop: Stop) -> Summary:
    summary = Summary()
    with Tree(previous) as old, source_errors_named(source.root):
        Comparison(
            old, source, summary.add, reads=lambda _old, _new: request.with_content, omitted=Omitted(new=left_out)
        ).run(stop.is_due)
    return summary


def _writable(series: Series) -> Path:
    """The directory of the series, or above it, in which a backup would begin to write. Raises CopyFailed."""
    series.refuse_symlinks()
    with refusals_named(str(series.path)):
        existing = next(parent for parent in (series.path, *series.path.parents) if parent.exists())
        check_writable(existing, series.path)
    refuse_unusable(series.path)
    return existing
