"""Structured logs: one JSON object a line, the backup's id on each."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

_backup_id: ContextVar[str | None] = ContextVar("backup_id", default=None)
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON; what was given as `extra={"facts": {...}}` goes in beside the message.

    `end` closes the line for a handler that does not do so itself, as Lambda's.
    """

    def __init__(self, end: str = "") -> None:
        super().__init__()
        self._end = end

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "backup_id": _backup_id.get(),
            "request_id": _request_id.get(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str) + self._end


def use_json_lines() -> None:
    """Let the root logger write JSON lines at level INFO, in place of whatever it wrote before."""
    root = logging.getLogger()
    handlers = root.handlers or [logging.StreamHandler()]
    for handler in handlers:
        handler.setFormatter(JsonLines("" if isinstance(handler, logging.StreamHandler) else "\n"))
    root.handlers[:] = handlers
    root.setLevel(logging.INFO)
    logging.getLogger("botocore").setLevel(logging.WARNING)


@contextmanager
def request(request_id: str) -> Iterator[None]:
    """While this lasts, every line carries the request's id, and a backup's as soon as it is known."""
    outer, inner = _request_id.set(request_id), _backup_id.set(None)
    try:
        yield
    finally:
        _request_id.reset(outer)
        _backup_id.reset(inner)


def concerns(backup_id: str | None) -> None:
    """From here to the end of the request every line carries this backup's id."""
    _backup_id.set(backup_id)
