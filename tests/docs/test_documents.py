"""The documents lead somewhere and name what is there."""

import re
from pathlib import Path

import pytest

from efs_backup.cli.commands.run import run
from efs_backup.domain.requests.configuration_keys import KEYS, ONCE

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
EVERY = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
DESCRIBING = sorted([*(DOCS / "design").glob("*.md"), DOCS / "glossary.md"])
DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))

_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
_MODULE = re.compile(r"`(?:[\w/]+/)?\w+\.(?:py|sh)`")
_OF_A_DECISION = ("Status", "Context", "Figures", "Decision", "What would reopen it")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _lines(path: Path) -> list[str]:
    """The lines outside of blocks of code."""
    parts = re.split(r"^ *```.*$", path.read_text(), flags=re.MULTILINE)
    return "\n".join(parts[::2]).splitlines()


def _anchor(heading: str) -> str:
    """As the pages of a repository name their headings."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _anchors(path: Path) -> set[str]:
    return {_anchor(line.lstrip("# ")) for line in _lines(path) if line.startswith("#")}


@pytest.mark.parametrize("path", EVERY, ids=_name)
def test_every_link_leads_to_something(path: Path) -> None:
    """To a file, and to a heading in it."""
    for place, anchor in _LINK.findall("\n".join(_lines(path))):
        target = (path.parent / place).resolve() if place else path
        assert target.exists(), place
        assert not anchor or anchor in _anchors(target), f"{place}#{anchor}"


@pytest.mark.parametrize("path", DESCRIBING, ids=_name)
def test_a_module_that_is_named_is_there(path: Path) -> None:
    """Under the path that is given, or its end."""
    files = [str(file.relative_to(ROOT)) for top in ("source", "cdk", "deployment", "tests", "bench")
             for file in (ROOT / top).rglob("*")]  # fmt: skip
    for named in _MODULE.findall(path.read_text()):
        assert any(f"/{file}".endswith(f"/{named.strip('`')}") for file in files), named


@pytest.mark.parametrize("path", DECISIONS, ids=_name)
def test_a_decision_has_its_parts(path: Path) -> None:
    """In their order, under its number."""
    lines = path.read_text().splitlines()
    assert lines[0].startswith(f"# {path.name[:4]}: ")
    assert tuple(line.removeprefix("## ") for line in lines if line.startswith("## ")) == _OF_A_DECISION


def test_every_decision_and_chapter_is_in_its_index() -> None:
    """None is found by chance only."""
    for folder, index in ((DOCS / "decisions", "README.md"), (DOCS / "design", "index.md")):
        listed = {place for place, _ in _LINK.findall((folder / index).read_text())}
        assert {path.name for path in folder.glob("*.md")} - {index} <= listed


def test_the_reference_of_configurations_has_every_key() -> None:
    """With its option, its example, and what it means; and what is no key."""
    text = (DOCS / "reference" / "configuration.md").read_text()
    options = {one.name: one.opts[0] for one in run.params}
    rows = [line for line in text.splitlines() if line.startswith("| `[")]
    assert len(rows) == len(KEYS)
    for key, row in zip(KEYS, rows, strict=True):
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert cells[:2] == [f"`[{key.table}]`", f"`{key.name}`"]
        assert (cells[3], cells[5]) == (f"`{key.example}`", key.about)
        assert cells[4].strip("`").partition("`")[0] in {options[key.option], key.option.upper()}
    assert all(f"`{options[name]}`" in text for name in ONCE)
