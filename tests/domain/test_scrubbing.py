"""Which part of what is stored is due on which day."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.snapshots.scrubbing import Damage, ScrubRule, ScrubState, coverage, days_behind, due_days, is_due

NOW = datetime(2026, 11, 26, 23, 59, tzinfo=UTC)
TODAY = NOW.date()


@given(st.integers(0, 2**64 - 1), st.integers(1, 400), st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_every_directory_is_due_once_in_a_cycle(key: int, days: int, first: date) -> None:
    """On whatever day the cycle begins."""
    cycle = [first + timedelta(days=number) for number in range(days)]
    assert sum(is_due(key, day, days) for day in cycle) == 1


@pytest.mark.parametrize(
    ("day", "days", "expected"),
    [
        (None, 90, [TODAY]),
        (TODAY, 90, [TODAY]),
        (TODAY + timedelta(days=1), 90, []),
        (TODAY + timedelta(days=1), 1, [TODAY]),
        (TODAY - timedelta(days=2), 90, [TODAY - timedelta(days=number) for number in (2, 1, 0)]),
        (TODAY - timedelta(days=500), 3, [TODAY - timedelta(days=number) for number in (2, 1, 0)]),
        (TODAY + timedelta(days=30), 90, [TODAY]),
        (TODAY, 0, []),
    ],
)
def test_missed_days_are_made_up_for_and_never_more_than_a_cycle(
    day: date | None, days: int, expected: list[date]
) -> None:
    """Today's part is done once; a clock that was ahead is no reason to read nothing for a month."""
    assert [*due_days(ScrubState(day), ScrubRule(days), NOW)] == expected


def test_a_state_is_read_back_as_it_was_and_rubbish_is_a_new_one() -> None:
    """Nothing of it is worth a failure."""
    state = ScrubState(TODAY, "./a\\040b", 30, (TODAY,))
    assert ScrubState.of(state.as_json()) == state
    for value in ({}, {"day": "soon"}, {"day": None}, {**state.as_json(), "late": 7}):
        assert ScrubState.of(value) == ScrubState()
    assert days_behind(ScrubState(TODAY - timedelta(days=9)), NOW) == 9
    assert days_behind(ScrubState(), NOW) == 0


def test_a_rule_cannot_be_negative() -> None:
    """0 days mean that nothing is read."""
    for days, size in ((-1, None), (1, -1)):
        with pytest.raises(WrongUsage, match="0 or more"):
            ScrubRule(days, size)


def test_a_damage_is_read_back_as_it_was() -> None:
    """A value that is no damage is refused."""
    damage = Damage(7, "a/b", ("20261122T020000Z",), "aa", "bb", 3, NOW, "why")
    assert Damage.of(damage.as_json()) == damage
    for value in ({}, {"snapshots": 1}):
        with pytest.raises(ValueError, match="damage list"):
            Damage.of(value)


@pytest.mark.parametrize(("behind", "days", "percent"), [(0, 90, 100), (9, 90, 90), (1, 1, 0), (200, 90, 0)])
def test_the_coverage_is_what_is_not_behind(behind: int, days: int, percent: float) -> None:
    """In percent of the cycle, and never less than nothing."""
    assert coverage(behind, days) == percent
