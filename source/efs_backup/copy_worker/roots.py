"""The open roots between which a part is copied; lean, for the copy tool."""

import os
import threading
from collections import deque
from itertools import islice

from efs_backup.copy_worker.beneath import LISTING, open_below
from efs_backup.copy_worker.throttle import Throttle
from efs_backup.copy_worker.throttling import NAMES_IN_A_REQUEST

WORTH_A_LISTING = 4
"""Names of a directory that it is cheaper to list than to ask for one after the other."""


class Sides:
    """The open roots of a part's source, target and references.

    into_empty: the target began empty: what is there already was brought by another part, and is left alone.
    siblings: how many directories of the part lie in each directory.
    time_step_ns, with_content, believed_ns: see `domain.commands.Comparing`. unfinished: the open directory in which
    large files lie until they are whole; 0 for none.
    """

    def __init__(
        self, source: int, target: int, references: list[int], throttle: Throttle, *, into_empty: bool
    ) -> None:
        self.throttle = throttle
        self.source = source
        self.target = target
        self.references = references
        self.into_empty = into_empty
        self.is_root = os.geteuid() == 0
        self.owner = (os.geteuid(), os.getegid())
        self.siblings: dict[str, int] = {}
        self.time_step_ns = 1
        self.with_content = False
        self.unfinished = 0
        self.believed_ns: dict[int, int] = {}
        self._known: set[tuple[int, str]] = set()
        self._lock = threading.Lock()

    def opened(self, root: int, directory: str) -> int:
        """A descriptor of a directory to list."""
        self.throttle.pay(2)
        return open_below(root, directory, LISTING)

    def learn_names(self, root: int, directory: str) -> None:
        """List the directory above, once: then the kernel knows the names in it, and need not ask for each of them.

        Only where that is cheaper: no further than as many requests go as there are directories of the part in it.
        """
        above = os.path.dirname(directory)
        with self._lock:
            if not directory or (root, above) in self._known or self.siblings.get(above, 0) < WORTH_A_LISTING:
                return
            self._known.add((root, above))
            listing = self.opened(root, above)
            try:
                with os.scandir(listing) as entries:
                    deque(islice(entries, self.siblings[above] * NAMES_IN_A_REQUEST), maxlen=0)
            finally:
                os.close(listing)
