"""`efs-backup stack history`."""

from itertools import islice

import click

from efs_backup.cli import options
from efs_backup.cli.history_table import COLUMNS, as_rows
from efs_backup.cli.output import answered, print_json, print_table
from efs_backup.cli.tables import Column
from efs_backup.domain.errors import NothingThere, WrongUsage
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.record_fields import backup_fields
from efs_backup.domain.operations.restore_record import order_if_any
from efs_backup.domain.results import BackupStatus
from efs_backup.stack.account import Account
from efs_backup.stack.deployment import Deployment
from efs_backup.stack.options import as_json, on_stack
from efs_backup.stack.restoring import restore_as_json
from efs_backup.stack.zones import local_time

_LIMIT = 30


@click.command(cls=options.Command)
@on_stack
@click.option("--limit", type=click.IntRange(min=1), default=_LIMIT, show_default=True, help="Show so many at most.")
@click.option("--label", metavar="LABEL", help="Of one file system alone.")
@click.option("--restores", is_flag=True, help="Instead: what was restored into the source, and taken back.")
@as_json
def history(*, account: Account, name: str | None, limit: int, label: str | None, restores: bool, as_json: bool) -> int:
    """Show what each backup of a stack came to, newest first; records are kept for 90 days."""
    found = Deployment.of(account, name)
    if restores:
        if label is not None:
            raise WrongUsage(
                "Restores into the source are of the file system of the stack's parameters.", "Leave --label out."
            )
        return _restores(found, limit, as_json=as_json)
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


def _restores(found: Deployment, limit: int, *, as_json: bool) -> int:
    made = sorted(
        (one for one in found.store.backups() if one.is_restore), key=lambda one: one.start_time, reverse=True
    )
    records = made[:limit]
    if not records:
        raise NothingThere(f"The stack {found.stack.name} has no record of a restore.", _NO_RESTORE)
    if as_json:
        print_json({"restores": [_restore_as_json(found, one) for one in records]})
    else:
        print_table(_RESTORE_COLUMNS, [_cells(one) for one in records])
    return answered()


def _restore_as_json(found: Deployment, record: BackupRecord) -> dict[str, object]:
    order = order_if_any(record)
    asked = {"asked": order and order.told(), "dry_run": order and order.dry_run, "by": order and order.by}
    return restore_as_json(found.stack, record) | asked


def _cells(record: BackupRecord) -> tuple[str, ...]:
    order = order_if_any(record)
    asked = f"{'only plan: ' if order.dry_run else ''}{order.told()}" if order else ""
    numbers = (record.restore_created, record.restore_replaced)
    return (
        local_time(record.start_time), record.backup_id, record.status, record.snapshot or "",
        *("" if number is None else f"{number:,}" for number in numbers), record.restore_quarantine or "",
        order.by if order else "", asked, "" if record.status is BackupStatus.SUCCESS else record.message or "",
    )  # fmt: skip


_RESTORE_COLUMNS = (
    Column("STARTED"), Column("ID"), Column("STATUS"), Column("SNAPSHOT"), Column("CREATED", is_number=True),
    Column("REPLACED", is_number=True), Column("QUARANTINE"), Column("BY"), Column("ASKED"),
    Column("MESSAGE", is_named=False),
)  # fmt: skip
_NO_RESTORE = "Restores by a restore stack are told by their mails. See: efs-backup stack restore --help"
