"""One snapshot brought to another file system by the walk, and held against its manifest before it is published."""

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from efs_backup.copy_worker.attributes import Attributes
from efs_backup.copy_worker.beneath import PASSING, open_place
from efs_backup.copy_worker.hashing import sha256_of
from efs_backup.copy_worker.throttle import Throttle
from efs_backup.domain.copying.arrival import Cause, Fidelity, Trouble, fault_of
from efs_backup.domain.copying.commands import Comparing, Purpose
from efs_backup.domain.errors import BackupError, BackupFull, CopyFailed, Hung, NotAsSealed, SourceUnreadable
from efs_backup.domain.requests.tuning import Tuning
from efs_backup.domain.snapshots.names import Interval, SnapshotName
from efs_backup.domain.snapshots.second_copy import Brought, CopiedSnapshot, neighbours
from efs_backup.domain.snapshots.verification import Aspect, Difference
from efs_backup.engine.finalize.told_links import names_of_one_file
from efs_backup.engine.machine.os_errors import refusals_named
from efs_backup.engine.machine.process import Runner, Tools
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.proof.arrived import Arrival, Arrived, Place
from efs_backup.engine.proof.brought_history import bring_manifest
from efs_backup.engine.proof.damage import DamageList
from efs_backup.engine.proof.expected import expected_manifest
from efs_backup.engine.proof.gathered import Gathered
from efs_backup.engine.proof.manifests import Manifests
from efs_backup.engine.proof.reader import ManifestReader
from efs_backup.engine.proof.reader import reading as reading_manifest
from efs_backup.engine.proof.unlike import unlike
from efs_backup.engine.proof.verify import forget_cached
from efs_backup.engine.rest.workspace import Workspace, workspace
from efs_backup.engine.runs.run_log import RunLog
from efs_backup.engine.runs.transfer import Disk, TargetStuck, Transfer, Transferred, TransferSpec
from efs_backup.engine.series.flush_marks import FLUSH_PATIENCE_SECONDS, Flusher
from efs_backup.engine.series.lock import reading
from efs_backup.engine.series.making import read_back
from efs_backup.engine.series.partial import Partial, begin_partial
from efs_backup.engine.series.series import Series, Snapshot
from efs_backup.engine.series.unfinished import UnfinishedFiles
from efs_backup.engine.trees.held import held
from efs_backup.engine.trees.left_out import LeftOut
from efs_backup.engine.trees.take_out import take_out
from efs_backup.engine.trees.time_step import time_step_of
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.trees.tree_walk import Stopped

_SPOOL = "proof"
_AGAIN = "Run the copy again; if that comes again, look at the memory and the network of this machine."


@dataclass(frozen=True)
class Means:
    """The means by which one snapshot after the other is copied."""

    theirs: Series
    ours: Series
    tuning: Tuning
    runner: Runner
    tools: Tools
    stop: Stop
    log: RunLog
    throttle: Throttle


@dataclass(frozen=True)
class _Reference:
    """A snapshot of OTHER to link from, and what its manifest says."""

    tree: Tree
    manifest: ManifestReader


