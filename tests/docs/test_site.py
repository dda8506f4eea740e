"""The documents build as a site, and read there as they do in the repository."""

import re
from pathlib import Path

import pytest

from deployment.build_site import REPOSITORY, ROOT, indented, linked, main, navigated

_DOCS = ROOT / "docs"
_PLACE = "https://example.org/{kind}/main"


def test_the_site_is_built_and_no_link_in_it_leads_nowhere(tmp_path: Path) -> None:
    """Zensical is strict, every page is there, and what lies outside of docs/ is looked at in the repository."""
    main(tmp_path / "site")
    pages = {path.relative_to(tmp_path / "site").parent for path in (tmp_path / "site").rglob("index.html")}
    sources = {path.relative_to(_DOCS).with_suffix("") for path in _DOCS.rglob("*.md")}
    assert pages == {one.parent if one.name in {"README", "index"} else one for one in sources}
    assert f'href="{REPOSITORY}/blob/main/bench/README.md"' in (tmp_path / "site/performance/index.html").read_text()
    assert "md-source" not in (tmp_path / "site/index.html").read_text()  # a box for which GitHub is asked for figures
    steps = (tmp_path / "site/runbooks/restore-everything/index.html").read_text()
    assert len(re.findall("<ol", steps)) == 2  # commands within a step do not end a list


@pytest.mark.parametrize(
    ("link", "wanted"),
    [
        ("../../bench/README.md#one", "https://example.org/blob/main/bench/README.md#one"),
        ("../../tests", "https://example.org/tree/main/tests"),
        ("schema/", "https://example.org/tree/main/docs/reference/schema"),
        ("../restore.md#back", "../restore.md#back"),
        ("#here", "#here"),
        ("https://example.com/a", "https://example.com/a"),
    ],
)
def test_a_link_out_of_the_documents_leads_to_the_repository(link: str, wanted: str) -> None:
    """A link within them, to a heading, or to another site stays."""
    assert linked(f"[a]({link})", "reference/json.md", _DOCS, _PLACE) == f"[a]({wanted})"


def test_a_block_within_an_item_stays_in_it() -> None:
    """GitHub asks for the width of the marker, and the site's Markdown for four spaces."""
    text = "1. a\n   ```\n     b\n   ```\n2. c\n\n- d\n  e\n\n```\n- f\n  g\n```\n"
    wanted = "1. a\n    ```\n      b\n    ```\n2. c\n\n- d\n    e\n\n```\n- f\n  g\n```\n"
    assert indented(text) == wanted


def test_a_pattern_stands_for_what_is_named_nowhere_else() -> None:
    """A page that somebody adds to a folder is found."""
    nav = "nav:\n  - Home: index.md\n  - A:\n      - a/z.md\n      - a/*.md\n"
    pages = ["a/b.md", "a/c.md", "a/z.md", "index.md"]
    assert navigated(nav, pages) == nav.replace("a/*.md", "a/b.md\n      - a/c.md")


def test_a_page_that_is_in_no_navigation_is_named() -> None:
    """Nobody would find it."""
    with pytest.raises(KeyError, match=r"lost\.md"):
        navigated("nav:\n  - Home: index.md\n", ["index.md", "lost.md"])
