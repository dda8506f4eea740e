"""Prune a series: what the retention drops goes to the trash by a rename, and the trash is emptied."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from efs_backup.copy_worker.throttle import Throttle
from efs_backup.domain.errors import BackupError, Locked, SeriesTorn, WrongUsage
from efs_backup.domain.snapshots.acts import PIN_ENDED, Act
from efs_backup.domain.snapshots.deletion import NAMED, Undeleted
from efs_backup.domain.snapshots.hold import NO_HOLD, LabelHold, reminder
from efs_backup.domain.snapshots.names import PINS_NAME, TRASH_NAME, Interval, SnapshotName
from efs_backup.domain.snapshots.pins import Pin
from efs_backup.domain.snapshots.pruning import NO_TERMS, PrunePlan, PruneTerms, plan_by_terms, view_links
from efs_backup.domain.snapshots.retention import RETENTION_LIMIT, Retention
from efs_backup.domain.snapshots.series_file import SeriesFile
from efs_backup.domain.warnings import Warned, WarningKind
from efs_backup.engine.machine.os_errors import refusals_named
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.proof.manifests import Manifests
from efs_backup.engine.series.hold import label_hold, undisturbed
from efs_backup.engine.series.lock import Owner, locked, without_readers
from efs_backup.engine.series.pins import Pins, pins_of_label
from efs_backup.engine.series.protected import protected
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


def plan_pruning(series: Series, retention: Retention, terms: PruneTerms = NO_TERMS) -> PrunePlan:
    """Which snapshots would stay and go; nothing is touched. Raises CopyFailed where the series is a symlink."""
    series.refuse_symlinks()
    return planned(series, [snapshot.name for snapshot in series.snapshots()], retention, terms)


def planned(series: Series, names: Sequence[SnapshotName], retention: Retention, terms: PruneTerms) -> PrunePlan:
    """The plan of a prune where these snapshots are there: the same for a dry run and for the prune itself."""
    return plan_by_terms(names, retention, protected(series, names), terms=terms, now=series.now)


def terms_of(series: Series, *, is_confirmed: bool) -> PruneTerms:
    """Read the terms of a series' prune; where it knows no rule, what is there was meant to be. Raises SeriesTooNew."""
    file = read_series_file(series.label_path)
    rule = file.retention.get(series.interval) if isinstance(file, SeriesFile) else None
    known = file.carried_out_by(series.interval) if isinstance(file, SeriesFile) else None
    there = len(series.snapshots())
    return PruneTerms(rule, known or Retention(min(max(there, 1), RETENTION_LIMIT)), is_confirmed)


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
        raise WrongUsage("The series has no rule of its own yet: give --retain, or --keep-daily and the like.")
    return rule


def prune_series(
    series: Series, retention: Retention, *, now: datetime, family: str, stop: Stop, saves: bool = False,
    is_confirmed: bool = False,
) -> Pruned:  # fmt: skip
    """Prune a series on its own, without a backup.

    saves: the retention becomes the rule of the series first. is_confirmed: a new rule may drop more than half.
    Raises WrongUsage where that is not confirmed, where the rule needs more links than a file can have, and where it is
    to be saved and the series has no file; Locked while a backup of the series runs, or somebody reads from it;
    BackupFull and CopyFailed.
    """
    series.prepare()
    with locked(series.path, Owner.this_process(family, now)):
        series.adopt()
        if saves:
            check_saving(series, retention)
        _refuse_unconfirmed(series, retention, is_confirmed=is_confirmed)
        if saves:
            _save(series, retention)
        terms = terms_of(series, is_confirmed=is_confirmed)
        pruned = prune(series, retention, stop.is_due, terms=terms)
        if pruned.plan is None:
            saved = " The rule is saved all the same." if saves else ""
            raise Locked(f"Nothing was pruned, for {BUSY}.{saved}", "Prune again when that has ended.")
        return replace(pruned, notes=(*pruned.notes, *_crowd(series), *reminders(series, pruned.hold)))


def reminders(series: Series, label: LabelHold) -> list[str]:
    """The reminders while there is a hold; nothing where there is none."""
    if not label.holds:
        return []
    every = (Series(series.label_path.parent, series.label, kind, series.now) for kind in Interval)
    crowd = sum(len(each.snapshots()) for each in every)
    return reminder(label, series.now, crowd=crowd, room=RETENTION_LIMIT)


def _refuse_unconfirmed(series: Series, retention: Retention, *, is_confirmed: bool) -> None:
    """Raises WrongUsage before anything is touched."""
    if fault := plan_pruning(series, retention, terms_of(series, is_confirmed=is_confirmed)).unconfirmed:
        raise WrongUsage(
            fault, "Look at it with --dry-run. If so much is meant to go, say it with --confirm; nothing was touched."
        )


def _crowd(series: Series) -> tuple[str, ...]:
    file = read_series_file(series.label_path)
    pins = pins_of_label(series.label_path, series.now)
    return tuple(filter(None, [file.crowd(pins)])) if isinstance(file, SeriesFile) else ()


def check_saving(series: Series, retention: Retention) -> None:
    """Raises SeriesTorn, and WrongUsage where there is no file to save a rule in, or it needs too many links."""
    file = read_series_file(series.label_path)
    if isinstance(file, SeriesTorn):
        raise file
    if file is None:
        raise WrongUsage("The series has no file of its own yet; the next backup writes it, with its --retain.")
    pins = pins_of_label(series.label_path, series.now)
    wanted = file.with_rule(series.interval, retention)
    wanted.budget(pins).refuse(f"The rule to keep {retention.kept_in_words}", file.budget(pins))


