"""Which snapshot is known from which, and what nobody can tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.snapshots.lineage import Lineage, Step

A, B, C, D, E = (f"2026112{number}T020000Z" for number in range(5))
CHAIN = {A: None, B: A, C: B, D: C, E: D}


def test_a_way_leads_back_and_forth_along_the_changes() -> None:
    """Back, the changes of a night are undone, forth they are done."""
    lineage = Lineage(CHAIN, (A, B, C, D, E), (A, B, C, D, E))
    assert lineage.route(E, C) == [Step(E, is_forward=False), Step(D, is_forward=False)]
    assert lineage.route(B, D) == [Step(C, is_forward=True), Step(D, is_forward=True)]
    assert lineage.route(C, C) == []
    assert lineage.unknown() == []


def test_a_way_leads_around_a_snapshot_without_a_manifest() -> None:
    """The changes of the next one begin from the one before it."""
    lineage = Lineage({A: None, B: A, C: A, D: C}, (A, B, C, D), (A, C, D))
    assert lineage.route(B, D) == [Step(B, is_forward=False), Step(C, is_forward=True), Step(D, is_forward=True)]
    assert [*lineage.ancestors(D)] == [D, C, A]


@pytest.mark.parametrize("since", [{A: None, C: None}, {A: None, B: A, D: C}, {A: None, C: B, D: E}])
def test_where_no_changes_lead_there_is_no_way(since: dict[str, str | None]) -> None:
    """Also where they are gone, or name a snapshot that is younger, which would lead in a circle."""
    assert Lineage(since).route(A, D) is None
    assert Lineage({A: B, B: A}).route(A, B) == [Step(B, is_forward=True)]


def test_what_has_neither_manifest_nor_changes_is_said() -> None:
    """Snapshots of an earlier version, and the night after them, whose changes begin from nothing."""
    lineage = Lineage({D: None, E: D}, (A, B, C, D, E), (D, E))
    assert lineage.without == [A, B, C]
    assert lineage.unknown() == [
        f"Nothing is stored of {A}, {B}, {C}: neither a manifest nor changes.",
        f"What changed from {C} to {D} is not known: the changes of {D} begin from nothing, or are gone.",
    ]
    assert lineage.unknown(D) == []
    more = Lineage({}, [f"2026110{day}T020000Z" for day in range(1, 6)])
    assert "20261103T020000Z and 2 more snapshots: neither" in more.unknown()[0]


def test_changes_that_are_gone_are_a_gap() -> None:
    """A snapshot known only as the base of a later night was made by changes that nobody has any more."""
    lineage = Lineage({A: None, C: B, D: C}, (A, B, C, D), (A, B, C, D))
    assert [*lineage.gaps()] == [(A, B)]
    assert [*lineage.gaps(B)] == []


def test_a_time_lies_behind_the_newest_snapshot_that_is_not_younger() -> None:
    """Those that are gone count too."""
    lineage = Lineage(CHAIN, (D, E))
    assert lineage.at("20261121T235959Z") == B
    assert lineage.at(C) == C
    assert lineage.at("20200101T000000Z") is None


@given(st.dictionaries(st.integers(0, 30), st.none() | st.integers(0, 30), max_size=20), st.integers(0, 30))
def test_every_way_begins_and_ends_where_it_should(links: dict[int, int | None], start: int) -> None:
    """Whatever the changes say of themselves; each step leads from where the one before has led to."""
    since = {f"{night:02}": None if base is None else f"{base:02}" for night, base in links.items()}
    lineage = Lineage(since)
    for end in lineage.names:
        steps, at = lineage.route(f"{start:02}", end), f"{start:02}"
        for step in steps or []:
            before = since[step.night]
            assert at == (before if step.is_forward else step.night)
            at = step.night if step.is_forward else str(before)
        assert steps is None or at == end
