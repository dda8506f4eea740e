"""An undo of a restore: what is asked, and what it came to."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from efs_backup.domain.errors import ExitCode


class Done(StrEnum):
    """The fate of a name of the target in an undo."""

    REMOVED = "removed"
    PUT_BACK = "put_back"
    RIGHTS = "rights"
    MOVED_ASIDE = "moved_aside"
    LEFT = "left"


@dataclass(frozen=True)
class UndoRequest:
    """One undo. place: a quarantine, or a target whose newest one is meant.

    target: where to put things back, None for where they came from. moves_changed: what was changed since the restore
    makes way too, to a quarantine of its own.
    """

    place: str
    target: str | None = None
    moves_changed: bool = False


@dataclass
class UndoCounts:
    """How many names had what done to them, and the first of those that were left alone, each with the reason."""

    most: int = 10
    counts: Counter[Done] = field(default_factory=Counter)
    left: list[tuple[str, str]] = field(default_factory=list)

    def leave(self, path: str, why: str) -> None:
        """Count one that is left alone."""
        self.counts[Done.LEFT] += 1
        if len(self.left) < self.most:
            self.left.append((path, why))


class UndoStatus(StrEnum):
    """How an undo ended. LEFT: it came to its end, and some names were left alone."""

    PLANNED = "Planned"
    SUCCESS = "Success"
    LEFT = "Left"
    INCOMPLETE = "Incomplete"


@dataclass(frozen=True)
class UndoResult:
    """How an undo ended. quarantine: which one was undone. aside: where what was changed since is."""

    status: UndoStatus
    quarantine: str
    target: str
    done: UndoCounts
    message: str
    next_step: str = ""
    aside: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the status."""
        return _EXIT_CODES[self.status]


_EXIT_CODES = {
    UndoStatus.PLANNED: ExitCode.DONE,
    UndoStatus.SUCCESS: ExitCode.DONE,
    UndoStatus.LEFT: ExitCode.FAILED,
    UndoStatus.INCOMPLETE: ExitCode.INCOMPLETE,
}
