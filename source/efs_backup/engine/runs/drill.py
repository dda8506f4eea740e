"""A drill: some of a snapshot is restored into a scratch directory, measured, compared with the manifest, removed."""

import os
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from efs_backup import __version__
from efs_backup.copy_worker.throttle import Throttle
from efs_backup.domain.drill.result import DrillResult, Tallies
from efs_backup.domain.errors import EfsBackupError, RestoreFailed
from efs_backup.domain.humanize import counted, named, sized
from efs_backup.domain.requests.drill import DrillRequest
from efs_backup.domain.snapshots.names import Interval
from efs_backup.engine.machine.patience import supervised
from efs_backup.engine.machine.telling import Telling
from efs_backup.engine.proof.manifests import Manifests
from efs_backup.engine.proof.reader import ManifestReader
from efs_backup.engine.proof.sealed import sealed_manifest
from efs_backup.engine.runs.drill_choice import Choice, choose_files, choose_snapshot, pinned_paths
from efs_backup.engine.runs.drill_compare import Comparer
from efs_backup.engine.runs.preflight import refuse_nesting
from efs_backup.engine.runs.rehearsal import Rehearsal, Surroundings, Undone
from efs_backup.engine.runs.scratch import scratch_directory
from efs_backup.engine.series.lock import reading, refuse_running_backup
from efs_backup.engine.series.series import Series, Snapshot
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.trees.tree_walk import Stopped

_BYTES_OF_A_FILE = 4096


@dataclass(frozen=True)
class _Chosen:
    """The subject of a drill. The reader's manifest is open as long as the drill's stack."""

    snapshot: Snapshot
    reader: ManifestReader
    choice: Choice


class DrillRun:
    """A drill under way. `now` is its start, aware."""

    def __init__(self, request: DrillRequest, *, now: datetime, around: Surroundings) -> None:
        self._request = request
        self._now = now
        self._around = replace(around, watcher=Telling(around.watcher))
        self._series = Series(Path(request.backup).absolute(), request.label, request.interval, now)
        self._scratch = Path(request.scratch).absolute()
        self._notes = dict[str, None]()
        self._beats = 0

    def run(self) -> DrillResult:
        """Rehearse a restore. What comes after the choice is in the result.

        Raises NothingThere, NotAsSealed, WrongUsage, Locked, Hung, ToolMissing and Stopped, and RestoreFailed where the
        scratch directory cannot be used; nothing was restored then.
        """
        began = self._around.clock()
        self._refuse_backups()
        refuse_nesting(self._scratch, "SCRATCH", self._series.directories[0], "BACKUP")
        with reading(self._series.path, self._note), ExitStack() as stack:
            chosen = self._choose(stack)
            result = self._rehearse(chosen)
        return replace(result, seconds=self._around.clock() - began, notes=tuple(self._notes))

    def _refuse_backups(self) -> None:
        """Raises Locked where a backup of any series of the label is running."""
        for interval in Interval:
            refuse_running_backup(self._series.label_path / interval)

    def _choose(self, stack: ExitStack) -> _Chosen:
        self._around.watcher.step("choose")
        request, manifests = self._request, Manifests(self._series.path)
        snapshot = choose_snapshot(self._series, request, manifests, self._now)
        pinned = pinned_paths(self._series, request, self._note)

        def choose() -> _Chosen:
            sealed = stack.enter_context(sealed_manifest(manifests, snapshot.name, self._pulse))
            return _Chosen(snapshot, sealed.reader, choose_files(sealed, request, pinned, self._now, self._pulse))

        chosen = supervised(choose, lambda: self._beats)
        return self._without_pins_of_later(chosen)

    def _pulse(self) -> None:
        self._beats += 1
        if self._around.stop.is_due():
            raise Stopped

    def _without_pins_of_later(self, chosen: _Chosen) -> _Chosen:
        """Drop pins that an older snapshot may be too old for; in the newest one all that is pinned must be there."""
        absent = chosen.choice.absent
        if not absent or chosen.snapshot.name == self._series.snapshots()[0].name:
            return chosen
        self._note(f"Pinned, and not in the snapshot {chosen.snapshot.name}, which is not the newest: {named(absent)}.")
        plan = chosen.choice.plan
        plan = replace(plan, pinned=tuple(path for path in plan.pinned if path not in absent))
        return replace(chosen, choice=replace(chosen.choice, plan=plan, absent=()))

    def _rehearse(self, chosen: _Chosen) -> DrillResult:
        throttle = Throttle(self._request.tuning.operations_per_second)
        with (
            Tree(chosen.snapshot.path, throttle) as source,
            scratch_directory(self._scratch, self._note, keeps=self._request.keeps) as path,
            Tree(path, throttle) as place,
        ):
            self._refuse_little_room(place, chosen.choice)
            tallies = Tallies(chosen.choice.census.buckets)
            result = DrillResult(
                chosen.choice.plan, self._now, 0.0, f"efs-backup {__version__}", self._around.machine,
                (source.kind, place.kind), tallies=tallies,
            )  # fmt: skip
            try:
                return self._measure(chosen, result, source, place)
            except Stopped:
                return replace(result, is_stopped=True, failure=self._around.stop.reason() or "it was asked to")
            except Undone as undone:
                return replace(result, failure=undone.failure, remedy=undone.remedy)
            finally:
                self._around.watcher.step("remove")

    def _note_owners(self) -> None:
        if os.geteuid() != 0:
            self._note("Owners were not compared, for only root can give files away.")

    def _measure(self, chosen: _Chosen, result: DrillResult, source: Tree, place: Tree) -> DrillResult:
        rehearsal = Rehearsal(self._request, chosen.choice, (source, place), now=self._now, around=self._around)
        restored = rehearsal.run()
        for note in restored.notes:
            self._note(note)
        self._note_owners()
        self._around.watcher.step("compare")
        Comparer(source, place, result.tallies, self._around.stop.is_due).run(chosen.choice, chosen.reader)
        for group, seconds in restored.seconds.items():
            tally = result.tallies.of(group)
            tally.seconds, tally.start = seconds, restored.starts[group]
        failure = restored.said[0] if restored.said else EfsBackupError("")  # it counts only where nothing differs
        return replace(result, failure=failure.message, remedy=failure.next_step)

    def _refuse_little_room(self, place: Tree, choice: Choice) -> None:
        found = os.fstatvfs(place.descriptor)
        needed = choice.figures.size + _BYTES_OF_A_FILE * choice.figures.files
        if needed > (free := found.f_bavail * found.f_frsize):
            raise RestoreFailed(
                f"The scratch directory has room for {sized(free)}, and"
                f" {counted(choice.figures.files, 'file')} of {sized(choice.figures.size)} were chosen; nothing was"
                " restored.",
                "Give a scratch directory with more room, or draw less with --files or --bytes.",
            )

    def _note(self, text: str) -> None:
        if text not in self._notes:
            self._notes[text] = None
            self._around.watcher.note(text)
