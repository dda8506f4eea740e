"""References: directories of published snapshots, from which unchanged files are linked."""

import os
from collections import deque
from itertools import islice

from efs_backup.copy_worker.throttle import NAMES_IN_A_REQUEST

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from efs_backup.copy_worker.roots import Roots

WORTH_A_LISTING = 4
"""Names of a directory that it is cheaper to list than to ask for one after the other."""


class ReferenceDirectory:
    """A directory of a reference, open until the end of a `with` block. Raises OSError where there is none."""

    def __init__(self, roots: "Roots", root: int, path: str) -> None:
        self._throttle = roots.throttle
        self.descriptor = roots.opened(root, path)

    def __enter__(self) -> "ReferenceDirectory":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)

    def look(self, wanted: "Collection[str]") -> "Iterator[tuple[str, os.stat_result]]":
        """Those of the wanted names that are there, with their attributes; a few are asked for one by one."""
        if len(wanted) >= WORTH_A_LISTING:
            yield from self._listed({*wanted})
            return
        for name in [*wanted]:
            self._throttle.pay()
            try:
                yield name, os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
            except OSError:
                continue

    def _listed(self, missing: set[str]) -> "Iterator[tuple[str, os.stat_result]]":
        """Those that a listing meets, which goes no further than the last of them; it may break off."""
        met = 0
        try:
            with os.scandir(self.descriptor) as entries:
                for entry in entries:
                    met += 1
                    if entry.name in missing:
                        missing.discard(entry.name)
                        yield entry.name, entry.stat(follow_symlinks=False)
                    if not missing:
                        break
        except OSError:
            pass
        self._throttle.pay(met // NAMES_IN_A_REQUEST)

    def learn_names(self, directories: int) -> None:
        """List so much of it that the kernel knows its names, and need not ask for each of so many directories."""
        with os.scandir(self.descriptor) as entries:
            deque(islice(entries, directories * NAMES_IN_A_REQUEST), maxlen=0)
