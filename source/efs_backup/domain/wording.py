"""Small matters of grammar."""

from collections.abc import Sequence

_KILO = 1000
_UNITS = ("kB", "MB", "GB", "TB", "PB")


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def foreign_sentence(names: Sequence[str], most: int = 3) -> str:
    """A note about what somebody else has put into a series."""
    named = ", ".join(map(repr, names[:most]))
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    subject = f"{len(names):,} entries of the series are" if len(names) > 1 else "1 entry of the series is"
    return f"{subject} nothing of this program and left alone: {named}{more}."


def sized(size: float) -> str:
    """A number of bytes in decimal units: `999 bytes`, `1.5 kB`, `2.0 TB`."""
    if size < _KILO:
        return counted(int(size), "byte")
    power = 0
    while round(size, 1) >= _KILO and power < len(_UNITS):
        size /= _KILO
        power += 1
    return f"{size:,.1f} {_UNITS[power - 1]}"
