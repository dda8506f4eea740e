"""Tokens: operations of the one throttle, given to the workers through a pipe, a byte for each."""

import fcntl
import os
import struct
import termios
import threading
import time
from contextlib import suppress

from efs_backup.copy_worker.roots import NO_ROOT
from efs_backup.copy_worker.throttle import Throttle

_IN_A_SECOND = 50
_PAUSE_SECONDS = 0.005
_MOST_AT_ONCE = 4096
"""Bytes that a pipe holds on every system."""


class TokenFeeder:
    """Gives out operations as fast as the throttle lets them pass, and few before somebody asks.

    descriptor: the end that workers read; NO_ROOT where nothing is limited.
    """

    def __init__(self, throttle: Throttle) -> None:
        self._throttle = throttle
        self.descriptor = self._writing = NO_ROOT
        if throttle.is_on:
            self.descriptor, self._writing = os.pipe()
            self._at_once = max(1, min(throttle.in_a_second // _IN_A_SECOND, _MOST_AT_ONCE // 2))
            self._thread = threading.Thread(target=self._feed, daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Give no more; who still asks is told so."""
        if self._writing != NO_ROOT:
            writing, self._writing = self._writing, NO_ROOT
            self._thread.join()
            os.close(writing)
            os.close(self.descriptor)

    def _feed(self) -> None:
        while (writing := self._writing) != NO_ROOT:
            if self._unread() >= self._at_once:
                time.sleep(_PAUSE_SECONDS)
                continue
            self._throttle.pay(self._at_once)
            with suppress(OSError):
                os.write(writing, bytes(self._at_once))

    def _unread(self) -> int:
        answer = fcntl.ioctl(self.descriptor, termios.FIONREAD, bytes(4))
        return int(struct.unpack("i", answer)[0])
