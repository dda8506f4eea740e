"""`efs-backup stack history`."""

from itertools import islice

import click

from efs_backup.cli import options
from efs_backup.cli.history_table import COLUMNS, as_rows
from efs_backup.cli.output import answered, print_json, print_table
from efs_backup.domain.errors import NothingThere
from efs_backup.domain.operations.record_fields import backup_fields
from efs_backup.stack.account import Account
from efs_backup.stack.deployment import Deployment
from efs_backup.stack.options import as_json, on_stack

_LIMIT = 30


@click.command(cls=options.Command)
@on_stack
@click.option("--limit", type=click.IntRange(min=1), default=_LIMIT, show_default=True, help="Show so many at most.")
@click.option("--label", metavar="LABEL", help="Of one file system alone.")
@as_json
def history(*, account: Account, name: str | None, limit: int, label: str | None, as_json: bool) -> int:
    """Show what each backup of a stack came to, newest first; records are kept for 90 days."""
    found = Deployment.of(account, name)
    own = found.plan.label
    backups = (one for one in found.store.backups() if one.mode is None and label in (None, one.label or own))
    records = [*islice(sorted(backups, key=lambda one: one.start_time, reverse=True), limit)]
    if not records:
        of = f" of {label}" if label else ""
        raise NothingThere(f"The stack {found.stack.name} has no record of a backup{of}.", _FIRST)
    if as_json:
        print_json({"backups": [backup_fields(record.label or own, record) for record in records]})
    else:
        print_table(COLUMNS, as_rows([(f"{record.label or own}/{record.interval}", record) for record in records]))
    return answered()


_FIRST = "The first one comes with the schedule, or by: efs-backup stack start"
