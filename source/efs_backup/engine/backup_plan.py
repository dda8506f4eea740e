"""What a backup would do; nothing is touched."""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from efs_backup.domain.commands import PartSizes
from efs_backup.domain.comparison import Summary
from efs_backup.domain.orders import BackupOrder
from efs_backup.domain.parts import default_jobs, plan_parts
from efs_backup.domain.snapshots import PrunePlan, SnapshotName, plan_prune
from efs_backup.engine.compare import Comparison
from efs_backup.engine.excludes import Excludes
from efs_backup.engine.mounts import kind_of
from efs_backup.engine.places import check_backup, check_source, refuse_nesting, refuse_sudden_emptiness
from efs_backup.engine.process import Runner, Tools
from efs_backup.engine.refusals import source_errors_named
from efs_backup.engine.series import Series
from efs_backup.engine.stop import Stop
from efs_backup.engine.survey import Survey, take_survey
from efs_backup.engine.tree import Tree


@dataclass(frozen=True)
class BackupPlan:
    """The snapshot that a backup would make, from what, how, and what it would drop.

    differences: from the previous snapshot to the source; None for a first backup.
    """

    snapshot: SnapshotName
    previous: SnapshotName | None
    continues_from: tuple[SnapshotName, ...]
    survey: Survey
    differences: Summary | None
    sizes: PartSizes
    prune: PrunePlan


def plan_backup(order: BackupOrder, *, now: datetime, runner: Runner, stop: Stop) -> BackupPlan:
    """Look at everything. Raises what a backup would raise or end with, and Stopped."""
    Tools.find(runner)
    source, backup = check_source(order.source), check_backup(order.backup)
    refuse_nesting(source, "SOURCE", backup, "BACKUP")
    series = Series(backup, order.label, order.interval, now)
    snapshots, partials, excludes = series.snapshots(), series.partials(), Excludes(order.excludes)
    with Tree(source) as tree:
        survey = take_survey(tree, excludes, stop.is_due)
        if survey.is_empty and not order.allow_empty:
            refuse_sudden_emptiness(order.source, snapshots)
        differences = _differences(snapshots[0].path, tree, excludes, stop) if snapshots else None
    jobs = order.jobs or default_jobs(os.cpu_count() or 1, [kind_of(str(source)), _kind_of_existing(series.path)])
    name = SnapshotName.following([known.name for known in (*snapshots, *partials)], now)
    return BackupPlan(
        name,
        snapshots[0].name if snapshots else None,
        tuple(partial.name for partial in partials),
        survey,
        differences,
        plan_parts(survey.files, survey.size, jobs),
        plan_prune([name, *(snapshot.name for snapshot in snapshots)], order.retention),
    )


def _differences(previous: Path, source: Tree, excludes: Excludes, stop: Stop) -> Summary:
    summary = Summary()
    with Tree(previous) as old, source_errors_named(source.root):
        Comparison(old, source, summary.add, is_left_out=excludes.match).run(stop.is_due)
    return summary


def _kind_of_existing(path: Path) -> str:
    return kind_of(str(next(parent for parent in (path, *path.parents) if parent.exists())))
