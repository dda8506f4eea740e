"""A configuration: the file of one source, read into what the options of `run` say."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.humanize import clipped
from efs_backup.domain.requests.configuration_keys import KEYS, ONCE, TABLES, Key, Kind

SUFFIX = ".toml"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)
_LENGTH = re.compile(r"(?=.)(?:(\d{1,6})h)?(?:(\d{1,6})m)?", re.ASCII)
_MOST_SHOWN = 100
_MOST = 2**53
"""No number of files, days or bytes is larger, and no text of one is endless."""

_GIVEN = {"source": "path", "backup": "path"}
"""The keys that no configuration can do without."""


def is_name(text: str) -> bool:
    """Whether a text can be the NAME of a configuration: no path, and what systemd need not escape."""
    return bool(_NAME.fullmatch(text))


@dataclass(frozen=True)
class Configuration:
    """The content of a configuration: a value for each option of `run` that it names. faults: what is wrong."""

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    faults: tuple[str, ...] = ()


def read_configuration(name: str, tables: Mapping[str, Any]) -> Configuration:
    """The configuration in the tables of a file."""
    values, faults = dict[str, Any](), [*_strangers(tables)]
    for key in KEYS:
        table = tables.get(key.table)
        if isinstance(table, dict) and key.name in table:
            try:
                values[key.option] = _value_of(key, table[key.name])
            except WrongUsage as fault:
                faults.append(fault.message)
    faults += [
        f"[{table}] {name} is missing." for table, name in _GIVEN.items()
        if not isinstance(found := tables.get(table), dict) or name not in found
    ]  # fmt: skip
    return Configuration(name, values, tuple(faults))


def _strangers(tables: Mapping[str, Any]) -> Iterator[str]:
    """Sentences about tables and keys that there are none of."""
    for table, content in tables.items():
        if table not in TABLES:
            meant = _meant(table, TABLES)
            yield f"There is no table [{table}]{meant or '.'}" if isinstance(content, dict) else _loose(table)
        elif not isinstance(content, dict):
            yield f"{table!r} is a table: its keys stand below a line [{table}]."
        else:
            yield from (_strange(table, name) for name in content if name not in _names(table))


def _names(table: str) -> list[str]:
    return [key.name for key in KEYS if key.table == table]


def _loose(name: str) -> str:
    """About a key that stands in no table."""
    places = [str(key) for key in KEYS if name in {key.name, key.option}]
    return f"{name!r} stands in no table{f'; it belongs to {places[0]}' if places else ''}."


def _strange(table: str, name: str) -> str:
    if name in ONCE:
        return f"[{table}] {name} is no key: say {ONCE[name]} on the command line, once."
    elsewhere = [str(key) for key in KEYS if name in {key.name, key.option}]
    meant = f"; did you mean {elsewhere[0]}?" if elsewhere else _meant(name, _names(table))
    return f"[{table}] has no key {name!r}{meant or '.'}"


def _meant(word: str, known: list[str] | tuple[str, ...]) -> str:
    """`; did you mean 'X'?`, or nothing. What compares words takes some milliseconds to import."""
    from difflib import get_close_matches  # noqa: PLC0415

    close = get_close_matches(word, known, 1, 0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def _value_of(key: Key, value: Any) -> Any:
    """The value as the option takes it. Raises WrongUsage."""
    read = _READERS[key.kind](value)
    if read is None or (isinstance(read, str) and not read):
        raise WrongUsage(f"{key} is {_WANTED[key.kind]}, such as {key.example}{_shown(key, value)}.")
    if "\0" in "".join(read if isinstance(read, tuple) else (str(read),)):
        raise WrongUsage(f"{key} holds a null character.")
    if key.name == "path" and not read.startswith("/"):
        raise WrongUsage(f"{key} is an absolute path{_shown(key, value)}.")
    return read is not key.is_opposite if key.kind is Kind.FLAG else read


def _texts(value: Any) -> tuple[str, ...] | None:
    texts = [value] if isinstance(value, str) else value
    return tuple(texts) if isinstance(texts, list) and all(isinstance(one, str) for one in texts) else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MOST else None


def _number(value: Any) -> float | None:
    return value if isinstance(value, float) and math.isfinite(value) else _whole(value)


def _minutes(value: Any) -> str | None:
    """Minutes as the option takes them: as a text."""
    if not isinstance(value, str):
        return None if (number := _number(value)) is None else f"{number:g}"
    found = _LENGTH.fullmatch(value.replace(" ", ""))
    hours, minutes = (int(one or 0) for one in found.groups()) if found else (0, 0)
    return f"{hours * 60 + minutes}" if found else None


def _size(value: Any) -> str | None:
    return value if isinstance(value, str) else None if (number := _whole(value)) is None else str(number)


_READERS: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: lambda value: value if isinstance(value, str) else None,
    Kind.TEXTS: _texts,
    Kind.WHOLE: _whole,
    Kind.NUMBER: _number,
    Kind.FLAG: lambda value: value if isinstance(value, bool) else None,
    Kind.MINUTES: _minutes,
    Kind.SIZE: _size,
}
"""The value that each kind makes of a given one; None where it is none of that kind."""

_WANTED = {
    Kind.TEXT: "a text that is not empty",
    Kind.TEXTS: "a list of texts",
    Kind.WHOLE: "a whole number",
    Kind.NUMBER: "a number",
    Kind.FLAG: "true or false",
    Kind.MINUTES: "a number of minutes, or a text such as 90m or 1h30m",
    Kind.SIZE: "a size",
}


def _shown(key: Key, value: Any) -> str:
    is_endless = isinstance(value, int) and abs(value) >= _MOST
    return "" if key.is_secret or is_endless else f", not {clipped(repr(value), _MOST_SHOWN)}"


def file_fault(what: str, owner: int, mode: int, user: int, *, is_sticky: bool = False) -> tuple[str, str]:
    """(why a file or directory cannot be trusted, the command that mends it); ("", "") where it can.

    Whoever can write to it has commands run by whoever runs the backup, mostly root. user: who that is. is_sticky: a
    directory in which nobody replaces what belongs to another.
    """
    if owner not in {0, user}:
        return f"{what} belongs to user {owner}, who could have commands run by user {user}", f"chown {user}"
    if mode & 0o022 and not is_sticky:
        return f"{what} can be written by others, who could have commands run by user {user}", "chmod go-w"
    return "", ""
