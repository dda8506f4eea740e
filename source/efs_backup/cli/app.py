"""The door: the commands, and what each ending means for the caller."""

import sys
import traceback

import click

from efs_backup import __version__
from efs_backup.cli.catalog import SECTIONS
from efs_backup.cli.lazy import LazyGroup
from efs_backup.cli.output import print_error, print_json
from efs_backup.domain.errors import BackupError, EfsBackupError, ExitCode, FailureReason
from efs_backup.engine.machine.circumstances import CLOSED, lost_output, settle
from efs_backup.engine.machine.signals import exit_on_signals
from efs_backup.engine.trees.tree_walk import Stopped

ENVIRONMENT = "EFS_BACKUP"
"""An option of a command can come from the environment: `EFS_BACKUP_RUN_RETAIN` is `run --retain`."""


_STOPPED = "Stopped; nothing was touched."
_HELP = "See: efs-backup --help"


@click.group(cls=LazyGroup, sections=SECTIONS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def app() -> None:
    """Backups of a file tree as plain, hard-linked snapshots.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 incomplete, 4 locked by another backup, 5 nothing there,
    6 not as it was stored.
    """


def main() -> None:
    """Run the command line and exit with its code."""
    settle()
    code = run_line(sys.argv[1:])
    exit_on_signals(code)
    lost = lost_output()
    if lost and (code or lost is not CLOSED):  # who closes it does not want to read how a run has gone
        print_error(f"What was to be printed is not all on standard output: {lost.strerror}.")
    sys.exit(code)


def run_line(arguments: list[str]) -> int:
    """Run one command line; gives its exit code."""
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
