"""Help: by what commands are for, with hints for who comes from elsewhere, and completed by the shell."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from efs_backup.cli.app import app
from efs_backup.cli.catalog import COMMANDS, SECTIONS, hint
from tests.support.cli import COMMAND, Cli


def test_help_shows_each_command_where_it_belongs(cli: Cli) -> None:
    """In a section, each with a line of its own that is not cut off; -h is --help, of commands too."""
    said = cli("--help").stdout
    assert cli("-h").stdout == said
    assert [line.removesuffix(":") for line in said.splitlines() if line.removesuffix(":") in SECTIONS] == [*SECTIONS]
    for name, entry in COMMANDS.items():
        assert f"  {name} " in said
        assert entry.help in said
        assert entry.help.endswith(".")
    assert cli("prune", "-h").stdout == cli("prune", "--help").stdout


def test_the_catalog_has_the_name_of_each_command() -> None:
    """The catalog is known without importing the commands, so the names are written twice."""
    context = click.Context(app)
    for name in COMMANDS:
        command = app.get_command(context, name)
        assert command
        assert command.name == name


def test_help_imports_no_command() -> None:
    """Help is as fast as the version."""
    code = "import sys; from efs_backup.cli.app import app; app.main(['--help'], standalone_mode=False)"
    check = "; print([name for name in sys.modules if 'efs_backup.cli.commands.' in name or name == 'rich'])"
    done = subprocess.run([sys.executable, "-c", code + check], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("word", "meant"),
    [("backup", "run"), ("snapshots", "list"), ("forget", "prune"), ("check", "verify"), ("verfy", "verify")],
)
def test_a_word_of_another_program_is_hinted_at(cli: Cli, word: str, meant: str) -> None:
    """A hint is no alias: what one does with `forget` elsewhere is not what `prune` does."""
    assert f"No such command {word!r}. Did you mean {meant!r}?" in cli(word, code=2).stderr


def test_who_wants_to_mount_learns_that_nothing_is_to_be_mounted() -> None:
    """And of a word that nobody knows nothing is said."""
    assert "Nothing needs to be mounted" in hint("mount")
    assert hint("xyzzy") == ""
    assert hint("dump", [*COMMANDS, "cat"]) == "Did you mean 'cat'?"


def _completed(cli: Cli, tmp_path: Path, line: str) -> set[str]:
    """The words that bash would offer behind this line."""
    script = tmp_path / "completion.bash"
    script.write_text(cli("completion", "bash").stdout)
    words = shlex.split(line) + ([""] if line.endswith(" ") else [])
    ask = f"source {script}; COMP_WORDS=({' '.join(map(shlex.quote, words))}); COMP_CWORD={len(words) - 1}"
    ask += '; _efs_backup_completion efs-backup; printf "%s\\n" "${COMPREPLY[@]}"; complete -p efs-backup'
    environment = {**os.environ, "PATH": f"{COMMAND.parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True, env=environment)
    *offered, registered = done.stdout.splitlines()
    assert "_efs_backup_completion" in registered
    return set(offered)


def test_bash_completes_commands_options_and_choices(cli: Cli, tmp_path: Path) -> None:
    """By the script that the command prints, sourced in a bash."""
    assert _completed(cli, tmp_path, "efs-backup ver") == {"verify", "versions"}
    assert _completed(cli, tmp_path, "efs-backup list --la") == {"--label"}
    assert {"daily", "weekly"} <= _completed(cli, tmp_path, "efs-backup list /backup --interval ")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_a_script_too(cli: Cli, shell: str) -> None:
    """The script asks the command itself, in that shell's own way."""
    assert f"_EFS_BACKUP_COMPLETE={shell}_complete" in cli("completion", shell).stdout
