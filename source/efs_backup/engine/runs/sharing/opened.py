"""The directories that an order names, open at whoever helps."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import ExitStack

from efs_backup.domain.sharing.order import Order
from efs_backup.engine.machine.process import Runner, Tools
from efs_backup.engine.runs.sharing.work import ShareWork
from efs_backup.engine.series.series import Series


class Opened(ABC):
    """The open directories of the last share's order: the next share is most often of the same one."""

    def __init__(self, series: Series, runner: Runner, tools: Tools, note: Callable[[str], None]) -> None:
        self.series = series
        self._runner = runner
        self._tools = tools
        self._note = note
        self._stack = ExitStack()
        self._last: tuple[str, ShareWork] | None = None

    def close(self) -> None:
        """Nothing more is wanted of it."""
        self._stack.close()

    def is_of(self, order: Order) -> bool:
        """Whether this order is open."""
        return self._last is not None and self._last[0] == order.identity

    def work(self, order: Order) -> ShareWork:
        """How shares of an order are done here. Raises OSError and BackupError."""
        if self._last is None or not self.is_of(order):
            self._stack.close()
            self._last = None
            self._last = order.identity, self._open(order)
        return self._last[1]

    @abstractmethod
    def _open(self, order: Order) -> ShareWork:
        """Open it; what is opened is closed with the stack. Raises OSError and BackupError."""
