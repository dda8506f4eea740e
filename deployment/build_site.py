"""Build the documents as a site: python deployment/build_site.py [DIRECTORY], build/site where none is given.

Of the environment, SITE_REPOSITORY is the address to which links out of docs/ lead, and SITE_REVISION the commit there.
"""

import os
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).parents[1]
REPOSITORY = "https://github.com/OWNER/efs-backup"

_LINK = re.compile(r"(?<=\]\()(?![a-z]+:)[^)#\s]+(?=[)#])")
_ITEM = re.compile(r"(?:[-*+]|\d+\.) +")
_FENCE = re.compile(r"```+|~~~+")
_PATTERN = re.compile(r"^( +- )(\S*\*\S*)\n", re.MULTILINE)
_NAMED = re.compile(r"^ +- (?:[^:\n]+: )?(\S+\.md)$", re.MULTILINE)


def main(target: Path) -> None:
    """Write the site; CalledProcessError where a link leads nowhere, KeyError where a page is in no navigation."""
    with tempfile.TemporaryDirectory() as place:
        prepare(ROOT, Path(place))
        program = Path(sys.executable).with_name("zensical")
        subprocess.run([program, "build", "--strict"], cwd=place, check=True)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(Path(place) / "site", target)


def prepare(root: Path, place: Path) -> None:
    """Write into `place` the documents and the settings of the project in `root` as zensical reads them."""
    address = os.environ.get("SITE_REPOSITORY") or REPOSITORY
    blob = f"{address}/{{kind}}/{os.environ.get('SITE_REVISION') or 'main'}"
    documents = root / "docs"
    shutil.copytree(documents, place / "docs")
    pages = sorted(str(path.relative_to(documents)) for path in documents.rglob("*.md"))
    settings = (root / "mkdocs.yml").read_text().replace(REPOSITORY, address)
    (place / "mkdocs.yml").write_text(navigated(settings, pages))
    for page in pages:
        text = (documents / page).read_text()
        (place / "docs" / page).write_text(indented(linked(text, page, documents, blob)))


def navigated(settings: str, pages: list[str]) -> str:
    """Give settings whose patterns are replaced by the pages that they match and no other entry names.

    KeyError: a page that is in no entry, which nobody would find.
    """
    left = [page for page in pages if page not in _NAMED.findall(settings)]

    def matching(found: re.Match[str]) -> str:
        mine = [page for page in left if fnmatchcase(page, found[2]) and page.count("/") == found[2].count("/")]
        return "".join(f"{found[1]}{page}\n" for page in mine)

    done = _PATTERN.sub(matching, settings)
    lost = set(pages) - set(_NAMED.findall(done))
    if lost:
        raise KeyError(f"in no entry of the navigation in mkdocs.yml: {', '.join(sorted(lost))}")
    return done


def linked(markdown: str, page: str, documents: Path, place: str) -> str:
    """Give a text whose relative links to directories, and out of the directory `documents`, lead to the repository.

    `page` is the page's path in `documents`; `place` is the address, with {kind} for blob (a file) or tree.
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
        inside = width and line.startswith(" " * width)
        if not inside and line.strip():
            item = None if fence else _ITEM.match(line)
            width = len(item[0]) if item else 0
            fence = _after(line, fence)
        yield " " * 4 + line[width:] if inside else line


def _after(line: str, fence: str) -> str:
    """Give the fence that is open behind this line, empty for none."""
    found = _FENCE.match(line)
    if not found:
        return fence
    return "" if fence and found[0] == fence else fence or found[0]


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "site")
