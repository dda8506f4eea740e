"""The house rules of the tests themselves."""

import re
from pathlib import Path

import pytest

_TESTS = Path(__file__).parents[1]
_BORROWED = re.compile(
    r"^\s*(?:from|import) +tests\S*\.(?:test_\w+|conftest)\b.*|^\s*from +tests\S* +import .*\btest_.*", re.MULTILINE
)


@pytest.mark.parametrize(
    ("line", "is_borrowed"),
    [
        ("from tests.domain.test_record import START", True),
        ("    import tests.cli.test_run", True),
        ("from tests.agent.conftest import Instance", True),
        ("from tests.conftest import Cli", True),
        ("from tests.cli import test_run", True),
        ("from tests.support.cli import Cli", False),
        ("from tests.support import records, cloud", False),
    ],
)
def test_what_is_borrowed_is_seen(line: str, is_borrowed: bool) -> None:
    """However it is written."""
    assert bool(_BORROWED.search(line)) is is_borrowed


def test_no_test_module_imports_another_one() -> None:
    """Helpers are beside the tests that use them, or in tests/support; conftest.py has fixtures alone.

    A module of tests that others import from cannot be changed by whoever reads it alone.
    """
    found = [
        f"{path.relative_to(_TESTS)}: {match.group().strip()}"
        for path in sorted(_TESTS.rglob("*.py"))
        for match in _BORROWED.finditer(path.read_text())
        if path != Path(__file__)
    ]
    assert not found
