"""The door: the commands, and what each ending means for the caller."""

import sys

import click

from efs_backup import __version__
from efs_backup.cli.diff import diff
from efs_backup.cli.listing import list_snapshots
from efs_backup.cli.output import print_error
from efs_backup.cli.prune import prune
from efs_backup.cli.restore import restore
from efs_backup.cli.run import run
from efs_backup.domain.errors import EfsBackupError, ExitCode
from efs_backup.engine.tree_walk import Stopped


@click.group()
@click.version_option(__version__, message="%(prog)s %(version)s")
def app() -> None:
    """Backups of a file tree as plain, hard-linked snapshots.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 incomplete, 4 locked by another backup, 5 nothing there.
    """


for command in (run, list_snapshots, restore, diff, prune):
    app.add_command(command)


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(_run(sys.argv[1:]))


def _run(arguments: list[str]) -> int:
    try:
        return int(app.main(arguments, prog_name="efs-backup", standalone_mode=False) or ExitCode.DONE)
    except EfsBackupError as error:
        print_error(error.message, error.next_step)
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.ClickException as error:
        print_error(error.format_message(), "See: efs-backup --help")
        return error.exit_code
    except (Stopped, click.Abort):
        print_error("Stopped; nothing was touched.")
        return ExitCode.INCOMPLETE
