"""Each command line that a document shows is one that the command understands."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from efs_backup.cli.app import app

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
EVERY = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])
RUNBOOKS = DOCS / "runbooks"

_BLOCK = re.compile(r"^ *```.*$", re.MULTILINE)
_INLINE = re.compile(r"`(efs-backup [^`]+)`")
_BEFORE = re.compile(r"(?:^|[;&|(] *|\$\(|\$ |sudo |exec |= *)efs-backup (?=[a-z-])")
_ENDS = {"|", ">", "<", "&&", "||", ";", "&", "2>&1", "...", "…", ")", "\\"}
_SKIPPED = re.compile(r"\[|\.\.\.|…|/dev/null \$|<<")
"""A synopsis, or a line that stands for others."""


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def lines_of(text: str) -> Iterator[str]:
    """The command lines of a document, in blocks and in running text, without what is before and behind them."""
    parts = _BLOCK.split(text)
    for block in parts[1::2]:
        for line in re.sub(r"\\\n *", " ", block).splitlines():
            for found in _BEFORE.finditer(line):
                yield line[found.end() :]
    for prose in parts[::2]:
        for line in _INLINE.findall(prose):
            yield line.removeprefix("efs-backup ")


def words_of(line: str) -> list[str]:
    """The words up to where the shell goes on with something else; none of a line that only stands for others."""
    if _SKIPPED.search(line):
        return []
    try:
        words = shlex.split(line, comments=True)
    except ValueError:  # it stands in the quotes of another command
        words = re.split(r"['\"]", line)[0].split()
    ends = [place for place, word in enumerate(words) if word in _ENDS or word.startswith((">", "2>"))]
    return [word.rstrip(";),") for word in words[: min(ends, default=len(words))]]


def complaint(words: list[str]) -> str | None:
    """The complaint of the command about these words; None for none. Arguments may be left out, as a text does."""
    group: click.Command = app
    context = click.Context(app, info_name="efs-backup")
    while isinstance(group, click.Group) and words and not words[0].startswith("-"):
        found = group.get_command(context, words[0])
        if found is None:
            return f"no command {words[0]}"
        context, group, words = click.Context(found, parent=context, info_name=words[0]), found, words[1:]
    try:
        _, left, _ = group.make_parser(context).parse_args(list(words))
    except click.UsageError as error:
        return error.format_message()
    return f"left over: {left}" if left and not isinstance(group, click.Group) else None


@pytest.mark.parametrize("path", EVERY, ids=_name)
def test_every_command_line_is_understood(path: Path) -> None:
    """Commands and options that it names are there, and it has no more arguments than they take."""
    found = {line: complaint(words_of(line)) for line in lines_of(path.read_text())}
    assert {line: said for line, said in found.items() if said} == {}


def test_a_line_with_an_option_that_there_is_not_is_found() -> None:
    """In a block and in the text, behind another command too; else the test above would say nothing."""
    block = "sudo efs-backup prnue BACKUP\ntrue && efs-backup run A B C D"
    text = f"Say `efs-backup list BACKUP --no-such`.\n\n```\n{block}\n```\n"
    said = [complaint(words_of(line)) for line in lines_of(text)]
    assert len(said) == 3
    assert all(said)


def test_every_runbook_is_in_the_index_and_has_its_parts() -> None:
    """A runbook says what one sees, where to look, what to do, in this order, and is found without knowing its name."""
    index = (RUNBOOKS / "README.md").read_text()
    for path in sorted(RUNBOOKS.glob("*.md")):
        if path.name == "README.md":
            continue
        assert f"]({path.name})" in index, path.name
        headings = [line for line in path.read_text().splitlines() if line.startswith("## ")]
        assert headings == ["## Symptom", "## Look", "## Do"], path.name
