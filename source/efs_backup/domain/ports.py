"""What the engine asks of those who drive it."""

from typing import Protocol

from efs_backup.domain.backup import CopyStatistics


class Watcher(Protocol):
    """Follows a backup or restore while it runs."""

    def step(self, name: str) -> None:
        """A step begins."""

    def expect(self, files: int, size: int) -> None:
        """So many files and bytes are there to be looked at."""

    def progress(self, done: CopyStatistics) -> None:
        """So much is done."""

    def note(self, text: str) -> None:
        """Something that the operator should know, and that is no failure."""
