"""The door: the commands, and what each ending means for the caller."""

import sys
import traceback

import click

from efs_backup import __version__
from efs_backup.cli.commands.diff import diff
from efs_backup.cli.commands.history import history
from efs_backup.cli.commands.init import init
from efs_backup.cli.commands.listing import list_snapshots
from efs_backup.cli.commands.prune import prune
from efs_backup.cli.commands.restore import restore
from efs_backup.cli.commands.run import run
from efs_backup.cli.output import print_error, print_json
from efs_backup.domain.errors import BackupError, EfsBackupError, ExitCode, FailureReason
from efs_backup.engine.machine.circumstances import lost_output, settle
from efs_backup.engine.machine.signals import exit_on_signals
from efs_backup.engine.trees.tree_walk import Stopped

ENVIRONMENT = "EFS_BACKUP"
"""An option of a command can come from the environment: `EFS_BACKUP_RUN_RETAIN` is `run --retain`."""


@click.group()
@click.version_option(__version__, message="%(prog)s %(version)s")
def app() -> None:
    """Backups of a file tree as plain, hard-linked snapshots.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 incomplete, 4 locked by another backup, 5 nothing there.
    """


for command in (run, init, list_snapshots, history, restore, diff, prune):
    app.add_command(command)


def main() -> None:
    """Run the command line and exit with its code."""
    settle()
    code = _run(sys.argv[1:])
    exit_on_signals(code)
    if lost := lost_output():
        print_error(f"What was to be printed is not all on standard output: {lost.strerror}.")
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    try:
        return int(
            app.main(arguments, prog_name="efs-backup", standalone_mode=False, auto_envvar_prefix=ENVIRONMENT)
            or ExitCode.DONE
        )
    except EfsBackupError as error:
        exit_on_signals(error.exit_code)
        _tell(error, arguments)
        return error.exit_code
    except click.ClickException as error:
        _tell_usage(error)
        return error.exit_code
    except (Stopped, click.Abort):
        print_error("Stopped; nothing was touched.")
        return ExitCode.INCOMPLETE
    except Exception as error:  # noqa: BLE001 - the door: what has no name ends here
        _tell_unexpected(error, arguments)
        return ExitCode.FAILED


def _tell(error: EfsBackupError, arguments: list[str]) -> None:
    reason = error.reason if isinstance(error, BackupError) else None
    _tell_programs(error.message, error.next_step, reason, arguments)
    print_error(error.message, error.next_step)


def _tell_programs(message: str, next_step: str, reason: FailureReason | None, arguments: list[str]) -> None:
    """Programs get an object too, but for `list` and `history`, which have printed their array."""
    if "--json" in arguments and arguments[0] not in (list_snapshots.name, history.name):
        print_json({"status": "Failed", "failure_reason": reason, "message": message, "next_step": next_step})


def _tell_usage(error: click.ClickException) -> None:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
    else:
        print_error(error.format_message(), "See: efs-backup --help")


def _tell_unexpected(error: Exception, arguments: list[str]) -> None:
    if isinstance(error, OSError):
        message, next_step = (
            f"{error.filename or 'A file'!r}: {error.strerror}.",
            "Run it as root?",
        )
    else:
        traceback.print_exception(error)
        message, next_step = f"{error!r}.", "Older snapshots are as they were. Please report this."
    _tell_programs(message, next_step, FailureReason.INTERNAL_ERROR, arguments)
    print_error(message, next_step)
