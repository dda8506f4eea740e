"""Trying again for minutes."""

import signal
import threading
import time
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from efs_backup.domain.errors import RecordChanged
from efs_backup.lib.insisting import insist

_REFUSED = ClientError({"Error": {"Code": "ThrottlingException", "Message": "Slow down."}}, "UpdateItem")
_AWAY = EndpointConnectionError(endpoint_url="https://dynamodb")


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a clock."""
    monkeypatch.setattr("efs_backup.lib.insisting.PAUSE", 0.0)


def _answers(*given: Exception | str) -> Iterator[Exception | str]:
    yield from given


def _next(answers: Iterator[Exception | str]) -> str:
    answer = next(answers)
    if isinstance(answer, Exception):
        raise answer
    return answer


def test_what_aws_refuses_is_asked_again() -> None:
    """By a code, or by no answer at all."""
    answers = _answers(_REFUSED, _AWAY, _REFUSED, "written")
    assert insist(lambda: _next(answers)) == "written"


def test_what_we_have_decided_is_not_asked_again() -> None:
    """A record that somebody else has closed stays closed."""
    answers = _answers(_REFUSED, RecordChanged("closed"), "written")
    with pytest.raises(RecordChanged):
        insist(lambda: _next(answers))
    assert next(answers) == "written"


def test_after_its_time_the_last_refusal_is_raised() -> None:
    """At least once it is tried in any case."""
    answers = _answers(_REFUSED, "never asked for")
    with pytest.raises(ClientError, match="Slow down"):
        insist(lambda: _next(answers), seconds=0)


def test_meanwhile_the_hold_is_kept() -> None:
    """Before each pause; that it is refused too changes nothing."""
    beats: list[int] = []

    def beat() -> None:
        beats.append(len(beats))
        raise _REFUSED

    answers = _answers(_REFUSED, _REFUSED, "written")
    assert insist(lambda: _next(answers), meanwhile=beat) == "written"
    assert beats == [0, 1]


def test_a_signal_shortens_no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """The result is written, however often the agent is asked to stop."""
    monkeypatch.setattr("efs_backup.lib.insisting.PAUSE", 0.4)
    received: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: received.append(number))
    main = threading.main_thread().ident
    try:
        threading.Timer(0.1, lambda: signal.pthread_kill(main or 0, signal.SIGTERM)).start()
        answers, began = _answers(_REFUSED, "written"), time.monotonic()
        assert insist(lambda: _next(answers)) == "written"
    finally:
        signal.signal(signal.SIGTERM, before)
    assert received == [signal.SIGTERM]
    assert time.monotonic() - began >= 0.4