class SnapshotCopy:
    """The copy of one snapshot."""

    def __init__(self, means: Means, snapshot: Snapshot) -> None:
        self._means = means
        self._snapshot = snapshot
        self._name = snapshot.name
        self._started = time.monotonic()

    def run(self) -> CopiedSnapshot:
        """Bring it. Raises Stopped, and BackupError of what ends the whole copy."""
        means = self._means
        with reading(means.theirs.path, means.log.note):
            try:
                with (
                    Tree(self._snapshot.path, means.throttle) as source,
                    expected_manifest(Manifests(means.theirs.path), self._name) as wanted,
                ):
                    return self._bring(source, wanted)
            except NotAsSealed as error:
                return self._ended(Brought.REFUSED, why=error.message)
            except (FileNotFoundError, NotADirectoryError, SourceUnreadable) as error:
                if not self._is_gone():
                    raise
                return self._ended(Brought.GONE, why=f"it was pruned in BACKUP meanwhile ({error}).")

    def _is_gone(self) -> bool:
        return not os.path.isdir(self._snapshot.path)

    def _bring(self, source: Tree, wanted: ManifestReader | None) -> CopiedSnapshot:
        """Make a snapshot of the partial that is there; of a new one, where that holds what nobody can remove."""
        with ExitStack() as stack:
            sides = _Sides(source, wanted, self._references(stack))
            try:
                return self._bring_into(self._partial(is_empty=False), sides)
            except TargetStuck as stuck:
                self._means.log.note(f"What a copy has left cannot be brought up to date ({stuck}): made anew.")
            return self._bring_into(self._partial(is_empty=True), sides)

    def _partial(self, *, is_empty: bool) -> Partial:
        partial = begin_partial(self._means.ours, self._name, is_empty=is_empty, keeps_spare=False)
        for note in partial.notes:
            self._means.log.note(note)
        return partial

    def _bring_into(self, partial: Partial, sides: "_Sides") -> CopiedSnapshot:
        with Tree(partial.path) as target:
            is_fresh, step_ns = not target.names(""), time_step_of(target.descriptor)
        runner, beat = self._means.runner, self._means.throttle.beat
        with closing(Flusher(runner, partial.path, partial.mark, beat=beat)) as flusher:
            try:
                return self._fill(_Filling(sides, partial, flusher, is_fresh, step_ns))
            except (Hung, TargetStuck):
                raise  # whatever touches the file systems now may wait for ever
            except BaseException:
                if not self._means.stop.is_urgent:
                    flusher.finish()
                raise

    def _references(self, stack: ExitStack) -> list[_Reference]:
        """The neighbours of the series in OTHER, and before them one of another series there that is nearer.

        Without a manifest nobody knows what a snapshot has, and nothing is linked from it.
        """
        ours, log = self._means.ours, self._means.log
        found = [(name, ours) for name in neighbours(self._name, [one.name for one in ours.snapshots()])]
        before = max((name for name, _ in found if name < self._name), default=None)
        for other in _others(ours):
            for near in neighbours(self._name, [one.name for one in other.snapshots()])[:1]:
                if near < self._name and (before is None or before < near):
                    stack.enter_context(reading(other.path, log.note))
                    found.insert(0, (near, other))
        return [one for name, series in found if (one := self._opened(stack, series, name))]

    def _opened(self, stack: ExitStack, series: Series, name: SnapshotName) -> _Reference | None:
        try:
            manifest = stack.enter_context(reading_manifest(Manifests(series.path), name))
            return _Reference(stack.enter_context(Tree(series.path / str(name), self._means.throttle)), manifest)
        except (OSError, ValueError) as error:
            self._means.log.note(f"Nothing is linked from {name} in OTHER: {error}.")
            return None

    def _fill(self, filling: "_Filling") -> CopiedSnapshot:
        log, partial = self._means.log, filling.partial
        with (
            workspace(log.note) as private,
            Tree(partial.path, self._means.throttle) as target,
            closing(Gathered(None, private.path / _SPOOL)) as gathered,
        ):
            with log.step("copy"):
                done = self._transfer(filling, target, gathered, private)
            with log.step("compare"):
                arrived = self._compare(filling, target, gathered, done)
            if arrived:
                self._leave_out(filling, target, arrived)
        with log.step("publish"):
            made = self._publish(filling)
        return self._told(done, arrived, made=made)

    def _transfer(self, filling: "_Filling", target: Tree, gathered: Gathered, private: Workspace) -> Transferred:
        means, flusher = self._means, filling.flusher
        spec = TransferSpec(
            filling.sides.source, target, Purpose.BACKUP, means.tuning,
            Comparing(filling.step_ns, filling.sides.wanted is None), LeftOut(),
            references=tuple(Path(one.tree.root) for one in filling.sides.references), trash=means.ours.trash,
            unfinished=UnfinishedFiles(means.ours.path).make(), trusted_until_ns=filling.partial.trusted_until_ns,
            gathered=gathered, damaged=self._learn(filling, gathered),
        )  # fmt: skip
        disk = Disk(flusher.tick, lambda: flusher.flush(FLUSH_PATIENCE_SECONDS))
        done = Transfer(
            spec, private, means.runner, means.tools, stop=means.stop, watcher=means.log.watcher, disk=disk
        ).run()
        for note in done.notes:
            means.log.note(note)
        self._refuse_fault(done, gathered)
        return done

    def _learn(self, filling: "_Filling", gathered: Gathered) -> frozenset[int]:
        """Learn from the manifests which names are one file; give the inodes of OTHER that must not be linked.

        Those are damaged ones, and what only looks like what is wanted. Raises NotAsSealed of a manifest that is torn.
        """
        found, wanted = {one.inode for one in DamageList(self._means.ours.path).read()}, filling.sides.wanted
        if wanted:
            try:
                gathered.several = names_of_one_file(wanted)
                for reference in filling.sides.references:
                    found |= unlike(wanted, reference.manifest, reference.tree)
            except ValueError as error:
                raise NotAsSealed(
                    f"The manifest of {self._name}, or of a neighbour of it, is torn: {error}."
                ) from error
        return frozenset(found)

    def _refuse_fault(self, done: Transferred, gathered: Gathered) -> None:
        """Raise for what is no damage of BACKUP: a full disk, a refusal of OTHER, a stop, a proof that is lacking."""
        if done.is_full:
            raise BackupFull("OTHER is full.", "Free space there, with `efs-backup prune OTHER` for example.")
        if not done.is_whole:
            if self._means.stop.is_due():
                raise Stopped
            raise CopyFailed("The copy was stopped before its end.")
        refused = [one for one in done.troubles if one.cause is Cause.REFUSED]
        if fault := fault_of(refused, 0, "BACKUP", "OTHER"):
            raise fault
        if gathered.fault:
            raise CopyFailed(f"Nothing was published, for it could not be proved: {gathered.fault}.", _AGAIN)
        if self._is_gone():
            raise SourceUnreadable(f"The snapshot {self._name} is gone.")

    def _compare(self, filling: "_Filling", target: Tree, gathered: Gathered, done: Transferred) -> Arrived | None:
        """Hold it against the manifest; None where there is none."""
        if filling.sides.wanted is None:
            if done.troubles:
                raise _unreadable(self._name, done.troubles)
            return None
        fidelity = Fidelity(os.geteuid() == 0, filling.step_ns)
        place = Place(target, [one.tree for one in filling.sides.references], fidelity, filling.is_fresh)
        troubles = {one.path: one.text for one in done.troubles}
        arrival = Arrival(filling.sides.wanted, gathered, place, troubles=troubles, pulse=self._means.throttle.beat)
        try:
            return arrival.run()
        except ValueError as error:
            raise NotAsSealed(f"The manifest of {self._name} is torn: {error}.") from error

    def _leave_out(self, filling: "_Filling", target: Tree, arrived: Arrived) -> None:
        """Take out what is damaged; raise CopyFailed where only the way here was: the next copy may bring it."""
        paths = [one.path for one in arrived.differences]
        if "." in paths:
            raise NotAsSealed(f"The snapshot {self._name} cannot be read in BACKUP.")
        again = [one.path for one in arrived.differences if self._is_whole_in_source(filling.sides.source, one)]
        with (
            refusals_named(str(filling.partial.path)),
            held(open_place(str(self._means.ours.trash), PASSING)) as trash,
        ):
            dressed = [one.path for one in arrived.directories]
            take_out(target, trash, paths, lambda path: _attributes(filling.sides.wanted, path), dressed)
        if again:
            raise CopyFailed(f"{again[0]!r} was read with another content than BACKUP has.", _AGAIN)

    def _is_whole_in_source(self, source: Tree, difference: Difference) -> bool:
        if difference.aspect is not Aspect.CONTENT:
            return False
        try:
            with source.above(difference.path) as (directory, name):
                forget_cached(directory, os.fsencode(name))
                return sha256_of(directory, name, source.throttle)[0].hex() == difference.expected
        except (OSError, ValueError):
            return False

    def _publish(self, filling: "_Filling") -> bool:
        """Publish it with its manifest, which comes first; whether one had to be made, which it is afterwards."""
        means, ours = self._means, Manifests(self._means.ours.path)
        if filling.sides.wanted:
            theirs, index = Manifests(means.theirs.path), filling.sides.wanted.index.packed()
            try:
                with refusals_named(str(ours.path)):
                    bring_manifest(theirs, ours, self._name, index)
            except ValueError as error:
                raise NotAsSealed(f"The manifest of {self._name} was changed meanwhile: {error}.") from error
        filling.flusher.flush(FLUSH_PATIENCE_SECONDS)
        snapshot = means.ours.publish(self._name)
        with refusals_named(str(ours.path)):
            ours.note_there([self._name])
        if filling.sides.wanted:
            return False
        _, unread = read_back(ours, snapshot, means.throttle, means.stop.is_due, means.log.note)
        means.log.note(f"The snapshot {self._name} has no manifest in BACKUP: one was made of its copy.")
        return not unread

    def _told(self, done: Transferred, arrived: Arrived | None, *, made: bool) -> CopiedSnapshot:
        found, statistics = arrived or Arrived(), done.statistics
        damaged = tuple(sorted([*found.differences, *found.directories]))
        return replace(
            self._ended(Brought.DAMAGED if damaged else Brought.COPIED), files=statistics.number_of_files,
            linked=statistics.number_of_files_linked, bytes=statistics.total_transferred_file_size,
            proved=found.proved, unproved=found.unproved, damaged=damaged, made=made,
        )  # fmt: skip

    def _ended(self, outcome: Brought, why: str = "") -> CopiedSnapshot:
        return CopiedSnapshot(self._name, outcome, why=why, seconds=time.monotonic() - self._started)


@dataclass(frozen=True)
class _Sides:
    """The sides of a snapshot's copy: itself in BACKUP, its manifest there, and what may be linked in OTHER."""

    source: Tree
    wanted: ManifestReader | None
    references: Sequence[_Reference]


@dataclass(frozen=True)
class _Filling:
    """A partial that is filled. is_fresh: nothing was in it. step_ns: the mtimes there are multiples of it."""

    sides: _Sides
    partial: Partial
    flusher: Flusher
    is_fresh: bool
    step_ns: int


def _others(series: Series) -> list[Series]:
    every = (Series(series.label_path.parent, series.label, kind, series.now) for kind in Interval)
    return [one for one in every if one.interval is not series.interval]


def _attributes(manifest: ManifestReader | None, path: str) -> Attributes | None:
    blocks = manifest.directory(os.fsencode(path)) if manifest else []
    return blocks[0].directory if blocks else None


def _unreadable(name: SnapshotName, troubles: Sequence[Trouble]) -> BackupError:
    return SourceUnreadable(f"The snapshot {name}, which has no manifest, cannot be read: {troubles[0]}.")
