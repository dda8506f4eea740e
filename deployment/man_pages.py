"""Write the manual pages of `efs-backup`, one for each command, as click knows them: man_pages.py DIRECTORY."""

import re
import sys
from pathlib import Path

import click
from click_man.core import write_man_pages  # type: ignore[import-untyped]

from efs_backup import __version__
from efs_backup.cli.app import app
from efs_backup.cli.lazy import LazyGroup

PROGRAM = "efs-backup"


def write(directory: Path) -> None:
    """Write them; the environment variable SOURCE_DATE_EPOCH gives their date."""
    directory.mkdir(parents=True, exist_ok=True)
    _load(app)
    app.short_help = "backups of a file tree as plain, hard-linked snapshots"
    write_man_pages(PROGRAM, app, version=f"{PROGRAM} {__version__}", target_dir=str(directory))
    for page in directory.glob("*.1"):  # a line of a text that begins with a quote is no macro
        page.write_text(re.sub("^'", r"\\&'", page.read_text(), flags=re.MULTILINE))


def _load(group: LazyGroup) -> None:
    """Put all commands of a group where click-man looks for them."""
    for name, entry in group.entries.items():
        command = command_of(group, name)
        command.short_help = entry.help
        group.commands[name] = command
        if isinstance(command, LazyGroup):
            _load(command)


def command_of(group: LazyGroup, name: str) -> click.Command:
    """Give a command of a group, whose module is imported; KeyError where it has none of that name."""
    command = group.get_command(click.Context(group, info_name=PROGRAM), name)
    if command is None:
        raise KeyError(name)
    return command


if __name__ == "__main__":
    write(Path(sys.argv[1]))
