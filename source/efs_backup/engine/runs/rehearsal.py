"""The restores of a drill, one after the other, by the ordinary restore, and how long each takes."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from efs_backup.copy_worker.error_numbers import NO_SPACE
from efs_backup.domain.copying.parts import is_over_a_network
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.drill.choice import SizeClass, tuning_for_rate
from efs_backup.domain.drill.result import Group
from efs_backup.domain.errors import BackupFull, EfsBackupError, Hung, RestoreFailed
from efs_backup.domain.ports import Watcher
from efs_backup.domain.requests.drill import DrillRequest
from efs_backup.domain.requests.requests import RestoreMode, RestoreRequest
from efs_backup.domain.requests.tuning import Tuning
from efs_backup.domain.results import RestoreStatus
from efs_backup.domain.snapshots.selection import Selection
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.drill_choice import Choice
from efs_backup.engine.runs.restore import RestoreRun
from efs_backup.engine.trees.tree import Tree, slowest_concurrency
from efs_backup.engine.trees.tree_walk import Stopped

START = "start"
"""The directory of a restore of nothing."""

_STEPS = {
    Group.SMALL: "restore small files", Group.SPEED: "restore whole directories", Group.LARGE: "restore large files",
    Group.PINNED: "restore what is pinned",
}  # fmt: skip
_LESS = "Give a scratch directory with more room, or draw less with --files or --bytes."


@dataclass(frozen=True)
class Surroundings:
    """The surroundings of a drill: a clock that counts seconds, and the name of the machine."""

    runner: Runner
    stop: Stop
    watcher: Watcher
    clock: Callable[[], float]
    machine: str


class Undone(Exception):
    """A restore that says nothing about the snapshot: the scratch directory is full, or something answers no more."""

    def __init__(self, failure: str, remedy: str) -> None:
        super().__init__(failure)
        self.failure, self.remedy = failure, remedy


@dataclass
class Restored:
    """The restores of a drill. seconds, starts: see `Tally`. said: what a restore has complained of."""

    seconds: dict[Group, float] = field(default_factory=dict)
    starts: dict[Group, float] = field(default_factory=dict)
    said: list[EfsBackupError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Rehearsal:
    """Restores into directories of `place`, which are named as the groups. `now` is the start of the drill."""

    def __init__(
        self, request: DrillRequest, choice: Choice, trees: tuple[Tree, Tree], *, now: datetime, around: Surroundings
    ) -> None:
        self._request = request
        self._choice = choice
        self._source, self._place = trees
        self._now = now
        self._around = around
        self._restored = Restored()

    def run(self) -> Restored:
        """Restore all groups. Raises Stopped and Undone."""
        restored = self._restored
        start = self._restore(START, (), self._request.tuning)
        for group, paths in self._groups():
            self._around.watcher.step(_STEPS[group])
            tuning = self._tuning(group, len(paths))
            restored.starts[group] = start if tuning == self._request.tuning else self._start_of_large(start)
            restored.seconds[group] = self._restore(group, paths, tuning)
        return restored

    def _start_of_large(self, least: float) -> float:
        """The seconds until the programs are there that bring many large files: those of a restore of a single one."""
        smallest = min(self._choice.files[Group.LARGE], key=lambda one: one.entry.attributes.size)
        tuning = replace(self._request.tuning, files_per_part=1)
        return max(least, self._restore(f"{START}-{Group.LARGE}", (os.fsdecode(smallest.path),), tuning))

    def _groups(self) -> Iterator[tuple[Group, tuple[str, ...]]]:
        for group in _STEPS:
            if paths := self._choice.paths(group):
                yield group, paths

    def _tuning(self, group: Group, files: int) -> Tuning:
        if group is not Group.LARGE:
            return self._request.tuning
        jobs = slowest_concurrency(self._source, self._place).jobs
        is_network = is_over_a_network(self._source.kind) or is_over_a_network(self._place.kind)
        whole = self._choice.plan.whole[SizeClass.LARGE]
        return tuning_for_rate(self._request.tuning, files, whole, jobs, is_over_a_network=is_network)

    def _restore(self, name: str, paths: tuple[str, ...], tuning: Tuning) -> float:
        """The seconds of a restore of these paths. Raises Stopped and Undone."""
        request = RestoreRequest(
            self._request.backup, str(Path(self._place.root) / name), self._request.label, self._request.interval,
            Selection(name=self._choice.plan.snapshot), mode=RestoreMode.NEW, tuning=tuning,
            chosen=None if paths == ("",) else paths,
        )  # fmt: skip
        around = self._around
        run = RestoreRun(
            request, now=self._now, runner=around.runner, stop=around.stop, watcher=_OfOneRestore(around.watcher)
        )
        began = around.clock()
        try:
            result = run.run()
        except RestoreFailed as error:
            self._take(error)
        else:
            self._restored.notes += result.notes
            if result.status is RestoreStatus.INCOMPLETE:
                raise Stopped
        return around.clock() - began

    def _take(self, error: RestoreFailed) -> None:
        """Keep what was said about single names, which are looked at afterwards. Raises Undone of anything else."""
        message = error.message.replace(self._place.root, "SCRATCH")
        cause = error.__cause__
        if isinstance(cause, BackupFull) or (isinstance(cause, OSError) and cause.errno in NO_SPACE):
            raise Undone("The file system of the scratch directory is full.", _LESS) from error
        if isinstance(cause, Hung):
            raise Undone(message, error.next_step) from error
        self._restored.said.append(EfsBackupError(message, error.next_step))


class _OfOneRestore:
    """Passes on how far a restore is; its steps and notes are told by the drill."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def step(self, name: str) -> None:
        pass

    def expect(self, files: int, size: int) -> None:
        pass

    def progress(self, done: CopyStatistics) -> None:
        self._watcher.progress(done)

    def note(self, text: str) -> None:
        pass
