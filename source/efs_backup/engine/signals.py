"""Signals that ask to stop."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from efs_backup.engine.stop import Stop

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stopping_on_signals(stop: Stop) -> Iterator[None]:
    """A first signal asks to stop gracefully, a second at once; what was in force before is restored after.

    A handler of our own also makes the programs that we start answer to SIGINT again, where a shell that started us
    in the background had it ignored.
    """

    def ask(number: int, _frame: FrameType | None) -> None:
        stop.ask(f"{signal.Signals(number).name} was received")

    before = {number: signal.signal(number, ask) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
