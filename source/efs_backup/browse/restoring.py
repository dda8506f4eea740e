"""Restores and undos that the page begins: one at a time, each with a stop, and a restore with a plan before it."""

import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.copying.undoing import UndoRequest, UndoResult
from efs_backup.domain.errors import EfsBackupError, Locked, NothingThere, WrongUsage
from efs_backup.domain.requests.requests import RestoreRequest
from efs_backup.domain.results import RestoreResult
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.restore import RestoreRun
from efs_backup.engine.runs.undo import UndoRun
from efs_backup.engine.trees.tree_walk import Stopped

_SOME = 20
"""Notes that are kept of a restore under way; its result has them all."""


@dataclass
class Progress:
    """How far a restore is; a watcher (`efs_backup.domain.ports.Watcher`). size: bytes."""

    name: str = "begin"
    files: int = 0
    size: int = 0
    done: CopyStatistics = CopyStatistics()
    notes: list[str] = field(default_factory=list)

    def step(self, name: str) -> None:
        """See Watcher."""
        self.name = name

    def expect(self, files: int, size: int) -> None:
        """See Watcher."""
        self.files, self.size = files, size

    def progress(self, done: CopyStatistics) -> None:
        """See Watcher."""
        self.done = done

    def note(self, text: str) -> None:
        """See Watcher."""
        if len(self.notes) < _SOME:
            self.notes.append(text)


@dataclass
class Job:
    """A restore, or an undo of one, that was begun. result or error: None while it runs."""

    request: RestoreRequest | UndoRequest
    name: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    progress: Progress = field(default_factory=Progress)
    stop: Stop = field(default_factory=lambda: Stop(Window()))
    result: RestoreResult | UndoResult | None = None
    error: EfsBackupError | None = None

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.result is None and self.error is None

    @property
    def undoable(self) -> str:
        """The quarantine by which it can be undone; "" where there is none."""
        result = self.result
        return result.quarantine or "" if isinstance(result, RestoreResult) else ""


def _restore_of(job: Job, request: RestoreRequest) -> RestoreRun:
    return RestoreRun(
        request, now=datetime.now(UTC), runner=Runner.with_new_family(), stop=job.stop, watcher=job.progress
    )


def _work_of(job: Job) -> "Callable[[], RestoreResult | UndoResult]":
    """The work of the engine for a job."""
    if isinstance(job.request, UndoRequest):
        return UndoRun(job.request, now=datetime.now(UTC), stop=job.stop, watcher=job.progress).run
    return _restore_of(job, job.request).run


class Restores:
    """The restores of a page. It lives as long as the command, and no Lambda function has one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._threads: list[threading.Thread] = []

    def plan(self, request: RestoreRequest) -> RestoreResult:
        """Plan a restore; nothing is touched. Raises as `RestoreRun.plan`."""
        return _restore_of(Job(request), request).plan()

    def begin(self, request: RestoreRequest | UndoRequest) -> Job:
        """Begin a restore or an undo. Raises Locked while another one runs."""
        job = Job(request)
        with self._lock:
            if any(one.is_running for one in self._jobs.values()):
                raise Locked("Another restore of this page is running.", "Wait until it ends, or stop it.")
            self._jobs[job.name] = job
        thread = threading.Thread(target=_carry_out, args=(job,))
        self._threads.append(thread)
        thread.start()
        return job

    def job(self, name: str) -> Job:
        """A restore that was begun. Raises NothingThere."""
        if name not in self._jobs:
            raise NothingThere("There is no such restore.", "Each belongs to the command that has begun it.")
        return self._jobs[name]

    def close(self) -> None:
        """Stop what runs, and wait until it has: what is restored stays, and the same restore goes on from there."""
        for job in self._jobs.values():
            if job.is_running:
                job.stop.ask("the page was closed")
        self.wait()

    def wait(self) -> None:
        """Wait until all that was begun has ended."""
        for thread in self._threads:
            thread.join()


def _carry_out(job: Job) -> None:
    _ended(job, _work_of(job))


def _ended(job: Job, run: Callable[[], RestoreResult | UndoResult]) -> None:
    """Note how it ended, whatever happens: a job without an end would keep all others waiting."""
    failure = EfsBackupError("The restore ended by a fault of the program.", "Look at the terminal, and report it.")
    try:
        job.result = run()
    except EfsBackupError as error:
        failure = error
    except Stopped:
        failure = EfsBackupError("Stopped; nothing was touched.")
    finally:
        if job.result is None:
            job.error = failure


def target_of(text: str) -> str:
    """The directory that a person names. Raises WrongUsage of anything but an absolute path."""
    target = text.strip()
    if not target.startswith("/") or "\0" in target:
        raise WrongUsage(f"The directory {target!r} is no absolute path.", "Give one that begins with a slash.")
    with suppress(UnicodeEncodeError):
        target.encode()
        return target
    raise WrongUsage("The directory's name cannot be written.")
