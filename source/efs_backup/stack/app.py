"""`efs-backup stack`."""

import click

from efs_backup.cli.catalog import STACK_SECTIONS
from efs_backup.cli.lazy import LazyGroup


@click.group(cls=LazyGroup, sections=STACK_SECTIONS)
def stack() -> None:
    """Operate the backups of a deployed stack, with the credentials and the region of your environment.

    STACK is the name of a backup stack, or a tag that it alone has (KEY=VALUE); without it, the only one of the region.
    """
