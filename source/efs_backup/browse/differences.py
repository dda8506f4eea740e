"""Differences of two versions of a text."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from efs_backup.browse.content import readable, text_of

MOST_BYTES = 256 * 1024
MOST_LINES = 5000
"""Of each version: comparing takes time with the product of both."""


@dataclass(frozen=True)
class Line:
    """A line of a difference. kind: "same", "added", "removed" or "place"."""

    kind: str
    text: str


_KINDS = {"+": "added", "-": "removed", "@": "place", " ": "same"}


def difference(old: bytes, new: bytes) -> list[Line] | str:
    """The lines that differ with some around them; a sentence where the versions cannot be compared as texts."""
    texts = [None if len(one) > MOST_BYTES else text_of(one, is_whole=True) for one in (old, new)]
    if old == new:
        return "The contents are the same; what differs are attributes, such as the time or the owner."
    if texts[0] is None or texts[1] is None:
        return "At least one version is no text, or larger than 256 KiB, and cannot be compared here; download both."
    lines = [text.split("\n") for text in texts if text is not None]
    if max(map(len, lines)) > MOST_LINES:
        return f"A version has more than {MOST_LINES:,} lines, too many to be compared here; download both."
    return [*_lines(*lines)]


def _lines(old: list[str], new: list[str]) -> Iterator[Line]:
    for number, line in enumerate(difflib.unified_diff(old, new, lineterm="", n=3)):
        if number > 1:  # behind the names of the files
            yield Line(_KINDS.get(line[:1], "same"), line[:1] + readable([line[1:]]) if line[:1] != "@" else line)
