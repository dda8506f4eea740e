"""Something that is done every few seconds beside the work itself."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Repeating:
    """Does something again and again in a thread of its own, from when it is entered until it is left.

    act: what is done, which raises nothing. at_once: whether the first time is the beginning, not `seconds` later.
    patience: seconds to wait for a last time that goes on when it is left; None: as long as it takes.
    """

    def __init__(
        self,
        act: Callable[[], None],
        seconds: float,
        name: str,
        *,
        at_once: bool = False,
        patience: float | None = None,
    ) -> None:
        self._act, self._pause, self._patience = act, seconds, patience
        self._is_at_once = at_once
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._repeat, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join(self._patience)

    def _repeat(self) -> None:
        if self._is_at_once:
            self._act()
        while not self._is_over.wait(self._pause):
            self._act()
