"""Prune a series: what the retention drops goes to the trash by a rename, and the trash is emptied."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from efs_backup.copy_worker.throttle import Throttle
from efs_backup.domain.errors import Locked, SeriesTorn, WrongUsage
from efs_backup.domain.snapshots.deletion import NAMED, Undeleted
from efs_backup.domain.snapshots.hold import NO_HOLD, LabelHold, reminder
from efs_backup.domain.snapshots.names import TRASH_NAME, Interval, SnapshotName
from efs_backup.domain.snapshots.retention import RETENTION_LIMIT, PrunePlan, Retention, plan_hold, plan_prune
from efs_backup.domain.snapshots.series_file import SeriesFile
from efs_backup.domain.warnings import Warned, WarningKind
from efs_backup.engine.machine.os_errors import refusals_named
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.proof.manifests import Manifests
from efs_backup.engine.series.hold import held, label_hold, undisturbed
from efs_backup.engine.series.lock import Owner, locked, without_readers
from efs_backup.engine.series.series import Series, Snapshot
from efs_backup.engine.series.series_file import change_series_file, read_series_file
from efs_backup.engine.series.spare import Spare
from efs_backup.engine.trees.delete import delete_content

BUSY = "somebody reads from this series: a restore, or a backup of another interval"


@dataclass(frozen=True)
class Pruned:
    """The end of a pruning.

    plan: what was dropped; None while somebody reads from the series. is_whole: whether nobody asked to stop before
    all was deleted. warnings: what could not be dropped or deleted. notes: what is no problem. hold: what holds the
    label.
    """

    plan: PrunePlan | None
    is_whole: bool
    warnings: tuple[Warned, ...]
    notes: tuple[str, ...] = ()
    hold: LabelHold = NO_HOLD

    @property
    def dropped(self) -> tuple[SnapshotName, ...]:
        """The snapshots that are gone."""
        return self.plan.drop if self.plan else ()


def plan_pruning(series: Series, retention: Retention) -> PrunePlan:
    """Which snapshots would stay and go; nothing is touched. Raises CopyFailed where the series is a symlink."""
    series.refuse_symlinks()
    return plan_prune([snapshot.name for snapshot in series.snapshots()], retention, held(series))


def rule_of(series: Series, given: Retention | None) -> Retention:
    """The retention that was given, else the rule of the series itself.

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
) -> Pruned:
    """Prune a series on its own, without a backup.

    saves: the retention becomes the rule of the series first; raises WrongUsage where its file is not there.
    Raises Locked while a backup of the series runs, or somebody reads from it; BackupFull and CopyFailed.
    """
    series.prepare()
    with locked(series.path, Owner.this_process(family, now)):
        series.adopt()
        if saves:
            _save(series, retention)
        pruned = prune(series, retention, stop.is_due)
        if pruned.plan is None:
            raise Locked(f"Nothing was pruned, for {BUSY}.", "Prune again when that has ended.")
        return replace(pruned, notes=(*_crowd(series), *reminders(series, pruned.hold)))


def reminders(series: Series, label: LabelHold) -> list[str]:
    """What is said while there is a hold; nothing where there is none."""
    if not label.holds:
        return []
    every = (Series(series.label_path.parent, series.label, kind, series.now) for kind in Interval)
    crowd = sum(len(each.snapshots()) for each in every)
    return reminder(label, series.now, crowd=crowd, room=RETENTION_LIMIT)


def _crowd(series: Series) -> tuple[str, ...]:
    file = read_series_file(series.label_path)
    return tuple(filter(None, [file.crowd()])) if isinstance(file, SeriesFile) else ()


def _save(series: Series, retention: Retention) -> None:
    file = read_series_file(series.label_path)
    if isinstance(file, SeriesTorn):
        raise file
    if file is None:
        raise WrongUsage("The series has no file of its own yet; the next backup writes it, with its --retain.")
    change_series_file(series.label_path, lambda stored: stored and stored.with_rule(series.interval, retention))


def prune(
    series: Series,
    retention: Retention,
    should_stop: Callable[[], bool],
    throttle: Throttle | None = None,
    leftovers: tuple[Path, ...] = (),
    hold: str = "",
    *,
    keeps_spare: bool = False,
) -> Pruned:
    """Drop what the retention drops, and these left-over partials, and empty the trash. Raises BackupError.

    hold: why no snapshot is dropped at all, if there is a reason. keeps_spare: the newest of what is dropped becomes
    the spare; else a spare goes too.
    """
    with refusals_named(str(series.path)):
        kept = [] if keeps_spare else Spare(series).discard()[1]
        kept += [undeleted for leftover in leftovers if (undeleted := series.discard(leftover))]
        with undisturbed(series.label_path):
            label = label_hold(series.label_path)
            plan, stuck = _drop(series, retention, hold, label, keeps_spare=keeps_spare)
        series.refresh_number_links()
        Manifests(series.path).tidy(snapshot.name for snapshot in series.snapshots())
        deletion = delete_content(series.path, TRASH_NAME, should_stop, throttle)
        if plan:
            _note_dropped(series, plan)  # a full disk may have had no room for it before
        series.refresh_number_links()  # a full disk may have had no room for them
    sentences = [*_sentences_of([*kept, *stuck]), *filter(None, [str(deletion)])]
    return Pruned(
        plan, not deletion.was_stopped, tuple(Warned(WarningKind.NOT_DELETED, sentence) for sentence in sentences),
        hold=label,
    )  # fmt: skip


def _drop(
    series: Series, retention: Retention, hold: str, label: LabelHold, *, keeps_spare: bool
) -> tuple[PrunePlan | None, list[Undeleted]]:
    """(what was dropped, what could not be), by renames; None, and nothing done, while somebody reads."""
    with without_readers(series.path) as is_free:
        if not is_free:
            return None, []
        paths = {snapshot.name: snapshot.path for snapshot in series.snapshots()}
        plan = plan_hold([*paths], hold) if hold else plan_prune([*paths], retention, label.protects(paths))
        _note_dropped(series, plan)
        newest = plan.drop[:1] if keeps_spare else ()
        spared = {name for name in newest if Spare(series).keep(Snapshot(name, paths[name]))}
        gone = [name for name in plan.drop if name not in spared]
        stuck = {name: undeleted for name in gone if (undeleted := series.discard(paths[name]))}
    return plan.without([*stuck]), [*stuck.values()]


def _note_dropped(series: Series, plan: PrunePlan) -> None:
    """Have the next seal tell what was dropped by a rule."""
    manifests = Manifests(series.path)
    if {*map(str, plan.drop)} - {*manifests.dropped()}:
        with suppress(OSError):
            manifests.note_dropped(plan.drop)


def _sentences_of(stuck: list[Undeleted]) -> list[str]:
    """One for all that cannot be moved to the trash; each keeps its place, with all that is in it."""
    if not stuck:
        return []
    named = ", ".join(map(str, stuck[:NAMED]))
    more = f" and {len(stuck) - NAMED:,} more" if len(stuck) > NAMED else ""
    remedies = "; ".join(f"`{remedy}`" for undeleted in stuck[:NAMED] if (remedy := undeleted.remedy))
    advice = f" What may let them go: {remedies}." if remedies else ""
    return [f"Not dropped, but left as it is, all else was: {named}{more}.{advice} The next backup tries again."]
