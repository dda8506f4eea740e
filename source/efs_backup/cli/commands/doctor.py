"""`efs-backup doctor`."""

from datetime import UTC, datetime

import click

from efs_backup.cli import options
from efs_backup.cli.configured import named_file
from efs_backup.cli.findings import only, tell
from efs_backup.domain.doctor.finding import chosen, examine
from efs_backup.domain.doctor.local_facts import Configuration
from efs_backup.domain.doctor.series_checks import LOCAL_CHECKS
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.engine.machine.configuration_files import readable_by_others
from efs_backup.engine.runs.doctor_facts import Examined, gather


@click.command(cls=options.Command)
@options.source
@options.backup
@options.label
@options.interval
@only
@options.quiet
@options.as_json
def doctor(*, source: str, backup: str, label: str, interval: str, only: tuple[str, ...], as_json: bool) -> int:
    """Find what is wrong with SOURCE, BACKUP and this machine, and what mends it.

    No snapshot is touched: probes are files in a directory of their own in BACKUP, which is gone afterwards.
    Exit codes: 0 nothing is wrong, warnings aside; 6 something is; 3 something could not be seen.
    """
    checks = chosen(LOCAL_CHECKS, only)
    examined = Examined(source, backup, FolderLabel(label), Interval(interval))
    facts = gather(examined, lambda: datetime.now(UTC), _configuration())
    return tell(examine(checks, facts), {"source": source, "backup": backup}, as_json=as_json)


def _configuration() -> Configuration | None:
    named = named_file()
    if named is None:
        return None
    file, keys = named
    return Configuration(str(file), readable_by_others(file), "ping" in keys)
