"""Lanes: the shares that one instance does at once, so that the next one begins while another ends.

The last directories of a share wait for their answers one by one; with one share at a time the rest of the instance
would wait beside them.
"""

import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

LANES = 2
"""Shares at once. Each has the workers and threads of a whole instance, so that two fill what one leaves open."""

Result = TypeVar("Result")


@dataclass(frozen=True)
class _Ended(Generic[Result]):
    share: int
    results: tuple[Result, ...] = ()
    error: BaseException | None = None


class Lanes(Generic[Result]):
    """Does work in threads of its own; none of them is waited for where its file system never answers."""

    def __init__(self, most: int = LANES) -> None:
        self._most = most
        self._under_way = set[int]()
        self._ended: queue.SimpleQueue[_Ended[Result]] = queue.SimpleQueue()

    @property
    def under_way(self) -> frozenset[int]:
        """The shares that were begun, and whose end was not told yet."""
        return frozenset(self._under_way)

    @property
    def has_room(self) -> bool:
        """Whether one more may begin."""
        return len(self._under_way) < self._most

    def begin(self, share: int, work: Callable[[], Result]) -> None:
        """Begin the work at a share."""
        self._under_way.add(share)
        threading.Thread(target=self._do, args=(share, work), name=f"share {share}", daemon=True).start()

    def settled(self, seconds: float) -> Result | None:
        """Wait so long for the end of one, if any is under way; gives its result. Raises what its work has raised."""
        if not self._under_way:
            return None
        try:
            ended = self._ended.get(timeout=seconds) if seconds else self._ended.get_nowait()
        except queue.Empty:
            return None
        self._under_way.discard(ended.share)
        if ended.error:
            raise ended.error
        return ended.results[0]

    def end_within(self, seconds: float) -> bool:
        """Wait so long for the end of all, whatever it is; False where some are still under way."""
        give_up = time.monotonic() + seconds
        while self._under_way and (left := give_up - time.monotonic()) > 0:
            with suppress(Exception):
                self.settled(left)
        return not self._under_way

    def _do(self, share: int, work: Callable[[], Result]) -> None:
        try:
            self._ended.put(_Ended(share, (work(),)))
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits
            self._ended.put(_Ended(share, error=error))
