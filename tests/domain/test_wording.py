"""Small matters of grammar."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.wording import counted, sized


@pytest.mark.parametrize(
    ("number", "noun", "phrase"),
    [
        (1, "file", "1 file"),
        (0, "file", "0 files"),
        (2, "part", "2 parts"),
        (999, "file", "999 files"),
        (1_234_567, "file", "1,234,567 files"),
    ],
)
def test_only_one_is_singular(number: int, noun: str, phrase: str) -> None:
    """Large numbers can be read."""
    assert counted(number, noun) == phrase


@pytest.mark.parametrize(
    ("size", "phrase"),
    [
        (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (999.5, "999 bytes"),
        (1_000, "1.0 kB"), (1_500, "1.5 kB"), (999_900, "999.9 kB"), (999_949, "999.9 kB"), (999_999, "1.0 MB"),
        (10**6, "1.0 MB"), (999_999_999, "1.0 GB"), (10**9, "1.0 GB"), (2 * 10**12, "2.0 TB"), (10**12, "1.0 TB"),
        (10**15, "1.0 PB"), (10**18, "1,000.0 PB"), (2_308_974_418_330.0, "2.3 TB"),
    ],
)  # fmt: skip
def test_a_size_is_told_in_the_largest_unit_that_it_reaches(size: float, phrase: str) -> None:
    """With one digit behind the point, and as it is read: `1,000.0 MB` is 1.0 GB."""
    assert sized(size) == phrase


@given(st.integers(0, 10**17))
def test_a_size_is_told_within_a_twentieth_of_its_unit(size: int) -> None:
    """Rounded, and never off by a unit."""
    number, unit = sized(size).replace(",", "").split()
    scale = {"byte": 1, "bytes": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15}[unit]
    assert abs(float(number) * scale - size) <= scale * 0.0500001
    assert float(number) < 1000
