"""How long a backup may take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.window import Window


@given(st.floats(0, 1e9))
def test_without_a_window_a_backup_takes_as_long_as_it_needs(elapsed: float) -> None:
    """There is no end to count down to."""
    window = Window.of_minutes(None)
    assert window.left(elapsed) is None
    assert not window.is_closed(elapsed)


@pytest.mark.parametrize(
    ("elapsed", "left", "is_closed"),
    [(0, 90, False), (30, 60, False), (89.9, 0.1, False), (90, 0, True), (1e9, 0, True)],
)
def test_a_window_closes_when_its_minutes_are_over(elapsed: float, left: float, is_closed: bool) -> None:
    """Not before, and then for good."""
    window = Window.of_minutes(1.5)
    assert window.left(elapsed) == pytest.approx(left)
    assert window.is_closed(elapsed) == is_closed


@given(st.floats(1e-3, 1e6), st.floats(0, 1e9))
def test_what_is_left_is_never_negative_and_never_more_than_the_window(minutes: float, elapsed: float) -> None:
    """The time left is shown to people."""
    left = Window.of_minutes(minutes).left(elapsed)
    assert left is not None
    assert 0 <= left <= minutes * 60


@pytest.mark.parametrize("minutes", [0, -0.0, -1, float("nan"), float("inf"), float("-inf")])
def test_a_window_that_is_no_time_is_refused(minutes: float) -> None:
    """A window of no minutes would end every backup before it begins."""
    with pytest.raises(WrongUsage, match=r"minutes above 0, .* no time would be left\."):
        Window.of_minutes(minutes)
