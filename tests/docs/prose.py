"""The rules of prose as far as a program can see them: how a docstring begins, and where a second sentence does."""

import ast
import re
from collections.abc import Iterator

_OPENER = re.compile(r"\s*(?:What|It|So|Such|One of them)\b")
_PERHAPS = re.compile(r"""["']\s*(?:What|It|So|Such|One of them)\b""")
_FENCE = re.compile(r"^ *```.*$", re.MULTILINE)
_NO_PROSE = ("|", "#", "<!--")
_MARKER = re.compile(r"^\s*(?:>\s*)*(?:(?:[-*+]|\d+\.)\s+)?(?:\[[ x]\]\s+)?")
_CODE = re.compile(r"`[^`]*`")
_LINK = re.compile(r"\[[^\]]*\]\([^)]*\)|<?https?:\S+")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|vs|cf|No|approx|resp)\.(?= )")
_NEXT = re.compile(r"[\w)\]`*%>][.!?]['\")*_\]]* +(?=['\"(*_\[]*[A-Z0-9`])")


def odd_openings(source: str) -> Iterator[tuple[int, str]]:
    """Line and first line of each docstring that begins neither with a subject nor with an imperative.

    The string below a constant or a field counts as one.
    """
    if not _PERHAPS.search(source):  # spares most modules the parser
        return
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(ast.Constant(str() as text)) if _OPENER.match(text):
                yield node.lineno, text.strip().splitlines()[0]


def second_sentences(markdown: str) -> Iterator[tuple[int, str]]:
    """Number and text of each line with the beginning of a second sentence.

    Headings, cells of tables, code and links are no prose.
    """
    for number, line in enumerate(_without_blocks(markdown).splitlines(), start=1):
        if not line.lstrip().startswith(_NO_PROSE) and _NEXT.search(_plain(line)):
            yield number, line.strip()


def _without_blocks(markdown: str) -> str:
    """The text with an empty line for each one of a block of code."""
    parts = _FENCE.split(markdown)
    return "".join("\n" * part.count("\n") if at % 2 else part for at, part in enumerate(parts))


def _plain(line: str) -> str:
    """The line without its marker and without dots that end no sentence."""
    return _ABBREVIATION.sub("", _LINK.sub("]", _CODE.sub("`", _MARKER.sub("", line))))
