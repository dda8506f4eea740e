"""`efs-backup browse`."""

from pathlib import Path

import click

from efs_backup.cli import options
from efs_backup.cli.output import print_line
from efs_backup.domain.errors import EfsBackupError, ExitCode, NothingThere, WrongUsage

_HERE = "127.0.0.1"
_ANY = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - which are refused
_MODULES = frozenset({"jinja2", "starlette", "uvicorn"})


@click.command(cls=options.Command)
@options.backup
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port; 0, the default, takes a free one.")
@click.option(
    "--listen",
    metavar="ADDRESS",
    default=_HERE,
    show_default=True,
    help="Another address of this machine, for others to reach: nothing is encrypted.",
)
@click.option("--allow-restore", is_flag=True, help="Let the page bring files back; without it, it only shows.")
def browse(*, backup: str, port: int, listen: str, allow_restore: bool) -> int:
    """Show the snapshots of BACKUP in a browser: nights, files, versions.

    Prints an address that works once, for one browser. Ends with Ctrl-C.
    """
    if not Path(backup).is_dir():
        raise NothingThere(f"There is no directory {backup!r}.")
    if listen in _ANY:
        raise WrongUsage(f"{listen} is no address that a browser can ask for.", "Give the one by which it is reached.")
    if listen != _HERE:
        print_line(
            f"efs-backup: warning: whoever can read what goes over the network to {listen} can read the backup, too;"
            " a tunnel (`ssh -L`) to 127.0.0.1 is safer.",
            to_stderr=True,
        )
    try:
        from efs_backup.browse.serve import serve  # noqa: PLC0415 - of an extra, and nothing that others wait for
    except ModuleNotFoundError as error:
        if error.name not in _MODULES:
            raise
        raise EfsBackupError(
            f"The page needs a package that is not installed: {error.name}.",
            "Install what it needs: pip install 'efs-backup[browse]'",
        ) from error
    serve(Path(backup), listen, port, allow_restore=allow_restore, tell=_tell)
    return ExitCode.DONE


def _tell(address: str) -> None:
    print_line("Open this address in a browser; it works once:", to_stderr=True)
    click.echo(address)
