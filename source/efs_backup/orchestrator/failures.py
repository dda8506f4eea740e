"""Work on several backups, or rows, of which one that fails holds up no other."""

import logging
from collections.abc import Callable

_logger = logging.getLogger(__name__)


class Failures:
    """Keeps what has failed, until all else is done."""

    def __init__(self) -> None:
        self._found = list[Exception]()

    def attempt(self, what: str, step: Callable[[], object]) -> None:
        """Do one step; that it fails is logged with `what` could not be done."""
        try:
            step()
        except Exception as cause:
            _logger.exception("%s failed, and holds up nothing else", what)
            self._found.append(cause)

    def note(self, cause: Exception | None) -> None:
        """Keep a failure that is logged already."""
        if cause is not None:
            self._found.append(cause)

    def raise_first(self) -> None:
        """Raise the first failure, if there was one: the event is tried again, then given up, of which an alarm tells.

        That what was done is done twice is no harm: each step looks first whether it is needed.
        """
        if self._found:
            raise self._found[0]
