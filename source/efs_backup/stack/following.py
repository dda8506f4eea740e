"""Following a backup of a stack by its record, until it has ended."""

from collections.abc import Callable, Iterator
from datetime import datetime

from efs_backup.domain.errors import RecordGone
from efs_backup.domain.operations.instances import may_try_again
from efs_backup.domain.operations.record import BackupRecord

SECONDS = 10.0
"""An agent writes every minute how far it is; the end is to be seen soon."""


def follow(
    read: Callable[[], BackupRecord | None], clock: Callable[[], datetime], pause: Callable[[float], None]
) -> Iterator[BackupRecord]:
    """The record as it is, and each time that it has changed; the last one has ended for good.

    Raises RecordGone where somebody deletes it.
    """
    before: BackupRecord | None = None
    while True:
        record = read()
        if record is None:
            raise RecordGone("The record is gone: somebody has deleted it, or the table.")
        if record != before:
            yield record
        if is_final(record, clock()):
            return
        before = record
        pause(SECONDS)


def is_final(record: BackupRecord, now: datetime) -> bool:
    """Whether nothing more comes: of what failed before any copy, a second instance may take over until it is told."""
    return record.has_ended and (record.report_time is not None or not may_try_again(record, now))
