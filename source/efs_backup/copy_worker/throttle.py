"""A brake for people whose production shares the file system."""

import threading
import time


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
