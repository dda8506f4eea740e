"""What a backup would do; nothing is touched."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from efs_backup.domain.commands import PartSizes
from efs_backup.domain.comparison import Summary
from efs_backup.domain.excludes import is_left_out
from efs_backup.domain.orders import BackupOrder
from efs_backup.domain.parts import plan_parts
from efs_backup.domain.snapshots import PrunePlan, SnapshotName, plan_hold, plan_prune
from efs_backup.engine.compare import Comparison
from efs_backup.engine.places import check_backup, check_source, refuse_nesting, refuse_sudden_emptiness
from efs_backup.engine.process import Runner, Tools
from efs_backup.engine.recognition import hold_of, recognize
from efs_backup.engine.refusals import source_errors_named
from efs_backup.engine.series import Series
from efs_backup.engine.stop import Stop
from efs_backup.engine.survey import Survey, take_survey
from efs_backup.engine.tree import Tree, most_concurrent


@dataclass(frozen=True)
class BackupPlan:
    """The snapshot that a backup would make, from what, how, and what it would drop.

    differences: from the previous snapshot to the source; None for a first backup. notes: what the backup would note or
    warn of.
    """

    snapshot: SnapshotName
    previous: SnapshotName | None
    continues_from: tuple[SnapshotName, ...]
    survey: Survey
    differences: Summary | None
    sizes: PartSizes
    prune: PrunePlan
    notes: tuple[str, ...] = ()


def plan_backup(order: BackupOrder, *, now: datetime, runner: Runner, stop: Stop) -> BackupPlan:
    """Look at everything. Raises what a backup would raise or end with, and Stopped."""
    Tools.find(runner)
    source, backup = check_source(order.source), check_backup(order.backup)
    refuse_nesting(source, "SOURCE", backup, "BACKUP")
    series = Series(backup, order.label, order.interval, now)
    settled = recognize(order, source, series)
    order = settled.order
    snapshots, partials, leaves_out = series.snapshots(), series.partials(), partial(is_left_out, order.excludes)
    with Tree(source) as tree, Tree(_existing(series.path)) as place:
        concurrency = most_concurrent(order.tuning.copier, tree, place)
        survey = take_survey(tree, leaves_out, stop.is_due)
        if survey.is_empty and not order.allow_empty:
            refuse_sudden_emptiness(order.source, snapshots)
        differences = _differences(order, snapshots[0].path, tree, leaves_out, stop) if snapshots else None
    dated = [] if series.unadopted() else snapshots
    name = SnapshotName.following([known.name for known in (*snapshots, *partials)], now)
    return BackupPlan(
        name,
        snapshots[0].name if snapshots else None,
        tuple(known.name for known in partials),
        survey,
        differences,
        plan_parts(survey.files, survey.size, concurrency, order.tuning),
        _prune_plan([name, *(snapshot.name for snapshot in snapshots)], order, hold_of(settled, series, dated)),
        (*settled.notes, *map(str, settled.warnings)),
    )


def _prune_plan(names: list[SnapshotName], order: BackupOrder, hold: str) -> PrunePlan:
    return plan_hold(names, hold) if hold else plan_prune(names, order.retention)


def _differences(
    order: BackupOrder, previous: Path, source: Tree, leaves_out: Callable[[str], bool], stop: Stop
) -> Summary:
    summary = Summary()
    with Tree(previous) as old, source_errors_named(source.root):
        reads = order.with_content
        Comparison(old, source, summary.add, reads=lambda _old, _new: reads, is_left_out=leaves_out).run(stop.is_due)
    return summary


def _existing(path: Path) -> Path:
    return next(parent for parent in (path, *path.parents) if parent.exists())
