"""Small matters of grammar, and how text that may hold anything is shown."""

import base64
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

_KILO = 1000
_HOUR, _DAY, _TWO_DAYS = 60, 24 * 60, 48 * 60
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


def aged(age: timedelta) -> str:
    """An age in its largest whole unit: `5 min`, `7 h`, `400 d`; `0 min` of what lies ahead."""
    minutes = max(0, int(age.total_seconds() // 60))
    if minutes < _HOUR:
        return f"{minutes} min"
    return f"{minutes // _HOUR} h" if minutes < _TWO_DAYS else f"{minutes // _DAY:,} d"


def shown(text: str) -> str:
    """Text on one line for people, as what they may be shown of any name.

    Line breaks, escape sequences, what turns the direction of writing around, bytes that are no UTF-8: all that cannot
    be printed is escaped.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in valid(text))


def shown_lines(text: str) -> str:
    """The same for a text of several lines, as of a log."""
    return "\n".join(map(shown, text.split("\n")))


def valid(text: str) -> str:
    """Text that every reader of Unicode takes: of a name, bytes that are no UTF-8 are escaped."""
    return text if text.isascii() else _raw(text).decode(errors="backslashreplace")


def clipped(text: str, most: int) -> str:
    """Text of at most so many letters and the sign that there was more."""
    return text if len(text) <= most else f"{text[:most]} ..."


def as_fields(key: str, path: str) -> dict[str, str]:
    """A path in an object for programs: valid Unicode, and its bytes as base64, `KEY_bytes`, where they are others."""
    if path.isascii():
        return {key: path}
    text, raw = valid(path), _raw(path)
    return {key: text} if text.encode() == raw else {key: text, f"{key}_bytes": base64.b64encode(raw).decode()}


def as_value(path: str) -> str | dict[str, str]:
    """A path in a list for programs: a string, and where its bytes are others an object with `path`, `path_bytes`."""
    fields = as_fields("path", path)
    return fields if len(fields) > 1 else fields["path"]


def as_time(time: datetime) -> str:
    """An aware time for programs: ISO 8601 in UTC, `2026-11-22T02:00:00Z`."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _raw(text: str) -> bytes:
    """The bytes of a name as the file system has it, from what Python makes of it."""
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="surrogatepass")
