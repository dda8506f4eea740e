"""Hooks of the site of documents: they make of Markdown as a repository shows it what mkdocs understands."""

import os
import posixpath
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

_LINK = re.compile(r"(?<=\]\()(?![a-z]+:)[^)#\s]+(?=[)#])")
_ITEM = re.compile(r"(?:[-*+]|\d+\.) +")
_FENCE = re.compile(r"(```+|~~~+)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the pages that a pattern of the navigation matches in its place."""
    named = set(_strings(config.nav))
    root = Path(config.docs_dir)
    pages = sorted(str(path.relative_to(root)) for path in root.rglob("*.md"))
    config.nav = expanded(config.nav, [page for page in pages if page not in named])
    return config


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Take the text of a page, and give it with links out of the documents and with lists that mkdocs reads."""
    place = f"{(config.repo_url or '').rstrip('/')}/{{kind}}/{os.environ.get('SITE_REVISION', 'main')}"
    documents = Path(config.docs_dir)
    return indented(linked(markdown, page.file.src_uri, documents, place))


def expanded(nav: Any, pages: list[str]) -> Any:
    """Give a navigation whose patterns are replaced by those of `pages` that they match, below the same folder."""
    match nav:
        case list():
            parts = [_matching(one, pages) if _is_pattern(one) else [expanded(one, pages)] for one in nav]
            return [one for part in parts for one in part]
        case dict():
            return {title: expanded(below, pages) for title, below in nav.items()}
    return nav


def linked(markdown: str, page: str, documents: Path, place: str) -> str:
    """Give a text whose relative links to directories, and out of the directory `documents`, lead to the repository.

    `page` is the page's path in `documents`, and `place` the address with {kind}, which is blob for a file, tree for a directory.
    """

    def target(found: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(documents.name, posixpath.dirname(page), found[0]))
        directory = (documents.parent / path).is_dir()
        if path.startswith(f"{documents.name}/") and not directory:
            return found[0]
        return f"{place.format(kind='tree' if directory else 'blob')}/{path}"

    return _LINK.sub(target, markdown)


def indented(markdown: str) -> str:
    """Give a text whose lists have 4 spaces before what belongs to an item; a repository takes its marker's width."""
    return "\n".join(_indented(markdown.split("\n")))


def _indented(lines: list[str]) -> Iterator[str]:
    width = 0  # of the marker of the item that is open
    fence = ""
    for line in lines:
        if fence or (not width and _FENCE.match(line)):
            fence = _after(line, fence)
        elif item := _ITEM.match(line):
            width = len(item[0])
        elif width and line.startswith(" " * width):
            line = " " * 4 + line[width:]  # noqa: PLW2901
        elif width and line and not line.startswith(" "):
            width = 0
            fence = _after(line, fence)
        yield line


def _after(line: str, fence: str) -> str:
    """Give the fence that is open behind this line, empty for none."""
    found = _FENCE.match(line)
    if not found:
        return fence
    return "" if fence and found[0] == fence else fence or found[0]


def _is_pattern(entry: Any) -> bool:
    return isinstance(entry, str) and "*" in entry


def _matching(pattern: str, pages: list[str]) -> list[str]:
    return [page for page in pages if fnmatchcase(page, pattern) and page.count("/") == pattern.count("/")]


def _strings(nav: Any) -> Iterator[str]:
    match nav:
        case str():
            yield nav
        case list():
            for one in nav:
                yield from _strings(one)
        case dict():
            yield from _strings(list(nav.values()))
