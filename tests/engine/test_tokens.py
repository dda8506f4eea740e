"""One throttle for several processes: tokens that are given out through a pipe."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from efs_backup.copy_worker.roots import NO_ROOT
from efs_backup.copy_worker.throttle import Throttle, Tokens
from efs_backup.engine.walk.tokens import TokenFeeder
from tests.support.nightly import mostly_nightly

_TRIES = 10
_PATIENCE_SECONDS = 30
SOURCE = str(Path(__file__).parents[2] / "source")

READER = """
import sys, time
sys.path.insert(0, sys.argv[1])
from efs_backup.copy_worker.throttle import Tokens
tokens = Tokens(int(sys.argv[2]))
tokens.pay(1)
begun = time.monotonic()
while time.monotonic() < begun + float(sys.argv[3]):
    tokens.pay(int(sys.argv[4]))
print(tokens.paid, begun, time.monotonic())
"""


def _paid_by_two(feeder: TokenFeeder, seconds: float, at_once: int) -> float:
    """Operations a second that two processes have paid together."""
    arguments = [sys.executable, "-I", "-c", READER, SOURCE, str(feeder.descriptor), str(seconds), str(at_once)]
    readers = [
        subprocess.Popen(arguments, stdout=subprocess.PIPE, pass_fds=(feeder.descriptor,), text=True) for _ in range(2)
    ]
    said = [tuple(map(float, reader.communicate(timeout=30)[0].split())) for reader in readers]
    assert [reader.returncode for reader in readers] == [0, 0]
    paid, begun, ended = zip(*said, strict=True)
    return float(sum(paid) / (max(ended) - min(begun)))


@pytest.mark.parametrize(("rate", "at_once"), mostly_nightly([(200, 1), (5000, 9), (1000, 5), (20_000, 64)], 2))
def test_all_processes_together_keep_the_rate(rate: int, at_once: int) -> None:
    """Whatever is asked for at a time: never more, and not much less, but where the machine is busy with others."""
    feeder, measured = TokenFeeder(Throttle(rate)), 0.0
    for _ in range(_TRIES):
        measured = _paid_by_two(feeder, 1.5, at_once)
        assert measured <= 1.1 * rate
        if measured >= 0.85 * rate:
            break
    feeder.close()
    assert measured >= 0.85 * rate


def test_no_burst_follows_a_pause() -> None:
    """Unused operations are not saved up: after a second's rest there are tokens for some hundredths of one."""
    feeder = TokenFeeder(Throttle(1000))
    tokens = Tokens(feeder.descriptor)
    tokens.pay(100)
    time.sleep(1)
    started = time.monotonic()
    tokens.pay(300)
    seconds = time.monotonic() - started
    feeder.close()
    assert seconds >= 0.3 * 0.8


def test_a_rate_below_one_a_second_is_kept() -> None:
    """A token at a time."""
    throttle = Throttle(0.5)
    feeder = TokenFeeder(throttle)
    Tokens(feeder.descriptor).pay(1)
    started = time.monotonic()
    Tokens(feeder.descriptor).pay(1)
    assert 1.5 <= time.monotonic() - started <= _PATIENCE_SECONDS
    feeder.close()


def test_nothing_is_given_out_where_nothing_is_limited() -> None:
    """There is no pipe, and nobody waits; operations are counted all the same."""
    feeder = TokenFeeder(Throttle())
    assert feeder.descriptor == NO_ROOT
    tokens = Tokens(feeder.descriptor)
    tokens.pay(10**9)
    assert tokens.paid == 10**9
    feeder.close()


def test_who_asks_when_nothing_is_given_any_more_is_told() -> None:
    """A worker does not wait for a main process that is gone."""
    reading, writing = os.pipe()
    os.write(writing, b"xx")
    os.close(writing)
    tokens = Tokens(reading)
    tokens.pay(2)
    with pytest.raises(EOFError):
        tokens.pay(1)
    os.close(reading)


def test_what_is_given_out_is_what_the_throttle_has_counted() -> None:
    """The main process sees by it that something moves; hardly more is given out than is asked for."""
    throttle = Throttle(10_000)
    feeder = TokenFeeder(throttle)
    Tokens(feeder.descriptor).pay(3000)
    feeder.close()
    assert 3000 <= throttle.paid <= 3000 + 3 * 200