def _save(series: Series, retention: Retention) -> None:
    change_series_file(series.label_path, lambda stored: stored and stored.with_rule(series.interval, retention))


def prune(
    series: Series,
    retention: Retention,
    should_stop: Callable[[], bool],
    throttle: Throttle | None = None,
    leftovers: tuple[Path, ...] = (),
    terms: PruneTerms = NO_TERMS,
    *,
    keeps_spare: bool = False,
) -> Pruned:
    """Drop what the retention drops, and these left-over partials, and empty the trash. Raises BackupError.

    keeps_spare: the newest of what is dropped becomes the spare; else a spare goes too. terms: whether nothing is
    dropped at all, and what is known of the series' own rule, by which its views are made, and
    which is noted as carried out where it is the one.
    """
    views = partial(_views, series, terms.rule or retention)
    with refusals_named(str(series.path)):
        kept = [] if keeps_spare else Spare(series).discard()[1]
        kept += [undeleted for leftover in leftovers if (undeleted := series.discard(leftover))]
        with undisturbed(series.label_path):
            label = label_hold(series.label_path)
            plan, stuck, ended = _drop(series, retention, terms, keeps_spare=keeps_spare)
        series.refresh_number_links(views())
        Manifests(series.path).tidy(snapshot.name for snapshot in series.snapshots())
        deletion = delete_content(series.path, TRASH_NAME, should_stop, throttle)
        if plan:
            _note_dropped(series, plan)  # a full disk may have had no room for it before
        series.refresh_number_links(views())  # a full disk may have had no room for them
        notes = _told_of_pins(series, ended)
        if plan:
            _note_carried_out(series, retention, plan, terms)
    sentences = [*_sentences_of([*kept, *stuck]), *filter(None, [str(deletion)])]
    return Pruned(
        plan,
        not deletion.was_stopped,
        tuple(Warned(WarningKind.NOT_DELETED, sentence) for sentence in sentences),
        tuple(notes),
        label,
    )


def _views(series: Series, rule: Retention) -> dict[str, str]:
    names = [snapshot.name for snapshot in series.snapshots() if snapshot.path.parent == series.path]
    return view_links(series.interval, names, rule, series.now)


def _drop(
    series: Series, retention: Retention, terms: PruneTerms, *, keeps_spare: bool
) -> tuple[PrunePlan | None, list[Undeleted], dict[SnapshotName, Pin]]:
    """(what was dropped, what could not be, the pins that had ended of what was), by renames.

    None, and nothing done, while somebody reads.
    """
    with without_readers(series.path) as is_free:
        if not is_free:
            return None, [], {}
        paths = {snapshot.name: snapshot.path for snapshot in series.snapshots()}
        plan = planned(series, [*paths], retention, terms)
        ended = Pins(series.path).find().ended(series.now)
        _note_dropped(series, plan)
        newest = plan.drop[:1] if keeps_spare else ()
        spared = {name for name in newest if Spare(series).keep(Snapshot(name, paths[name]))}
        gone = [name for name in plan.drop if name not in spared]
        stuck = {name: undeleted for name in gone if (undeleted := series.discard(paths[name]))}
        done = plan.without([*stuck])
        Pins(series.path).forget(done.drop)
    return done, [*stuck.values()], {name: pin for name, pin in ended.items() if name in done.drop}


def _told_of_pins(series: Series, ended: Mapping[SnapshotName, Pin]) -> list[str]:
    """Notes on pins that have ended and let their snapshots go, which the next seal tells too, and on odd ones."""
    manifests = Manifests(series.path)
    for name, pin in ended.items():
        with suppress(OSError):
            manifests.note_act(Act(PIN_ENDED, str(name), pin.by, series.now.isoformat(timespec="seconds"), pin.reason))
    return [
        *(f"The snapshot {name} was dropped, for it is no longer {pin.told()}." for name, pin in ended.items()),
        *odd_pins(series),
    ]


def odd_pins(series: Series) -> list[str]:
    """Notes on pins that cannot be read, and on those of snapshots that are gone by somebody's hand."""
    found, there = Pins(series.path).find(), {snapshot.name for snapshot in series.snapshots()}
    if found.fault:
        where = str(series.path / PINS_NAME)
        return [
            f"The pins in {where!r} cannot be read ({found.fault}), and so nothing is dropped; look at what is there."
        ]
    return [
        *(
            f"The pin of {name} cannot be read ({pin.cause}), and so it holds; pin it anew, or release it with `unpin`."
            for name, pin in found.torn.items()
        ),
        *(
            f"The snapshot {name} is gone, though it is {pin.told()}. The pin counts in the budget of links until"
            " `unpin` releases it."
            for name, pin in found.holding(series.now).items()
            if name not in there and isinstance(pin, Pin)
        ),
    ]


def _note_carried_out(series: Series, retention: Retention, plan: PrunePlan, terms: PruneTerms) -> None:
    """Have the series know by which rule it was pruned; not where nothing was dropped for another reason."""
    if retention != terms.rule or retention == terms.carried_out or plan.is_held:
        return

    def noted(stored: SeriesFile | None) -> SeriesFile | None:
        is_rule = stored and stored.retention.get(series.interval) == retention
        return stored.with_carried_out(series.interval, retention) if stored and is_rule else stored

    with suppress(BackupError):  # a full disk: the next prune notes it
        change_series_file(series.label_path, noted)


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
