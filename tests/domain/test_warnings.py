"""Warnings about a backup that is published all the same."""

import pytest

from efs_backup.domain.warnings import PATHS_NAMED, Warned, WarningKind, kinds_of


def test_a_warning_names_the_first_paths_and_counts_all() -> None:
    """A tree of a million such names must not fill a mail."""
    warned = Warned.about(WarningKind.LEFT_OUT, "Left out", [f"p{number:03}" for number in range(100)])
    assert (len(warned.paths), warned.count) == (PATHS_NAMED, 100)
    assert str(warned).startswith("Left out: 'p000', 'p001'")
    assert str(warned).endswith(f"and {100 - PATHS_NAMED} more.")


def test_a_warning_without_paths_is_its_sentence() -> None:
    """Some are about the whole night."""
    assert str(Warned(WarningKind.CLOCK_JUMPED, "The clock is ahead.")) == "The clock is ahead."


@pytest.mark.parametrize(
    ("kinds", "word"),
    [
        ([], None),
        ([WarningKind.LEFT_OUT], "LeftOut"),
        ([WarningKind.UNREADABLE, WarningKind.LEFT_OUT, WarningKind.LEFT_OUT], "LeftOut, Unreadable"),
    ],
)
def test_the_record_has_each_kind_once(kinds: list[WarningKind], word: str | None) -> None:
    """In one order, so that records can be compared."""
    assert kinds_of(Warned(kind, "It is so.") for kind in kinds) == word
