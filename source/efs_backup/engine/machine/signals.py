"""Signals that ask to stop."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from efs_backup.engine.machine.stop import Stop

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def signal_words(name: str) -> str:
    """How a signal is told where nobody knows who sent it."""
    return f"{name} was received"


def stop_on_signals(stop: Stop, words: Callable[[str], str] = signal_words) -> dict[signal.Signals, Any]:
    """From now on a first signal asks to stop gracefully, a second at once; gives what was in force before.

    A handler of our own also makes the programs that we start answer to SIGINT again, where a shell that started us
    in the background had it ignored. An ignored SIGHUP is somebody's wish (nohup): it stays so, for them too.
    `words` makes the reason of a signal's name.
    """

    def ask(number: int, _frame: FrameType | None) -> None:
        stop.ask(words(signal.Signals(number).name))

    return {number: signal.signal(number, ask) for number in _heeded()}


def exit_on_signals(code: int) -> None:
    """From now on a signal ends the process with this exit code: the work is done, only the telling is left."""
    for number in _heeded():
        signal.signal(number, lambda _number, _frame: os._exit(code))


def _heeded() -> list[signal.Signals]:
    return [one for one in _SIGNALS if one != signal.SIGHUP or signal.getsignal(one) is not signal.SIG_IGN]


@contextmanager
def stopping_on_signals(stop: Stop, words: Callable[[str], str] = signal_words) -> Iterator[None]:
    """The same for a while; what was in force before is restored after."""
    before = stop_on_signals(stop, words)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
