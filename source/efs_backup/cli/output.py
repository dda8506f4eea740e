"""What the commands print: tables for people, JSON for programs."""

import json
import sys
from collections.abc import Iterable

from rich.console import Console
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

_WIDE = 4096


def console(*, to_stderr: bool = False) -> Console:
    """A console that cuts nothing off where no terminal is."""
    stream = sys.stderr if to_stderr else sys.stdout
    return Console(file=stream, highlight=False, width=None if stream.isatty() else _WIDE, soft_wrap=True)


def print_json(value: object) -> None:
    """One JSON value. Bytes of a name that are no UTF-8 are lone surrogates, as in Python's own file names."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def shown(name: str) -> Text:
    """A file name on one line: what cannot be printed is escaped, and nothing in it is taken for markup."""
    return Text("".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in name))


def print_table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """A table with a heading."""
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(shown(cell) for cell in row))
    console().print(table)


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """A name and a value on each line; what has no value is left out."""
    told = [(name, value) for name, value in facts if value]
    width = max((len(name) for name, _ in told), default=0)
    for name, value in told:
        console().print(Text(f"{name:{width}}  ", style="bold").append(shown(value)))


def print_error(message: str, next_step: str = "") -> None:
    """What failed and what to do next, on standard error, a line each."""
    out = console(to_stderr=True)
    out.print(Text("efs-backup: error: ", style="red").append(shown(message)))
    if next_step:
        out.print(Text("efs-backup: ").append(shown(next_step)))


def size(number: int) -> str:
    """A number of bytes, for people."""
    return decimal(number)
