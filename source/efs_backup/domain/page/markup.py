"""Small pieces of HTML. Whatever a name holds, `text_of` shows it, and it means nothing."""

import re
from collections.abc import Iterable, Sequence
from html import escape

from efs_backup.domain.humanize import shown


def text_of(text: object) -> str:
    """Text that comes from anywhere, on one line."""
    return escape(shown(str(text)))


def prose_of(text: str) -> str:
    """A sentence in which commands stand between backticks."""
    pieces = text_of(text).split("`")
    return "".join(f"<code>{one}</code>" if number % 2 else one for number, one in enumerate(pieces))


def tight_of(text: str) -> str:
    """A text in which no number is torn from its unit."""
    return re.sub(r"(?<=\d) (?=%|[kMGTP]?B\b)", "&nbsp;", text_of(text))


def code_of(text: object) -> str:
    """Text as a machine reads it."""
    return f"<code>{text_of(text)}</code>"


def table_of(heads: Sequence[str], rows: Iterable[Sequence[str]], texts: int) -> str:
    """A table of cells that are HTML already; all but the first so many are numbers."""
    head = "".join(_cells("th", heads, texts))
    body = "".join(f"<tr>{''.join(_cells('td', row, texts))}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(kind: str, row: Sequence[str], texts: int) -> Iterable[str]:
    for number, content in enumerate(row):
        yield f"<{kind}{' class=number' if number >= texts else ''}>{content}</{kind}>"


def section_of(heading: str, content: str, *, is_long: bool = False) -> str:
    """A part of the page; a long one may be torn apart where it is printed."""
    return f"<section{' class=long' if is_long else ''}><h2>{heading}</h2>{content}</section>"
