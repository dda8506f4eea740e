"""The pace of a copy, and what it says of the window."""

from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.copying.pace import Pace
from efs_backup.domain.copying.statistics import CopyStatistics


def _pace(files: int, seconds: float, left: float | None, expected: int = 1000) -> Pace:
    return Pace(CopyStatistics(number_of_files=files, total_file_size=files * 10), seconds, expected, 10_000, left)


def test_what_does_not_fit_into_the_window_is_foretold() -> None:
    """How many files will be left; the next backup continues with them."""
    pace = _pace(100, 20, 100)
    assert (pace.files_per_second, pace.seconds_to_go, pace.files_over) == (5, 180, 400)
    assert "will not fit: about 400 files will be left" in pace.text()


def test_what_fits_says_how_long_it_takes() -> None:
    """And how long the window is open."""
    assert (
        _pace(500, 20, 100).text().endswith("25 files/s, 250 bytes/s, about 0.3 min to go, 1.7 min left in the window")
    )
    assert "window" not in _pace(500, 20, None).text()


def test_a_first_backup_and_a_first_moment_foretell_nothing() -> None:
    """Nobody knows how many files there are, or the pace is that of the start."""
    assert _pace(500, 20, 100, expected=0).seconds_to_go is None
    assert _pace(500, 9, 1).files_over == 0
    assert _pace(0, 20, 1).files_over == 0


@given(st.integers(0, 10**9), st.floats(0, 1e7), st.none() | st.floats(0, 1e7), st.integers(0, 10**9))
def test_what_is_left_over_is_never_more_than_what_is_left(
    files: int, seconds: float, left: float | None, expected: int
) -> None:
    """Whatever the figures are, a text is made of them."""
    pace = _pace(files, seconds, left, expected)
    assert 0 <= pace.files_over <= max(0, expected - files) + 1
    assert pace.text()
