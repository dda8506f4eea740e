"""`efs-backup browse`."""

from pathlib import Path

import click
from click.core import ParameterSource

from efs_backup.cli import options
from efs_backup.cli.output import print_line
from efs_backup.domain.errors import ExitCode, NothingThere, PackageMissing, WrongUsage

_HERE = "127.0.0.1"
_ANY = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - which are refused
_EXTRAS = {"jinja2": "browse", "starlette": "browse", "uvicorn": "browse", "boto3": "aws", "botocore": "aws"}
"""Which extra brings a package."""


@click.command(cls=options.Command)
@options.optional_backup
@click.option("--stack", metavar="NAME", help="Show what this stack has backed up, by its function in AWS.")
@click.option("--region", metavar="NAME", help="The region of the stack, if not that of the environment.")
@click.option("--profile", metavar="NAME", help="The profile of the credentials, as the AWS CLI has it.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port; 0, the default, takes a free one.")
@click.option(
    "--listen",
    metavar="ADDRESS",
    default=_HERE,
    show_default=True,
    help="Another address of this machine, for others to reach: nothing is encrypted.",
)
@click.option("--allow-restore", is_flag=True, help="Let the page bring files back; without it, it only shows.")
def browse(
    *, backup: str | None, stack: str | None, region: str | None, profile: str | None, port: int, listen: str,
    allow_restore: bool,
) -> int:  # fmt: skip
    """Show the snapshots of BACKUP in a browser: nights, files, versions; or those of a stack in AWS.

    Prints an address that works once, for one browser. Ends with Ctrl-C.
    """
    if stack is not None and _is_only_configured("backup"):
        backup = None
    if (backup is None) == (stack is None):
        raise WrongUsage("It is not clear what to show.", "Give either BACKUP, or --stack NAME.")
    if stack is None and (region or profile):
        raise WrongUsage("--region and --profile say where a stack is.", "Give its name, too: --stack NAME.")
    _refuse_all_addresses(listen)
    try:
        if backup is not None:
            _here(backup, listen, port, allow_restore=allow_restore)
        elif stack is not None:
            _elsewhere(stack, region, profile, listen, port, allow_restore=allow_restore)
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        raise PackageMissing(error.name, _EXTRAS[error.name]) from error
    return ExitCode.DONE


def _is_only_configured(name: str) -> bool:
    """Whether a parameter comes from a configuration for all commands, and not from this command line."""
    return click.get_current_context().get_parameter_source(name) is ParameterSource.DEFAULT_MAP


def _here(backup: str, listen: str, port: int, *, allow_restore: bool) -> None:
    if not Path(backup).is_dir():
        raise NothingThere(f"There is no directory {backup!r}.")
    from efs_backup.browse.serve import serve  # noqa: PLC0415 - of an extra, and nothing that others wait for

    serve(Path(backup), listen, port, allow_restore=allow_restore, tell=_tell)


def _elsewhere(
    stack: str, region: str | None, profile: str | None, listen: str, port: int, *, allow_restore: bool
) -> None:
    if allow_restore:
        raise WrongUsage("The page of a stack only shows.", "Leave out --allow-restore.")
    from efs_backup.stack.browsing import browse_stack  # noqa: PLC0415 - of two extras

    print_line("Asking the function; after a pause its first answer takes some seconds.", to_stderr=True)
    browse_stack(stack, region, profile, address=listen, port=port, tell=_tell)


def _refuse_all_addresses(listen: str) -> None:
    if listen in _ANY:
        raise WrongUsage(f"{listen} is no address that a browser can ask for.", "Give the one by which it is reached.")
    if listen != _HERE:
        print_line(
            f"efs-backup: warning: whoever can read what goes over the network to {listen} can read the backup, too;"
            " a tunnel (`ssh -L`) to 127.0.0.1 is safer.",
            to_stderr=True,
        )


def _tell(address: str) -> None:
    print_line("Open this address in a browser; it works once:", to_stderr=True)
    click.echo(address)
