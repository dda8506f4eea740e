"""Why to stop, if there is a reason."""

import time
from collections.abc import Callable

from efs_backup.domain.snapshots.window import Window


class Stop:
    """The window and the operator's wish, asked by every step that takes long. `closed` is how the former is told."""

    def __init__(
        self, window: Window, clock: Callable[[], float] = time.monotonic, *, closed: str = "the window closed"
    ) -> None:
        self._closed = closed
        self._window = window
        self._clock = clock
        self._started = clock()
        self._asked: str | None = None
        self.is_urgent = False

    def ask(self, why: str) -> None:
        """Ask to stop; asked a second time, without waiting for the files under way. Safe in a signal handler."""
        self.is_urgent = self._asked is not None
        self._asked = self.reason() or why

    def reason(self) -> str | None:
        """Why to stop now, the first cause where there are several; None to go on."""
        if self._asked is None and self._window.is_closed(self._clock() - self._started):
            return self._closed
        return self._asked

    def is_due(self) -> bool:
        """Whether to stop now."""
        return self.reason() is not None

    def seconds_left(self) -> float | None:
        """Seconds until the window closes; None if it never does."""
        return self._window.left(self._clock() - self._started)


class PartStop(Stop):
    """Why to stop a part of the work: for a reason of its own, or because all of it stops."""

    def __init__(self, whole: Stop) -> None:
        self._whole = whole
        super().__init__(Window())

    def reason(self) -> str | None:
        """See Stop."""
        return self._whole.reason() or super().reason()

    def seconds_left(self) -> float | None:
        """See Stop."""
        return self._whole.seconds_left()

    @property
    def is_urgent(self) -> bool:
        """Whether files under way are not waited for."""
        return self._whole.is_urgent

    @is_urgent.setter
    def is_urgent(self, _value: bool) -> None:
        """Only the whole is asked a second time."""
