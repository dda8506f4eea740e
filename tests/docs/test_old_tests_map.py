"""The table of the old solution's tests, docs/testing/old-tests.md, tells the truth."""

import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OLD_TESTS = 26


def _rows() -> list[list[str]]:
    lines = (ROOT / "docs" / "testing" / "old-tests.md").read_text().splitlines()
    return [line.strip("|").split("|") for line in lines if line.startswith("| `")]


def _names(cell: str) -> list[str]:
    return re.findall(r"`(test_\w+)`", cell)


MAP = {row[1].strip(" `"): _names(row[2]) for row in _rows()}


@functools.cache
def _our_tests() -> set[str]:
    files = (ROOT / "tests").rglob("test_*.py")
    return {name for file in files for name in re.findall(r"^ *def (test_\w+)\(", file.read_text(), re.MULTILINE)}


def test_every_old_test_stands_once_in_the_table() -> None:
    """Its file and name, and no other beside them."""
    assert len(_rows()) == len(MAP) == OLD_TESTS


@pytest.mark.parametrize("old", sorted(MAP))
def test_the_rule_of_an_old_test_is_held_by_tests_that_exist(old: str) -> None:
    """At least by one."""
    assert MAP[old]
    assert set(MAP[old]) <= _our_tests()
