"""Watchers of a run."""

from efs_backup.domain.copying.statistics import CopyStatistics


class Quiet:
    """A watcher that looks away."""

    def step(self, name: str) -> None:
        """Nothing."""

    def expect(self, files: int, size: int) -> None:
        """Nothing."""

    def progress(self, done: CopyStatistics) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""
