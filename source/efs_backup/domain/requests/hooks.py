"""Hooks: commands that make the source quiet for a copy, and let it go on afterwards."""

import shlex
from dataclasses import dataclass
from enum import StrEnum

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.snapshots.names import FolderLabel, Interval

DEFAULT_HOOK_SECONDS = 600.0
"""How long one command may take: time for a dump of a small database, and well within any window."""

MOST_HOOK_SECONDS = 86_400.0
RUNNING = "Running"
"""The status that a hook is told of a backup that has not ended."""


class Phase(StrEnum):
    """When a hook runs: before the source is read, when it is not needed any more, or at an end that is no success."""

    BEFORE = "before"
    AFTER = "after"
    FAILED = "failed"


@dataclass(frozen=True)
class HookCommand:
    """A program and its arguments, which no shell ever sees."""

    words: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "HookCommand":
        """Split a text into words as a shell would, with quotes; nothing in them is expanded. Raises WrongUsage."""
        try:
            words = tuple(shlex.split(text))
        except ValueError as error:
            raise WrongUsage(f"A hook cannot be split into words: {error}.") from error
        if not words or not words[0]:
            raise WrongUsage("A hook is empty; give a program and its arguments.")
        if "/" in words[0] and not words[0].startswith("/"):
            raise WrongUsage(f"The program of a hook is a name in PATH or an absolute path, not {words[0]!r}.")
        return cls(words)

    @property
    def program(self) -> str:
        """The program alone: its arguments may hold secrets, and are shown by a dry run only."""
        return self.words[0]

    def __str__(self) -> str:
        return shlex.join(self.words)


@dataclass(frozen=True)
class HookCommands:
    """The commands of each phase in their order, and how many seconds each may take. Raises WrongUsage."""

    before: tuple[HookCommand, ...] = ()
    after: tuple[HookCommand, ...] = ()
    failed: tuple[HookCommand, ...] = ()
    seconds: float = DEFAULT_HOOK_SECONDS

    def __post_init__(self) -> None:
        if not 0 < self.seconds <= MOST_HOOK_SECONDS:
            raise WrongUsage(f"A hook may take more than 0 and up to {MOST_HOOK_SECONDS:,.0f} seconds.")

    def of(self, phase: Phase) -> tuple[HookCommand, ...]:
        """The commands of a phase."""
        return {Phase.BEFORE: self.before, Phase.AFTER: self.after, Phase.FAILED: self.failed}[phase]


@dataclass(frozen=True)
class HookFacts:
    """The facts that a hook is told about its backup: no secret, and "" for what is not known yet.

    snapshot: the name that the snapshot gets, or was to get. status, reason: as the record has them.
    """

    label: FolderLabel
    interval: Interval
    source: str
    backup: str
    snapshot: str = ""
    status: str = RUNNING
    reason: str = ""

    def environment(self, phase: Phase) -> dict[str, str]:
        """The variables of a hook's environment that tell it."""
        return {
            "EFS_BACKUP_HOOK": str(phase),
            "EFS_BACKUP_LABEL": str(self.label),
            "EFS_BACKUP_INTERVAL": str(self.interval),
            "EFS_BACKUP_SOURCE": self.source,
            "EFS_BACKUP_BACKUP": self.backup,
            "EFS_BACKUP_SNAPSHOT": self.snapshot,
            "EFS_BACKUP_STATUS": self.status,
            "EFS_BACKUP_REASON": self.reason,
        }
