"""Prune a series on its own, without a backup."""

from datetime import datetime

from efs_backup.domain.errors import Locked, SeriesTorn, WrongUsage
from efs_backup.domain.snapshots import PrunePlan, Retention, plan_prune
from efs_backup.engine.delete import delete_trees
from efs_backup.engine.lock import Owner, locked, without_readers
from efs_backup.engine.refusals import refusals_named
from efs_backup.engine.series import Series
from efs_backup.engine.series_file import change_series_file, read_series_file
from efs_backup.engine.stop import Stop


def plan_pruning(series: Series, retention: Retention) -> PrunePlan:
    """Which snapshots would stay and go; nothing is touched."""
    return plan_prune([snapshot.name for snapshot in series.snapshots()], retention)


def rule_of(series: Series, given: Retention | None) -> Retention:
    """What was given, else the rule of the series itself.

    Raises SeriesTooNew; where nothing was given SeriesTorn, and WrongUsage where the series has no rule.
    """
    file = read_series_file(series.label_path)
    if given:
        return given
    if isinstance(file, SeriesTorn):
        raise file
    rule = file.retention.get(series.interval) if file else None
    if rule is None:
        raise WrongUsage("The series has no rule of its own yet: give --retain.")
    return rule


def prune_series(
    series: Series, retention: Retention, *, now: datetime, family: str, stop: Stop, saves: bool = False
) -> tuple[PrunePlan, bool]:
    """Drop what the retention drops and empty the trash; False where asked to stop before all is deleted.

    saves: the retention becomes the rule of the series first; raises WrongUsage where its file is not there.
    Raises Locked while a backup of the series runs, or somebody restores from it.
    """
    series.prepare()
    with locked(series.path, Owner.this_process(family, now)):
        series.adopt()
        if saves:
            _save(series, retention)
        plan = drop_snapshots(series, retention)
        if plan is None:
            raise Locked("Somebody restores from this series.", "Prune again when the restore has ended.")
        with refusals_named(str(series.path)):
            return plan, delete_trees(series.trash(), stop.is_due)


def _save(series: Series, retention: Retention) -> None:
    file = read_series_file(series.label_path)
    if isinstance(file, SeriesTorn):
        raise file
    if file is None:
        raise WrongUsage("The series has no file of its own yet; the next backup writes it, with its --retain.")
    change_series_file(series.label_path, lambda stored: stored and stored.with_rule(series.interval, retention))


def drop_snapshots(series: Series, retention: Retention) -> PrunePlan | None:
    """Rename what the retention drops to the trash; None, and nothing done, while somebody restores from the series."""
    with without_readers(series.path) as is_free:
        if not is_free:
            return None
        plan = plan_pruning(series, retention)
        paths = {snapshot.name: snapshot.path for snapshot in series.snapshots()}
        for name in plan.drop:
            series.discard(paths[name])
    series.refresh_number_links()
    return plan
