"""The ports: interfaces that the inner parts ask of those outside."""

from collections.abc import Callable, Iterator
from typing import Protocol

from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.requests.hooks import HookFacts, Phase


class Watcher(Protocol):
    """Follows a backup or restore while it runs."""

    def step(self, name: str) -> None:
        """A step begins."""

    def expect(self, files: int, size: int) -> None:
        """Take notice that there are so many files and bytes to be looked at."""

    def progress(self, done: CopyStatistics) -> None:
        """Take notice of what is done so far."""

    def note(self, text: str) -> None:
        """Something that the operator should know, and that is no failure."""


class Hooks(Protocol):
    """Runs what makes the source quiet for a copy, and lets it go on."""

    def check(self) -> None:
        """Raises HookFailed where a hook can never run. Nothing is run."""

    def run(self, phase: Phase, facts: HookFacts, ends: Callable[[], bool], beat: Callable[[], None]) -> bool:
        """Run the hooks of a phase to their end; False where they were ended, for `ends` said so. Raises HookFailed.

        ends: asked several times a second. beat: called as often, while they run.
        """


class BackupStore(Protocol):
    """Where records are kept. It also remembers which backup was started last, so that two never start at once."""

    def start(self, backup: BackupRecord, after: BackupId | None) -> None:
        """Record a backup as the one started last, if that is still `after`. Atomic.

        Raises AlreadyStarted where this backup was started before and an instance served it (another than the first
        one that its record names now) or it has not failed, RecordChanged where another backup was started meanwhile.
        """

    def put(self, backup: BackupRecord) -> None:
        """Record a backup that is not started. Raises AlreadyStarted where its id is recorded already."""

    def get(self, backup_id: BackupId) -> BackupRecord:
        """The record of a backup. Raises RecordGone."""

    def update(self, before: BackupRecord, after: BackupRecord) -> None:
        """Write what differs, if the stored status is still the one of `before`, and so is a guarded attribute of it.

        Raises RecordGone, or RecordChanged where the status or what is guarded is another by now.
        """

    def latest(self) -> BackupId | None:
        """The backup that was started last; its record may be gone."""

    def backups(self) -> Iterator[BackupRecord]:
        """All records that can be read, in any order: one that cannot must not hide the others."""

    def newest_success(self) -> BackupRecord | None:
        """The newest backup that published a snapshot."""
