"""Backups as `history` shows them."""

from collections.abc import Sequence

from efs_backup.cli.tables import Column
from efs_backup.domain.humanize import sized
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus

COLUMNS = (
    Column("STARTED"),
    Column("STATUS"),
    Column("SNAPSHOT"),
    Column("SECONDS", is_number=True),
    Column("FILES", is_number=True),
    Column("LINKED", is_number=True),
    Column("READ", is_number=True),
    Column("SERIES"),
    Column("SEAL", may_go=True),
    Column("MESSAGE", is_named=False),
)

_SEAL_DIGITS = 12
"""Of the SHA-256 of a seal; `--json` has all of them."""


def as_rows(records: Sequence[tuple[str, BackupRecord]]) -> list[tuple[str, ...]]:
    """A row for each record, with its series, `LABEL/INTERVAL`, which is told where there are several."""
    has_several = len({series for series, _ in records}) > 1
    return [_as_row(series if has_several else "", one) for series, one in records]


def _as_row(series: str, record: BackupRecord) -> tuple[str, ...]:
    read = record.total_transferred_file_size
    return (
        f"{record.start_time:%Y-%m-%d %H:%M:%SZ}",
        record.status,
        record.snapshot or "",
        "" if record.seconds is None else f"{record.seconds:,.0f}",
        _number(record.number_of_files),
        _number(record.number_of_files_linked),
        "" if read is None else sized(read),
        series,
        (record.seal or "")[:_SEAL_DIGITS],
        "" if record.status is BackupStatus.SUCCESS else record.message or "",
    )


def _number(number: int | None) -> str:
    return "" if number is None else f"{number:,}"
