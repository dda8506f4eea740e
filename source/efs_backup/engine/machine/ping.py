"""Signs of each backup to a service that waits for them. Whatever becomes of them, the backup stays what it is."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from http.client import HTTPException
from typing import IO

from efs_backup.domain.errors import EfsBackupError, FailureReason, Hung
from efs_backup.domain.humanize import clipped, shown
from efs_backup.domain.requests.ping_url import PingUrl, Signal
from efs_backup.domain.results import BackupResult, BackupStatus
from efs_backup.engine.machine.patience import within

PAUSES = (1.0, 3.0)
"""Seconds between the tries."""

TIMEOUT_SECONDS = 5.0
"""How long a server may stay silent."""

ALTOGETHER_SECONDS = 25.0
"""How long one signal may take with all its tries; a server that drips, or a resolver that hangs, is left behind."""

BODY_LETTERS = 2000
"""Of what is told: healthchecks.io keeps the first 100 kB, older servers of its kind 10 kB."""

_TOO_MANY = 429
_SERVERS_FAULT = 500


class Ping:
    """Tells a service that a backup begins and how it ended. `note` gets what could not be told."""

    def __init__(self, url: PingUrl, note: Callable[[str], None]) -> None:
        self._url = url
        self._note = note
        self._untold: tuple[str, ...] = ()

    def start(self) -> None:
        """A backup begins: it holds the lock of its series. What fails of that is among the notes of its result."""
        note = self._signal(Signal.START, "A backup begins.")
        self._untold = (note,) if note else ()

    def told(self, work: Callable[[], BackupResult]) -> BackupResult:
        """The result of the work, told, with a note where that was not possible. Raises what the work raises, told too.

        A backup that another one keeps out tells nothing: the signs are those of the other.
        """
        try:
            result = work()
        except Exception as error:
            self._signal(Signal.FAIL, _sentence_of(error))
            raise
        return self.end(result)

    def end(self, result: BackupResult) -> BackupResult:
        """The same of a result."""
        if result.failure_reason is FailureReason.LOCKED:
            return result
        signal = Signal.SUCCESS if result.status is BackupStatus.SUCCESS else Signal.FAIL
        note = self._signal(signal, _sentence(result))
        return replace(result, notes=(*result.notes, *self._untold, *([note] if note else [])))

    def _signal(self, signal: Signal, text: str) -> str:
        """Tell it; the note where that failed."""
        body = clipped(shown(text), BODY_LETTERS).encode()
        try:
            why = within(lambda: _tried(self._url, signal, body), "the ping", ALTOGETHER_SECONDS)
        except Hung:
            why = f"there was no end within {ALTOGETHER_SECONDS:g} seconds"
        if not why:
            return ""
        note = f"The ping {signal.name.lower()} to {self._url} failed: {why}."
        self._note(note)
        return note


def _sentence(result: BackupResult) -> str:
    reason = f" ({result.failure_reason})" if result.failure_reason else ""
    return f"{result.status}{reason}: {result.message}"


def _sentence_of(error: Exception) -> str:
    return error.message if isinstance(error, EfsBackupError) else f"An error that has no name: {type(error).__name__}"


def _tried(url: PingUrl, signal: Signal, body: bytes) -> str:
    """Why it failed in the end; "" where it did not. What the server refuses for good is not tried again."""
    for pause in (*PAUSES, None):
        why, is_final = _sent(url, signal, body)
        if is_final or pause is None:
            break
        time.sleep(pause)
    return why


def _sent(url: PingUrl, signal: Signal, body: bytes) -> tuple[str, bool]:
    """(why it failed or "", whether another try is in vain). No text is told that could hold the address."""
    headers = {"Content-Type": "text/plain; charset=utf-8", "User-Agent": "efs-backup", **url.headers()}
    request = urllib.request.Request(url.address(signal), body, headers, method="POST")  # noqa: S310 - http(s) only
    try:
        with _opener().open(request, timeout=TIMEOUT_SECONDS):
            return "", True
    except urllib.error.HTTPError as answer:
        with suppress(OSError):
            answer.close()
        return f"it answers with {answer.code}", answer.code < _SERVERS_FAULT and answer.code != _TOO_MANY
    except (OSError, HTTPException, ValueError) as error:
        return _named(error), False


def _named(error: Exception) -> str:
    inner = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(inner, OSError) and inner.strerror:
        return inner.strerror
    return type(inner).__name__ if isinstance(inner, Exception) else type(error).__name__


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer: the address is a secret, which goes to no other place than the one that was given."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: object, newurl: str
    ) -> None:
        """See HTTPRedirectHandler: None ends in an HTTPError."""


def _opener() -> urllib.request.OpenerDirector:
    """Knows http and https alone, through the proxy that the environment names."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(), _NoRedirect(), urllib.request.HTTPErrorProcessor(),
    ):  # fmt: skip
        opener.add_handler(handler)
    return opener
