"""The promises name the tests that attack them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROMISES = (ROOT / "docs" / "reference" / "promises.md").read_text()
_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
_CASE = re.compile(r"`(attack|field)/(\d\d)`")

_tests = sorted(set(_TEST.findall(PROMISES)))
_cases = sorted(set(_CASE.findall(PROMISES)))


@pytest.mark.parametrize(("file", "name"), _tests)
def test_a_test_that_is_named_is_there(file: str, name: str) -> None:
    """A promise whose test was renamed away is one that nobody keeps."""
    text = (ROOT / file).read_text()
    assert not name or f"def {name}(" in text


@pytest.mark.parametrize(("kind", "number"), _cases)
def test_a_case_that_is_named_is_there(kind: str, number: str) -> None:
    """A named case runs with the other tests."""
    assert [path for path in (ROOT / "tests" / "cases" / kind).iterdir() if re.match(rf"a?{number}\D", path.name)]


def test_every_promise_has_tests() -> None:
    """Eight sentences, and each is attacked."""
    sections = PROMISES.split("\n## ")[1:]
    assert len(sections) == 8
    assert all((_TEST.search(section) and _CASE.search(section)) or "scenarios" in section for section in sections)
