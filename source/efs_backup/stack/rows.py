"""Which file system of a stack a command is about, by its label."""

from collections.abc import Callable
from datetime import datetime

import click

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.triggers import of_row
from efs_backup.domain.snapshots.names import Interval
from efs_backup.domain.sources.due import of_row as records_of
from efs_backup.domain.sources.row import Source
from efs_backup.stack.deployment import Deployment
from efs_backup.stack.sources import Sources, next_start

Command = Callable[..., int]

_LABEL = click.option(
    "--label", metavar="LABEL", help="Of which file system; without it, of that of the stack's parameters."
)
_INTERVAL = click.option(
    "--interval", type=click.Choice([each.value for each in Interval]), help="Which series of the label."
)


def of_label(command: Command) -> Command:
    """Add --label and --interval."""
    return _LABEL(_INTERVAL(command))


def further_row(found: Deployment, label: str | None, interval: str | None) -> Source | None:
    """The further row that is meant; None for the first. Raises NothingThere, WrongUsage."""
    if label is None:
        if interval is not None:
            raise WrongUsage("A series is one of a label.", "Give both: --label NAME --interval SERIES")
        return None
    sources = Sources(found)
    if label == str(sources.first.label) and interval in (None, sources.first.interval):
        return None
    return sources.read().row(label, interval)


def event_of(row: Source | None) -> dict[str, str]:
    """The fields by which an event names the row that it is about."""
    return of_row(str(row.label), row.interval.value) if row else {}


def running_of(found: Deployment, row: Source | None) -> BackupRecord | None:
    """The backup of a row that runs; of the first row whatever runs and is not of another."""
    if not found.stack.has_further_sources:
        return found.running()
    known = [*found.store.backups()]
    own = records_of(known, row) if row else [each for each in known if each.label is None]
    return next((each for each in own if not each.has_ended), None)


def start_of(found: Deployment, row: Source | None, now: datetime) -> datetime | None:
    """When the next backup of a row starts; None where nobody can tell."""
    return next_start(row, now) if row else found.next_start(now)
