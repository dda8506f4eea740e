"""The log of a run: what it says of itself as it goes on, and what its result has of that in the end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from efs_backup.domain.results import BackupResult, Step
from efs_backup.domain.warnings import Warned
from efs_backup.engine.machine.telling import Telling


class RunLog:
    """Steps with their seconds, notes and warnings; a watcher hears of each as it comes."""

    def __init__(self, watcher: Telling) -> None:
        self.watcher = watcher
        self.steps: list[Step] = []
        self.notes: list[str] = []
        self.warnings: list[Warned] = []

    def note(self, text: str) -> None:
        """Say what is no problem."""
        self.notes.append(text)
        self.watcher.note(text)

    def warn(self, warned: Warned) -> None:
        """Say what the operator should know."""
        self.warnings.append(warned)
        self.watcher.note(f"Warning: {warned}")

    def told_in(self, result: BackupResult) -> BackupResult:
        """The result with all that was said so far."""
        return replace(result, steps=tuple(self.steps), notes=tuple(self.notes), warnings=tuple(self.warnings))

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Note how long the block takes, however it ends."""
        self.watcher.step(name)
        started = time.monotonic()
        try:
            yield
        finally:
            self.steps.append(Step(name, time.monotonic() - started))
