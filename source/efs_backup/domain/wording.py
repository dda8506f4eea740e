"""Small matters of grammar."""

from collections.abc import Collection, Sequence

_KILO = 1000
_UNITS = ("kB", "MB", "GB", "TB", "PB")


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def named(paths: Collection[str], most: int = 20) -> str:
    """`'a', 'b' and 3 more`: the first paths in order."""
    more = f" and {len(paths) - most:,} more" if len(paths) > most else ""
    return ", ".join(map(repr, sorted(paths)[:most])) + more


def foreign_sentence(names: Sequence[str], most: int = 3) -> str:
    """A note about what somebody else has put into a series."""
    subject = f"{len(names):,} entries of the series are" if len(names) > 1 else "1 entry of the series is"
    return f"{subject} nothing of this program and left alone: {named(names, most)}."


def sized(size: float) -> str:
    """A number of bytes in decimal units: `999 bytes`, `1.5 kB`, `2.0 TB`."""
    if size < _KILO:
        return counted(int(size), "byte")
    power = 0
    while round(size, 1) >= _KILO and power < len(_UNITS):
        size /= _KILO
        power += 1
    return f"{size:,.1f} {_UNITS[power - 1]}"
