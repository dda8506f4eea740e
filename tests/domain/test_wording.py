"""Small matters of grammar."""

import pytest

from efs_backup.domain.wording import counted


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
