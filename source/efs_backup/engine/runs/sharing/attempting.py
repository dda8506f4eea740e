"""One attempt at a share: begun, watched over while it is done, and ended in writing."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from efs_backup.copy_worker.error_numbers import NO_SPACE
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.errors import BackupError, Hung
from efs_backup.domain.sharing.attempts import Attempt
from efs_backup.domain.sharing.fleet import Delivery, Fleet, QueueFailed
from efs_backup.domain.sharing.order import Order, Share
from efs_backup.domain.sharing.result import ShareResult
from efs_backup.engine.machine.repeating import Repeating
from efs_backup.engine.machine.stop import PartStop, Stop
from efs_backup.engine.runs.sharing.work import ShareWork, device_of, write_done
from efs_backup.engine.runs.transfer import TargetStuck
from efs_backup.engine.series.shares import OrderFiles

_LOOK_SECONDS = 1.0
_LIFE_SECONDS = 5.0
_ENDING_SECONDS = 10.0
_EXTENSIONS = 3
"""For each time that the queue hides a share it is asked so often to go on hiding it."""


@dataclass(frozen=True)
class Attempting:
    """Does shares of one order, one after the other. tell: gets the figures of the share that is done now."""

    fleet: Fleet
    files: OrderFiles
    order: Order
    work: ShareWork
    stop: Stop
    note: Callable[[str], None]
    tell: Callable[[CopyStatistics], None] = lambda _done: None

    def do(self, number: int, delivery: Delivery | None = None) -> ShareResult | None:
        """Do a share; None where that came to no end, which is written down, and the queue has it again.

        Raises Hung, FileNotFoundError where the order is over, and OSError of a full backup file system.
        """
        share, attempt = self.order.shares[number], self.files.begin(number, self.fleet.name)
        stop = PartStop(self.stop)
        with Attending(self, attempt, stop, delivery) as attending:
            try:
                result = self._done(share, attempt, stop, attending)
            except Hung:
                raise
            except (BackupError, OSError, TargetStuck) as error:
                self._fail(attempt, error)
                result = None
        self._settle(delivery, result)
        return result

    def _done(self, share: Share, attempt: Attempt, stop: Stop, attending: "Attending") -> ShareResult | None:
        if share.trash:
            self.work.delete(share, stop)
            result = ShareResult(CopyStatistics(), is_whole=True)
            self.files.end(attempt, result, {})
            return result
        own = self.files.unfinished(attempt) if attempt.number else None
        with self.work.done(share.tops, own, stop, attending) as done:
            if done.result.is_whole or done.result.is_full:
                write_done(self.files, attempt, done, device_of(self.work.spec.source.descriptor))
                return done.result
        self.files.fail(attempt, f"it was stopped: {stop.reason() or 'before its end'}")
        return None

    def _fail(self, attempt: Attempt, error: Exception) -> None:
        self.note(f"Share {attempt.share} came to no end: {error}.")
        with suppress(FileNotFoundError):
            self.files.fail(attempt, str(error))
        if isinstance(error, OSError) and error.errno in NO_SPACE:
            raise error

    def _settle(self, delivery: Delivery | None, result: ShareResult | None) -> None:
        """Tell the queue; where it does not answer it hands the share over again, which does no harm."""
        if delivery is None:
            return
        with suppress(QueueFailed):
            self.fleet.queue.done(delivery) if result else self.fleet.queue.give_back(delivery)


class Attending(Repeating):
    """The watcher of a share: says every few seconds that it is alive, and stops it where the order is over."""

    def __init__(self, doing: Attempting, attempt: Attempt, stop: Stop, delivery: Delivery | None) -> None:
        self._doing, self._attempt, self._stop, self._delivery = doing, attempt, stop, delivery
        self._done, self._beats = CopyStatistics(), 0
        self._extends = doing.fleet.queue.hidden_seconds / _EXTENSIONS
        self._alive = self._extended = time.monotonic()
        # a last look may wait for a file system that never answers
        super().__init__(self._look, _LOOK_SECONDS, "attending", patience=_ENDING_SECONDS)

    def step(self, name: str) -> None:
        """See Watcher."""

    def expect(self, files: int, size: int) -> None:
        """See Watcher."""

    def note(self, text: str) -> None:
        """See Watcher."""

    def progress(self, done: CopyStatistics) -> None:
        """See Watcher."""
        self._done = done

    def _look(self) -> None:
        now = time.monotonic()
        if self._doing.files.is_over():
            self._stop.ask("its order is over")
        if now - self._alive >= _LIFE_SECONDS:
            self._alive = now
            self._say()
        if self._delivery and now - self._extended >= self._extends:
            self._extended = now
            with suppress(QueueFailed):
                self._doing.fleet.queue.extend(self._delivery)

    def _say(self) -> None:
        self._beats += 1
        self._doing.tell(self._done)
        with suppress(OSError):  # a full disk, or an order that is over: who looks for life takes the share over
            self._doing.files.live(self._attempt, self._done, self._beats)
