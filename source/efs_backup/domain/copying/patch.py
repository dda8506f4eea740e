"""Patches: what changed in a text, line by line."""

from collections.abc import Iterator
from difflib import diff_bytes, unified_diff

MOST_BYTES = 2**20
"""Of a text on each side: one of more is not compared line by line."""

MOST_LINES = 20_000
"""On both sides together: what has few lines in common takes a time that grows with their product."""

_LOOKED_AT = 8_000
"""Bytes in which git looks for a NUL, which no text has."""

_NO_END = b"\\ No newline at end of file\n"


def reason_against(old: bytes, new: bytes) -> str:
    """Why there is no patch of these contents, of which a byte more than the most is enough; "" where there is one."""
    if max(len(old), len(new)) > MOST_BYTES:
        return f"larger than {MOST_BYTES // 1024:,} KiB"
    if b"\0" in old[:_LOOKED_AT] + new[:_LOOKED_AT]:
        return "binary"
    lines = old.count(b"\n") + new.count(b"\n")
    return f"{lines:,} lines, more than {MOST_LINES:,}" if lines > MOST_LINES else ""


def patch_of(old: bytes, new: bytes, names: tuple[bytes, bytes]) -> Iterator[bytes]:
    """A unified diff of two texts, a line at a time, each with its end; nothing where they are equal."""
    for line in diff_bytes(unified_diff, _lines(old), _lines(new), *names):
        if line.endswith(b"\n"):
            yield line
        else:
            yield from (line + b"\n", _NO_END)


def _lines(text: bytes) -> list[bytes]:
    """The lines with their ends; only a line feed ends one."""
    *whole, rest = text.split(b"\n")
    return [line + b"\n" for line in whole] + ([rest] if rest else [])
