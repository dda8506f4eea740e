"""The id of the backup that an event is about, on each line of the log.

Lambda itself writes the lines, as JSON with the request's id and all that is given as `extra`.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_backup_id: ContextVar[str | None] = ContextVar("backup_id", default=None)


class _OfBackup(logging.Filter):
    """Lets each line pass, with the backup's id in its field `backup_id` where one is known and the line has none."""

    def filter(self, record: logging.LogRecord) -> bool:
        if (known := _backup_id.get()) and not hasattr(record, "backup_id"):
            record.backup_id = known
        return True


_of_backup = _OfBackup()


def tell_backups() -> None:
    """Have what the root logger's handlers write name the backup; a logger's own filter would miss other modules."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(_of_backup)
    logging.getLogger("botocore").setLevel(logging.WARNING)


def tell_no_backups() -> None:
    """Have the handlers of the root logger write as they did before."""
    for handler in logging.getLogger().handlers:
        handler.removeFilter(_of_backup)


@contextmanager
def one_event() -> Iterator[None]:
    """While this lasts, every line carries a backup's id as soon as it is known; the next event begins without one."""
    before = _backup_id.set(None)
    try:
        yield
    finally:
        _backup_id.reset(before)


def concerns(backup_id: str | None) -> None:
    """From here to the end of the event every line carries this backup's id."""
    _backup_id.set(backup_id)
