"""The output of the commands: tables for people, JSON for programs."""

import json
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence

import click

from efs_backup.cli.tables import Column, table_lines
from efs_backup.cli.verbosity import is_quiet
from efs_backup.domain.errors import ExitCode
from efs_backup.domain.humanize import shown, valid
from efs_backup.engine.machine.circumstances import is_unread, lost_output

SCHEMA = 1
"""The number of what `--json` prints: another one where a member goes, or says something else; more may come."""

_LOOKED_AFTER = 200
"""Lines after which we look whether anybody reads them."""


def print_json(answer: Mapping[str, object]) -> None:
    """One JSON object, of valid Unicode whatever the texts in it are; docs/reference/schema has its members."""
    sys.stdout.write(json.dumps(_all_valid({"schema": SCHEMA, **answer}), indent=2) + "\n")


def print_json_list(key: str, values: Iterable[object], more: Callable[[], Mapping[str, object]]) -> None:
    """One JSON object with a list of any length, each value written as it is found; `more` gives the other members.

    The texts of the values are valid already, as `as_fields` gives them.
    """
    sys.stdout.write(f'{{\n  "schema": {SCHEMA},\n  "{key}": [')
    for number, value in enumerate(values):
        sys.stdout.write(f"{',' if number else ''}\n    {json.dumps(value)}")
        if number % _LOOKED_AFTER == 0 and is_unread():
            return
    sys.stdout.write("\n  ]")
    for name, value in more().items():
        sys.stdout.write(f",\n  {json.dumps(name)}: {json.dumps(_all_valid(value))}")
    sys.stdout.write("\n}\n")


def _all_valid(value: object) -> object:
    match value:
        case str():
            return valid(value)
        case dict():
            return {valid(str(name)): _all_valid(one) for name, one in value.items()}
        case list() | tuple():
            return [_all_valid(one) for one in value]
        case _:
            return value


def answered() -> ExitCode:
    """The exit code of a command whose answer is all its work: without the answer, it has failed."""
    return ExitCode.FAILED if lost_output() else ExitCode.DONE


def print_line(text: str, *, to_stderr: bool = False) -> None:
    """Text on one line, whatever it is."""
    click.echo(shown(text), err=to_stderr)


def print_lines(lines: Iterable[str]) -> None:
    """Lines, however many, each written as it is found, until nobody reads them any more."""
    for number, line in enumerate(lines, 1):
        sys.stdout.write(f"{shown(line)}\n")
        if number % _LOOKED_AFTER == 0 and is_unread():
            return


def print_columns(
    columns: Sequence[str], rows: Iterable[Sequence[str]], align: Callable[[str, int], str] = str.rjust
) -> None:
    """A table of any length, all but the first column to the right; no terminal is too narrow for it."""
    table = [[shown(cell) for cell in row] for row in (columns, *rows)]
    widths = [max(len(row[at]) for row in table) for at in range(len(columns))]
    print_lines(
        "  ".join(
            [row[0].ljust(widths[0]), *(align(cell, width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        ).rstrip()
        for row in table
    )


def print_bytes(pieces: Iterable[bytes]) -> None:
    """Bytes as they are, until nobody reads them any more."""
    sys.stdout.flush()
    for piece in pieces:
        sys.stdout.buffer.write(piece)
        if is_unread():
            return


def print_names(names: Iterable[bytes]) -> None:
    """Raw names, each ended by a NUL, until nobody reads them any more."""
    print_bytes(b"%b\0" % name for name in names)


def print_notes(notes: Iterable[str]) -> None:
    """Print what the answer lacks, or is good to know, a line each on standard error; nothing with -q."""
    if is_quiet():
        return
    for note in notes:
        print_line(f"efs-backup: {note}", to_stderr=True)


def print_warnings(warnings: Iterable[str]) -> None:
    """A line each on standard error, for whoever has asked for nothing else."""
    for warning in warnings:
        print_line(f"efs-backup: warning: {warning}", to_stderr=True)


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
    """A table that fits the terminal, if standard output is one; nothing is cut off."""
    print_lines(table_lines(columns, rows, _terminal_width()))


def _terminal_width() -> int | None:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """A name and a value on each line; what has no value is left out. Nothing with -q."""
    if is_quiet():
        return
    told = [(name, value) for name, value in facts if value]
    width = max((len(name) for name, _ in told), default=0)
    for name, value in told:
        click.echo(click.style(f"{name:{width}}  ", bold=True) + shown(value))


def print_error(message: str, next_step: str = "") -> None:
    """Print what failed and what to do next, on standard error, a line each."""
    click.echo(click.style("efs-backup: error: ", fg="red") + shown(message), err=True)
    if next_step:
        click.echo(f"efs-backup: {shown(next_step)}", err=True)
