"""Trying again for minutes, where what would be lost is worth the time."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from efs_backup.domain.errors import GroupBusy, ReportFailed

SECONDS = 600.0
"""How long, beyond the seconds in which a client tries again by itself."""

PAUSE = 15.0

_logger = logging.getLogger(__name__)
_Answer = TypeVar("_Answer")
_REFUSALS = (ClientError, BotoCoreError, GroupBusy, ReportFailed)


def insist(
    call: Callable[[], _Answer], *, meanwhile: Callable[[], None] | None = None, seconds: float | None = None
) -> _Answer:
    """Call until AWS does not refuse, for ten minutes; then its last refusal is raised. A signal shortens nothing.

    `meanwhile` is called before each pause; that AWS refuses it too changes nothing.
    """
    end = time.monotonic() + (SECONDS if seconds is None else seconds)
    while True:
        try:
            return call()
        except _REFUSALS as refused:
            if time.monotonic() >= end:
                raise
            _logger.warning("AWS has refused; it is tried again in %.0f seconds: %s", PAUSE, refused)
        _try(meanwhile)
        time.sleep(PAUSE)


def tried(call: Callable[[], _Answer], otherwise: _Answer) -> _Answer:
    """Call once; something else where AWS refuses, for the work goes on without it."""
    try:
        return call()
    except _REFUSALS as refused:
        _logger.warning("AWS has refused: %s", refused)
        return otherwise


def _try(call: Callable[[], None] | None) -> None:
    if call:
        tried(call, None)
