"""How two trees differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.copying.comparison import Difference, Kind, Summary

differences = st.lists(st.builds(Difference, st.text(max_size=5), st.sampled_from(Kind)))


@given(differences, st.integers(0, 12))
def test_a_summary_names_the_first_paths_of_each_kind(found: list[Difference], most: int) -> None:
    """In whatever order they come: the same as sorting all and keeping the first."""
    summary = Summary(most)
    for difference in found:
        summary.add(difference)
    for kind in Kind:
        paths = sorted(difference.path for difference in found if difference.kind is kind)
        assert summary.first(kind) == paths[:most]
        assert summary.counts[kind] == len(paths)


def test_a_summary_of_nothing_counts_nothing() -> None:
    """Every kind can be asked for."""
    assert [(Summary().counts[kind], Summary().first(kind)) for kind in Kind] == [(0, [])] * len(Kind)


def test_two_summaries_share_nothing() -> None:
    """Each counts its own."""
    Summary().add(Difference("a", Kind.ADDED))
    assert Summary().counts[Kind.ADDED] == 0


@pytest.mark.parametrize("most", [1, 10])
def test_a_summary_does_not_grow_with_the_tree(most: int) -> None:
    """A summary names no more than it was asked for, of however many."""
    summary = Summary(most)
    for number in range(1000):
        summary.add(Difference(f"{number:04}", Kind.REMOVED))
    assert summary.first(Kind.REMOVED) == [f"{number:04}" for number in range(most)]
    assert summary.counts[Kind.REMOVED] == 1000


def test_differences_sort_by_path() -> None:
    """A list of them reads like a listing."""
    found = [Difference("b", Kind.ADDED), Difference("a/b", Kind.CHANGED), Difference("a", Kind.REMOVED)]
    assert [difference.path for difference in sorted(found)] == ["a", "a/b", "b"]
