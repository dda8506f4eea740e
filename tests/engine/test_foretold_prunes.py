"""A dry run of a prune tells what the prune then does, whatever rules, pins, holds and series there are."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.errors import Locked, WrongUsage
from efs_backup.domain.snapshots.duration import Duration
from efs_backup.domain.snapshots.hold import Cause
from efs_backup.domain.snapshots.names import FolderLabel, Interval, SnapshotName
from efs_backup.domain.snapshots.pins import Pin
from efs_backup.domain.snapshots.pruning import PrunePlan
from efs_backup.domain.snapshots.retention import Retention
from efs_backup.domain.snapshots.series_file import SeriesFile
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.series.hold import By, hold, hold_all
from efs_backup.engine.series.lock import reading
from efs_backup.engine.series.pins import Pins
from efs_backup.engine.series.prune import check_saving, plan_pruning, prune_series, terms_of
from efs_backup.engine.series.reasons import told_of
from efs_backup.engine.series.series import Series
from efs_backup.engine.series.series_file import change_series_file

NOW = datetime(2026, 11, 26, 2, tzinfo=UTC)
ODD = b"{"

hours = st.integers(-48, 24 * 400)
counts = st.one_of(st.none(), st.integers(1, 6))
rules = st.builds(
    lambda last, hourly, daily, weekly, monthly, yearly, within: (
        Retention(last, hourly, daily, weekly, monthly, yearly, within)
        if any([last, hourly, daily, weekly, monthly, yearly, within])
        else Retention(1)
    ),
    counts, counts, counts, counts, counts, counts,
    st.one_of(st.none(), st.sampled_from(["3h", "14d", "1y2m"]).map(Duration.parse)),
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A series as it may be found. ages: hours before now, of its snapshots. places: numbers of snapshots."""

    ages: list[int]
    pinned: list[tuple[int, str]]
    held: list[int]
    is_held_by_a_person: bool
    stored: Retention | None
    given: Retention
    is_confirmed: bool
    saves: bool

    @property
    def is_saved(self) -> bool:
        """Whether the rule is to be the series' own; one that has no file cannot save it."""
        return self.saves and self.stored is not None


cases = st.builds(
    Case,
    ages=st.lists(hours, min_size=1, max_size=25, unique=True),
    pinned=st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["holds", "ended", "torn", "fifo"])), max_size=4),
    held=st.lists(st.integers(0, 30), max_size=2),
    is_held_by_a_person=st.booleans(),
    stored=st.one_of(st.none(), rules),
    given=rules,
    is_confirmed=st.booleans(),
    saves=st.booleans(),
)


def _made(backup: Path, case: Case) -> Series:
    series = Series(backup, FolderLabel("web"), Interval.DAILY, NOW)
    weekly = _weekly(series)
    names = [SnapshotName.of(NOW - timedelta(hours=age)) for age in case.ages]
    for place in (series, weekly):
        place.prepare()
        for name in names:
            (place.path / str(name)).mkdir()
    if case.stored:
        file = SeriesFile("web", NOW).with_rule(Interval.DAILY, case.stored).with_rule(Interval.WEEKLY, Retention(1))
        change_series_file(series.label_path, lambda _: file)
    for number, kind in case.pinned:
        _pin(series, names[number % len(names)], kind)
    for number in case.held:
        hold(weekly, Cause(names[number % len(names)], "much", "tripwire", NOW, 0.6))
    if case.is_held_by_a_person:
        hold_all(series, By("me", NOW, "a test"))
    return series


def _weekly(series: Series) -> Series:
    return Series(series.label_path.parent, series.label, Interval.WEEKLY, NOW)


def _pin(series: Series, name: SnapshotName, kind: str) -> None:
    until = NOW - timedelta(hours=1) if kind == "ended" else None
    Pins(series.path).pin(name, Pin("a test", "me", NOW - timedelta(days=1), until))
    odd = series.path / ".pins" / f"{name}.pin.json"
    if kind == "torn":
        odd.write_bytes(ODD)
    if kind == "fifo":
        odd.unlink()
        os.mkfifo(odd)


def _foretold(series: Series, case: Case) -> PrunePlan | None:
    """The plan of a dry run, as the command makes it; None where it says that the prune would be refused."""
    if case.is_saved:
        try:
            check_saving(series, case.given)
        except WrongUsage:
            return None
    plan = plan_pruning(series, case.given, terms_of(series, is_confirmed=case.is_confirmed))
    return None if plan.unconfirmed else plan


def _done(series: Series, case: Case) -> PrunePlan | None:
    """The plan as it was carried out; None where the prune was refused."""
    try:
        pruned = prune_series(
            series, case.given, now=NOW, family="a-test", stop=Stop(Window()), saves=case.is_saved,
            is_confirmed=case.is_confirmed,
        )  # fmt: skip
    except WrongUsage:
        return None
    assert pruned.warnings == ()
    return pruned.plan


def _there(series: Series) -> Sequence[SnapshotName]:
    return tuple(snapshot.name for snapshot in series.snapshots())


@given(case=cases)
def test_a_dry_run_foretells_exactly_what_a_prune_does(case: Case) -> None:
    """The same stay, the same go, for the same reasons, and what is told afterwards is why they are there."""
    with tempfile.TemporaryDirectory() as folder:
        series = _made(Path(folder), case)
        before, other = _there(series), _there(_weekly(series))
        foretold = _foretold(series, case)
        assert _done(series, case) == foretold
        assert _there(series) == (foretold.keep if foretold else before)
        assert _there(_weekly(series)) == other
        if foretold and case.is_saved:
            assert told_of(series).reasons == plan_pruning(series, case.given).reasons
            assert not plan_pruning(series, case.given).drop


def test_a_prune_that_a_reader_keeps_away_says_that_its_rule_is_saved(backup: Path) -> None:
    """And that it has to be confirmed again, for nothing was carried out by it."""
    case = Case([1, 2, 3, 4], [], [], False, Retention(4), Retention(1), True, True)
    series = _made(backup, case)
    with reading(series.path, lambda _note: None), pytest.raises(Locked, match="The rule is saved all the same"):
        _done(series, case)
    assert len(_there(series)) == 4
    assert plan_pruning(series, Retention(1), terms_of(series, is_confirmed=False)).unconfirmed
    with reading(series.path, lambda _note: None), pytest.raises(Locked) as caught:
        _done(series, replace(case, saves=False))
    assert "saved" not in caught.value.message
