"""Write docs/reference/cli.md, the commands as click knows them: python deployment/cli_reference.py."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from deployment.man_pages import PROGRAM, command_of
from efs_backup.cli.app import app
from efs_backup.cli.catalog import SECTIONS, STACK_SECTIONS, Entry
from efs_backup.cli.lazy import LazyGroup

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "cli.md"

_HEAD = """# Commands

This page is written by `deployment/cli_reference.py` from the commands themselves.
`--help` behind a command says the same.
[Options of `run`](run.md) tells more of them, and of how a backup ends.
"""
_SENTENCE = re.compile(r"(?<=[\w)\]`*][.!?]) +(?=[A-Z`])")
_MARKUP = re.compile(r"([|<>*_])")


def reference() -> str:
    """Give the text of the page."""
    stack = command_of(app, "stack")
    if not isinstance(stack, LazyGroup):
        raise TypeError(stack)
    parts = [_HEAD, *_sections(app, PROGRAM, SECTIONS), *_sections(stack, f"{PROGRAM} stack", STACK_SECTIONS)]
    return "\n".join(parts)


def _sections(group: LazyGroup, path: str, sections: Mapping[str, Mapping[str, Entry]]) -> Iterator[str]:
    """Give the parts of a group's page; a group within it has its own."""
    for title, entries in sections.items():
        commands = {name: command_of(group, name) for name in entries}
        plain = {name: one for name, one in commands.items() if not isinstance(one, LazyGroup)}
        if plain:
            yield f"## {title if path == PROGRAM else f'Of a stack: {title.lower()}'}\n"
        for name, one in plain.items():
            yield from _commands(one, f"{path} {name}")


def _commands(command: click.Command, path: str) -> Iterator[str]:
    """Give a command and those within it."""
    yield _command(command, path)
    if isinstance(command, click.Group):
        for name, one in command.commands.items():
            yield from _commands(one, f"{path} {name}")


def _command(command: click.Command, path: str) -> str:
    """Give a command: its name, what it does, its usage, and a table of its options."""
    context = click.Context(command, info_name=path)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    records = [one.get_help_record(context) for one in command.params]
    rows = [_row(names, about) for names, about in filter(None, records) if about]
    table = ["| option | meaning |", "|---|---|", *rows, ""] if rows else []
    return "\n".join([f"### `{path}`", "", _prose(command.help or ""), "", "```text", usage, "```", "", *table])


def _row(names: str, about: str) -> str:
    """Give a line of the table; a bar would end its cell, also within code."""
    return f"| `{names.replace('|', ' or ')}` | {_escaped(' '.join(about.split()))} |"


def _prose(help_text: str) -> str:
    """Give a help text as paragraphs, a sentence a line."""
    paragraphs = (" ".join(one.split()) for one in help_text.replace("\b", "").split("\n\n"))
    return "\n\n".join(_SENTENCE.sub("\n", _escaped(one)) for one in paragraphs if one)


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text)


if __name__ == "__main__":
    PAGE.write_text(reference())
