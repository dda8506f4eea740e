"""`efs-backup history`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from efs_backup.cli import options
from efs_backup.cli.commands.listing import held_lines
from efs_backup.cli.history_table import COLUMNS, as_rows
from efs_backup.cli.one_snapshot import since_time
from efs_backup.cli.output import answered, print_json, print_line, print_notes, print_table
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.record_fields import backup_fields
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.engine.series.found_series import find_series, nothing_there
from efs_backup.engine.series.hold import label_hold
from efs_backup.engine.series.journal import read_records
from efs_backup.engine.series.series import Series


@click.command(cls=options.Command)
@options.backup
@options.any_label
@options.any_interval
@options.since
@options.as_json
def history(*, backup: str, label: str | None, interval: str | None, since: str | None, as_json: bool) -> int:
    """Show what each backup into BACKUP came to, newest first; records are kept for 90 days."""
    now = datetime.now(UTC)
    after = None if since is None else since_time(since, now)
    found, closed = find_series(
        Path(backup).absolute(),
        FolderLabel(label) if label is not None else None,
        Interval(interval) if interval else None,
        now,
    )
    read = [(series, *read_records(series.path)) for series in found]
    records = [
        (series, record) for series, known, _ in read for record in known if after is None or record.start_time >= after
    ]
    records.sort(key=lambda row: row[1].start_time, reverse=True)
    if records and as_json:
        print_json({"backups": [backup_fields(str(series.label), record) for series, record in records]})
    elif records:
        print_table(COLUMNS, as_rows(_told(records)))
    print_notes(held_lines({series.label_path: label_hold(series.label_path) for series in found}))
    for fault in (fault for _, _, faults in read for fault in faults):
        print_line(f"efs-backup: {fault} It is left out.", to_stderr=True)
    for directory in closed:
        print_line(f"efs-backup: {directory}", to_stderr=True)
    if not records:
        raise nothing_there(f"There is no record of a backup in {backup!r}", closed)
    return answered()


def _told(records: Sequence[tuple[Series, BackupRecord]]) -> list[tuple[str, BackupRecord]]:
    return [(f"{series.label}/{series.interval}", record) for series, record in records]
