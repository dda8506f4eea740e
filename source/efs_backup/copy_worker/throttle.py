"""A throttle for people whose production shares the file system; how many operations are counted for what."""

import os
import threading
import time

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from typing import Protocol

    class Payable(Protocol):
        """A throttle as those see it who pay: operations pass when they are paid."""

        def pay(self, operations: int = 1) -> None: ...  # noqa: D102


NAMES_IN_A_REQUEST = 64
"""Names of a listing that one request brings, about; what has more takes several."""

OPERATIONS_OF_A_MEBIBYTE = 9
"""Of a file that is copied, as a file server may count them that is read by 128 KiB and written to by 1 MiB."""

_READ_AT_ONCE = 4096


class Throttle:
    """Lets at most so many operations a second pass, whichever thread asks; None: as many as come.

    Nothing is saved up while nobody asks, so that no burst follows a pause.
    """

    def __init__(self, operations_per_second: float | None = None) -> None:
        self._pause = 1 / operations_per_second if operations_per_second else 0.0
        self.is_on = operations_per_second is not None
        self.in_a_second = int(operations_per_second or 2**62)
        self.paid = 0
        """Operations that were begun: who waits for many threads sees by it whether anything moves."""
        self._next = 0.0
        self._lock = threading.Lock()

    def beat(self) -> None:
        """Something moves that is no operation."""
        self.paid += 1

    def pay(self, operations: int = 1) -> None:
        """Wait until these operations may begin."""
        self.paid += operations
        if not self._pause:
            return
        with self._lock:
            now = time.monotonic()
            begin = max(self._next, now)
            self._next = begin + operations * self._pause
        if begin > now:
            time.sleep(begin - now)


class Tokens:
    """A worker's end of the throttle: a pipe with a byte for each operation that may begin; without one all may."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.paid = 0
        """Operations that were begun."""

    def pay(self, operations: int = 1) -> None:
        """Wait until these operations may begin. Raises EOFError where nobody gives any more."""
        if self._descriptor < 0:
            self.paid += operations
            return
        while operations > 0:
            taken = len(os.read(self._descriptor, min(operations, _READ_AT_ONCE)))
            if not taken:
                raise EOFError
            operations -= taken
            self.paid += taken
