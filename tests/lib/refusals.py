"""Refusals of AWS that the emulation cannot give."""

from datetime import UTC, datetime
from typing import Any, Protocol

NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)


class Refuse(Protocol):
    """Lets the next call of an operation be refused."""

    def __call__(self, client: Any, operation: str, code: str, message: str = "Refused.") -> None:
        """From now on this client gets that refusal, once, and can do nothing else."""
