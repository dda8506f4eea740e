"""Docstrings begin with a subject or an imperative, and a line of Markdown holds one sentence."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.prose import odd_openings, second_sentences

ROOT = Path(__file__).parents[2]
PYTHON = ("source", "cdk", "deployment", "bench", "tests")
MARKDOWN = (".github", "bench", "docs")


def _files(ending: str, *tops: str) -> Iterator[Path]:
    for top in tops:
        yield from sorted((ROOT / top).rglob(f"*{ending}"))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("top", PYTHON)
def test_a_docstring_begins_with_a_subject_or_an_imperative(top: str) -> None:
    """A docstring is understood without the name above it, so a pronoun or a half sentence opens none."""
    odd = [
        f"{_name(path)}:{line}: {text}" for path in _files(".py", top) for line, text in odd_openings(path.read_text())
    ]
    assert not odd, "\n".join(["Give these a subject or an imperative:", *odd])


@pytest.mark.parametrize("path", [*sorted(ROOT.glob("*.md")), *_files(".md", *MARKDOWN)], ids=_name)
def test_a_line_holds_one_sentence(path: Path) -> None:
    """A change of one sentence is a change of one line."""
    long = [f"{_name(path)}:{number}: {line}" for number, line in second_sentences(path.read_text())]
    assert not long, "\n".join(["Put each sentence on a line of its own:", *long])


@pytest.mark.parametrize(
    "opener", ["What it does.", "It does.", "So it does.", "Such as this.", "One of them.", "\n    It is."]
)
@pytest.mark.parametrize("above", ["", "class A:\n    ", "def a():\n    ", "async def a():\n    ", "A = 1\n"])
def test_an_opener_without_a_subject_is_found(opener: str, above: str) -> None:
    """An odd opening is found wherever a docstring stands, with its line and its first line."""
    found = [*odd_openings(f'{above}"""{opener}\n\n    More.\n    """\n')]
    assert found == [(above.count("\n") + 1, opener.strip())]


@pytest.mark.parametrize("source", [
    '"""Whatever is there is listed."""', '"""Its name."""', '"""Several suchlike."""', '"""The file. It is closed."""',
    'A = "What is no docstring"', '# "What" is a comment\n"""The name."""',
])  # fmt: skip
def test_a_docstring_with_a_subject_is_left_alone(source: str) -> None:
    """A word that only looks like an opener is none, nor is a string that is used."""
    assert not [*odd_openings(source)]


@pytest.mark.parametrize("line", [
    "One sentence. Another one.", "- An item. And more.", "> Said. And said again.", "It holds 7. Then it ends.",
    "All of Amazon EFS. More.", "It calls `a.b`. `c` is called.", "Is it? Yes.", "**Bold.** Plain.",
    "See [this](a.md). Then go.",
    'He said "no." Then he went.', "1. First. Second.", "There are 5. 6 are missing.", "  Indented. Twice.",
    "An end (here). More.",
])  # fmt: skip
def test_a_second_sentence_is_found(line: str) -> None:
    """A second sentence is found behind any mark and before any beginning, with its number."""
    assert [*second_sentences(f"# Head\n\n```\nA. B.\n```\n\n{line}\n")] == [(7, line.strip())]


@pytest.mark.parametrize("line", [
    "One sentence.", "1. First.", "| A cell. Another one. | More. |", "### 3. A heading. Two.",
    "Use e.g. Debian, i.e. Linux.",
    "See [1.5. Notes](https://example.com/a. B) for it.", "It runs `a. B` there.", "Version 1.5.1 and 2.5 ms.",
    "It waits ... and ends.",
    "<!-- A comment. Another one. -->", "- [ ] One thing is done.",
])  # fmt: skip
def test_one_sentence_is_left_alone(line: str) -> None:
    """A dot in a cell, a heading, code, a link or an abbreviation ends no sentence."""
    assert not [*second_sentences(line)]
