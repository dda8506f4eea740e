"""The door: the commands, and what each ending means for the caller."""

import sys
import traceback
from importlib import import_module

import click

from efs_backup import __version__
from efs_backup.cli.output import print_error, print_json
from efs_backup.domain.errors import BackupError, EfsBackupError, ExitCode, FailureReason
from efs_backup.engine.machine.circumstances import lost_output, settle
from efs_backup.engine.machine.signals import exit_on_signals
from efs_backup.engine.trees.tree_walk import Stopped

ENVIRONMENT = "EFS_BACKUP"
"""An option of a command can come from the environment: `EFS_BACKUP_RUN_RETAIN` is `run --retain`."""


_COMMANDS = {
    "run": ("run", "run"),
    "init": ("init", "init"),
    "list": ("listing", "list_snapshots"),
    "history": ("history", "history"),
    "restore": ("restore", "restore"),
    "drill": ("drill", "drill"),
    "ls": ("ls", "ls"),
    "find": ("find", "find"),
    "cat": ("cat", "cat"),
    "diff": ("diff", "diff"),
    "prune": ("prune", "prune"),
    "pin": ("pin", "pin"),
    "unpin": ("pin", "unpin"),
    "note": ("pin", "note"),
    "hold": ("hold", "hold_series"),
    "release": ("hold", "release_label"),
    "verify": ("verify", "verify"),
    "audit": ("audit", "audit_series"),
    "scrub": ("scrub", "scrub"),
    "repair": ("repair", "repair"),
    "versions": ("versions", "versions"),
    "vanished": ("vanished", "vanished"),
    "growth": ("growth", "growth"),
    "stats": ("stats", "stats"),
    "estimate": ("estimate", "estimate"),
    "manifest": ("manifest", "manifest"),
}
"""The module of each command, and its name there."""

_PRINTING_ARRAYS = ("list", "history")


class Commands(click.Group):
    """Loads the module of a command when that is called: what one command needs, another has not to wait for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """See click.Group."""
        return [*super().list_commands(ctx), *_COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """See click.Group."""
        if cmd_name not in _COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, name = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"efs_backup.cli.commands.{module}"), name)
        return command


@click.group(cls=Commands)
@click.version_option(__version__, message="%(prog)s %(version)s")
def app() -> None:
    """Backups of a file tree as plain, hard-linked snapshots.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 incomplete, 4 locked by another backup, 5 nothing there,
    6 not as it was stored.
    """


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
    if "--json" in arguments and arguments[0] not in _PRINTING_ARRAYS:
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
