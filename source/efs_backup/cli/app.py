"""The door: the commands, and what each ending means for the caller."""

import sys
import traceback
from importlib import import_module
from typing import TYPE_CHECKING

import click

from efs_backup import __version__
from efs_backup.cli.catalog import COMMANDS, SECTIONS, hint
from efs_backup.cli.output import print_error, print_json
from efs_backup.domain.errors import BackupError, EfsBackupError, ExitCode, FailureReason
from efs_backup.engine.machine.circumstances import CLOSED, lost_output, settle
from efs_backup.engine.machine.signals import exit_on_signals
from efs_backup.engine.trees.tree_walk import Stopped

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

ENVIRONMENT = "EFS_BACKUP"
"""An option of a command can come from the environment: `EFS_BACKUP_RUN_RETAIN` is `run --retain`."""


_STOPPED = "Stopped; nothing was touched."
_HELP = "See: efs-backup --help"


class Commands(click.Group):
    """Loads the module of a command when that is called: what one command needs, another has not to wait for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """See click.Group."""
        return [*super().list_commands(ctx), *COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """See click.Group."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        entry = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"efs_backup.cli.commands.{entry.module}"), entry.function)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """See click.Group. Raises UsageError with what may have been meant."""
        name = args[0]
        if not name.startswith("-") and not ctx.resilient_parsing and self.get_command(ctx, name) is None:
            raise click.UsageError(f"No such command {name!r}. {hint(name)}".rstrip(), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See click.Group. By what they are for; no command is imported."""
        del ctx
        for section, entries in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(name, entry.help) for name, entry in entries.items()], col_max=12)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list["CompletionItem"]:
        """See click.Group. No command is imported."""
        # Only who completes needs it.
        from click.shell_completion import CompletionItem  # noqa: PLC0415

        options = click.Command.shell_complete(self, ctx, incomplete)
        names = [name for name in COMMANDS if name.startswith(incomplete)]
        return [*(CompletionItem(name, help=COMMANDS[name].help) for name in names), *options]


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
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
    lost = lost_output()
    if lost and (code or lost is not CLOSED):  # who closes it does not want to read how a run has gone
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
        _tell_usage(error, arguments)
        return error.exit_code
    except (Stopped, click.Abort):
        _tell_programs(_STOPPED, "", None, arguments, status="Incomplete")
        print_error(_STOPPED)
        return ExitCode.INCOMPLETE
    except Exception as error:  # noqa: BLE001 - the door: what has no name ends here
        _tell_unexpected(error, arguments)
        return ExitCode.FAILED


def _tell(error: EfsBackupError, arguments: list[str]) -> None:
    reason = error.reason if isinstance(error, BackupError) else None
    _tell_programs(error.message, error.next_step, reason, arguments)
    print_error(error.message, error.next_step)


def _tell_programs(
    message: str, next_step: str, reason: FailureReason | None, arguments: list[str], status: str = "Failed"
) -> None:
    """Programs get an object too."""
    if "--json" in arguments:
        print_json({"status": status, "failure_reason": reason, "message": message, "next_step": next_step})


def _tell_usage(error: click.ClickException, arguments: list[str]) -> None:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return
    _tell_programs(error.format_message(), _HELP, None, arguments)
    print_error(error.format_message(), _HELP)


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
