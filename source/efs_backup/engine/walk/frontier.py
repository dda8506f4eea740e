"""Frontier: the directories that are still to be entered or left, the newest found first."""

from collections.abc import Iterable, Sequence

from efs_backup.copy_worker.directory import UNKNOWN

Facts = tuple[int, ...]


class Directory:
    """A directory under way.

    wanted: its facts in the source. there: those in the target; None: it is not there; UNKNOWN: somebody has to look.
    is_left: nothing has to be done about its attributes. found: the names of the directories found in it so far.
    """

    __slots__ = ("flags", "found", "is_left", "must_wait", "name", "parent", "pending", "there", "wanted")

    def __init__(
        self, name: str, parent: "Directory | None", wanted: Facts, there: Facts | None = UNKNOWN, flags: int = 0
    ) -> None:
        self.name = name
        self.parent = parent
        self.wanted = wanted
        self.there = there
        self.flags = flags
        self.pending = 1
        self.must_wait = self.is_left = False
        self.found: set[str] | None = None

    @property
    def path(self) -> str:
        """The path below the root, "" for the root itself."""
        names = []
        directory: Directory | None = self
        while directory is not None and directory.parent is not None:
            names.append(directory.name)
            directory = directory.parent
        return "/".join(reversed(names))


class Frontier:
    """Decides what is done next: enter the newest found, and leave a directory once all below it is left.

    A directory in which, or below which, something is still to be brought is not left but waits; `waits` gets it, after
    all of those below it, and never the root. below: directories to begin with instead of the root.
    """

    def __init__(self, root: Directory, below: Sequence[Directory] = ()) -> None:
        self._entering = [*below] or [root]
        root.pending = len(self._entering)
        self._leaving: list[Directory] = []
        self._under_way = 0
        self.waits: list[Directory] = []

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return not (self._entering or self._leaving or self._under_way)

    @property
    def waiting(self) -> int:
        """How many directories are known that nobody has entered."""
        return len(self._entering)

    def take(self, *, oldest: bool = False) -> tuple[Directory, bool] | None:
        """Choose (a directory, whether it is to be entered rather than left); None where there is nothing now.

        oldest: enter that which was found first, so that many are known soon.
        """
        is_entered = not self._leaving
        chosen = self._entering if is_entered else self._leaving
        if not chosen:
            return None
        self._under_way += 1
        return chosen.pop(0 if oldest else -1), is_entered

    def hand_over(self) -> list[Directory]:
        """Leave all that nobody has entered to others; what is above them gets its attributes when they are done."""
        handed, self._entering = self._entering, []
        for directory in handed:
            self._under_way += 1
            if directory.parent:
                directory.parent.is_left = False
            self.entered(directory, is_left=True, must_wait=True)
        return handed

    def give_back(self, directory: Directory, *, is_entered: bool) -> None:
        """Have a directory done again, whose worker has died."""
        self._under_way -= 1
        if is_entered:
            directory.there = UNKNOWN
        (self._entering if is_entered else self._leaving).append(directory)

    def find(self, directory: Directory, below: Iterable[Directory]) -> None:
        """Add what was found in a directory; what was found by a worker that died is not added twice."""
        known = directory.found = directory.found or set()
        for found in below:
            if found.name in known:
                continue
            known.add(found.name)
            directory.pending += 1
            self._entering.append(found)

    def entered(self, directory: Directory, *, is_left: bool, must_wait: bool) -> None:
        """Note that all in a directory was looked at. is_left: nothing has to be done about its attributes."""
        self._under_way -= 1
        directory.found = None
        directory.must_wait |= must_wait
        directory.is_left = is_left
        self._end(directory)

    def left(self, directory: Directory) -> None:
        """Note that a directory has its attributes."""
        self._under_way -= 1
        self._end(directory.parent)

    def _end(self, directory: Directory | None) -> None:
        """Go up as far as everything below is done."""
        while directory is not None:
            directory.pending -= 1
            if directory.pending:
                return
            if directory.must_wait and directory.parent:
                directory.parent.must_wait = True
                self.waits += [] if directory.is_left else [directory]
            elif not directory.is_left and directory.parent:
                self._leaving.append(directory)
                return
            directory = directory.parent
