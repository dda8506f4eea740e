"""`efs-backup completion`."""

import click
from click.shell_completion import get_completion_class

from efs_backup.cli import options
from efs_backup.cli.output import answered, print_bytes

_PROGRAM = "efs-backup"
_VARIABLE = "_EFS_BACKUP_COMPLETE"
_PLACES = """\b
bash: /usr/share/bash-completion/completions/efs-backup
zsh:  /usr/local/share/zsh/site-functions/_efs-backup
fish: /usr/share/fish/vendor_completions.d/efs-backup.fish"""
"""Where they go; the first line keeps click from filling the others."""


@click.command(cls=options.Command, epilog=_PLACES)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(*, shell: str) -> int:
    """Print what makes a shell complete commands, options and choices.

    Its output belongs into a file that the shell reads when it starts.
    """
    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    root = click.get_current_context().find_root().command
    print_bytes([made(root, {}, _PROGRAM, _VARIABLE).source().encode()])
    return answered()
