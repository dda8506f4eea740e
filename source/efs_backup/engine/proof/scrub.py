"""The scrub: a part of the stored files read each night, so that all are in so many days."""

import json
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

from efs_backup.copy_worker.blocks import Entry, path_key
from efs_backup.copy_worker.hash_store import HashRecord, HashStore
from efs_backup.copy_worker.hashing import HashStopped, sha256_of
from efs_backup.copy_worker.mtree import escaped, read_line, unescaped
from efs_backup.copy_worker.throttle import Throttle
from efs_backup.domain.snapshots.changes import REMOVED, WAS
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.scrubbing import Damage, Scrubbed, ScrubRule, ScrubState, days_behind, due_days, is_due
from efs_backup.domain.snapshots.verification import Aspect, Difference, Level
from efs_backup.engine.proof.damage import DamageList, holders
from efs_backup.engine.proof.manifests import CHANGES, HASHES_NAME, MANIFEST, Manifests
from efs_backup.engine.proof.packed_text import change_lines, since_of_night
from efs_backup.engine.proof.reader import ManifestReader, reading
from efs_backup.engine.proof.verify import Verification, forget_cached
from efs_backup.engine.trees.tree import Tree

SCRUB_NAME = "scrub.json"
_DIRECTORIES_AT_A_TIME = 64


@dataclass
class _Tally:
    """The tally of one scrub: what it has read so far."""

    files: int = 0
    bytes: int = 0
    late: list[HashRecord] = field(default_factory=list)
    damaged: list[Damage] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)


class Scrub:
    """A scrub of one series. `snapshots`: those that are there. All raise OSError, and ValueError of torn manifests.

    is_copy: the series is a second copy, so that manifests and changes tell the inodes that files have elsewhere.
    """

    def __init__(
        self, series: Path, snapshots: Sequence[SnapshotName], rule: ScrubRule, *, now: datetime, throttle: Throttle,
        should_stop: Callable[[], bool] = lambda: False, is_copy: bool = False,
    ) -> None:  # fmt: skip
        self._is_copy = is_copy
        self._series = series
        self._snapshots = sorted(snapshots, reverse=True)
        self._rule = rule
        self._now = now
        self._throttle = throttle
        self._should_stop = should_stop
        self._manifests = Manifests(series)
        self._tally = _Tally()

    def run(self) -> Scrubbed:
        """Read what is due, as far as the budget reaches, and note how far that was."""
        state = read_state(self._manifests)
        proved = [name for name in self._snapshots if str(name) in self._manifests.names(MANIFEST)][:1]
        for newest in proved if self._rule.days else []:
            state = self._with_late(self._scrub(newest, state), state)
            self._keep(state)
        tally = self._tally
        return Scrubbed(tally.files, tally.bytes, len(tally.late), days_behind(state, self._now), tuple(tally.damaged))

    def _with_late(self, state: ScrubState, before: ScrubState) -> ScrubState:
        """Add the days on which hashes were found that are not written down yet."""
        is_waiting = before.days == self._rule.days and bool([*self._known_hashes()][:1])
        waiting = before.late if is_waiting else ()
        read = due_days(before, self._rule, self._now) if self._tally.late else ()
        return replace(state, days=self._rule.days, late=tuple(sorted({*waiting, *read})))

    def _scrub(self, newest: SnapshotName, state: ScrubState) -> ScrubState:
        with reading(self._manifests, newest) as manifest, Tree(self._series / str(newest), self._throttle) as tree:
            days = [*due_days(state, self._rule, self._now)]
            for day in days:
                path = state.path if day == state.day else ""
                reached = self._scrub_day(tree, manifest, day, path)
                if reached is not None:
                    return ScrubState(day, reached)
                self._scrub_old_versions(day)
        return ScrubState(date.fromordinal(days[-1].toordinal() + 1)) if days else state

    def _scrub_day(self, tree: Tree, manifest: ManifestReader, day: date, path: str) -> str | None:
        """None where all was read that this day is for; else the path up to which it was."""
        done, due = unescaped(path.encode()), []
        paths = manifest.index.paths()
        for position, key in enumerate(manifest.index.keys):
            if is_due(key, day, self._rule.days) and (not path or paths[position] > done):
                due.append(position)
        for start in range(0, len(due), _DIRECTORIES_AT_A_TIME):
            some = due[start : start + _DIRECTORIES_AT_A_TIME]
            if self._is_over(sum(manifest.index.sizes[one] for one in some)):
                return path
            verification = Verification(
                tree, manifest, Level.CONTENT, chosen=self._choose, should_stop=self._should_stop, found=self._learn
            )
            verified = verification.run(some)
            self._note(tree, verified.differences)
            if not verified.is_whole and start:
                return path
            path = escaped(paths[some[-1]]).decode()
        return None

    def _is_over(self, size: int) -> bool:
        """Whether the budget is spent; what would go beyond it is read where nothing else was yet."""
        budget = self._rule.bytes
        return self._should_stop() or (
            budget is not None and self._tally.bytes > 0 and self._tally.bytes + size > budget
        )

    def _choose(self, entry: Entry) -> bool:
        is_new = entry.inode not in self._tally.seen
        self._tally.seen.add(entry.inode)
        return is_new

    def _learn(self, _path: str, entry: Entry, content: bytes) -> None:
        tally, attributes = self._tally, entry.attributes
        tally.files += 1
        tally.bytes += attributes.size
        if not attributes.sha256:
            tally.late.append(HashRecord(entry.inode, attributes.size, attributes.mtime_ns, entry.source, content))

    def _note(self, tree: Tree, differences: Sequence[Difference]) -> None:
        """Note what is damaged: another content, or another size in the very file that was stored."""
        for one in differences:
            is_damage = one.aspect in {Aspect.CONTENT, Aspect.SIZE, Aspect.UNREADABLE, Aspect.MISSING}
            if is_damage and one.inode:
                self._tally.damaged.append(self._damage(one, tree))

    def _damage(self, one: Difference, tree: Tree) -> Damage:
        snapshots = holders(self._series, self._snapshots, one.path, one.inode)
        is_content = one.aspect is Aspect.CONTENT
        found = tree.find(one.path)
        why = "" if is_content else f"{one.aspect} {one.found}".strip()
        expected = one.expected if is_content else self._expected(one.path)
        return Damage(
            one.inode, one.path, tuple(snapshots) or (os.path.basename(tree.root),), expected,
            one.found if is_content else "", found.st_size if found else 0, self._now, why,
        )  # fmt: skip

    def _expected(self, path: str) -> str:
        with reading(self._manifests, self._snapshots[0]) as manifest:
            entry = manifest.find(os.fsencode(path))
        return entry.attributes.sha256.hex() if entry else ""

    def _scrub_old_versions(self, day: date) -> None:
        """Read what only older snapshots have: each change says what was there before, and in which one."""
        kept = {str(name) for name in self._snapshots}
        for name in self._manifests.names(CHANGES):
            if name in kept and (since := since_of_night(self._manifests, name)) in kept and since:
                self._scrub_since(since, change_lines(self._manifests, name), day)

    def _scrub_since(self, since: str, lines: Iterator[bytes], day: date) -> None:
        with Tree(self._series / since, self._throttle) as tree:
            for path, inode, size, sha256 in old_files(lines):
                if is_due(path_key(path.rpartition(b"/")[0]), day, self._rule.days) and not self._is_over(size):
                    self._read_old(tree, path, inode, sha256)

    def _read_old(self, tree: Tree, path: bytes, inode: int, sha256: bytes) -> None:
        text = os.fsdecode(path)
        try:
            with tree.above(text) as (directory, name):
                there = os.stat(name, dir_fd=directory, follow_symlinks=False).st_ino
                if there in self._tally.seen or (there != inode and not self._is_copy):
                    return  # it was read, or another night has made it anew
                self._tally.seen.add(there)
                inode = there
                found, attributes = sha256_of(directory, name, self._throttle, self._should_stop)
                if found != sha256:
                    forget_cached(directory, os.fsencode(name))
                    found, attributes = sha256_of(directory, name, self._throttle, self._should_stop)
        except (OSError, ValueError, HashStopped):
            return
        self._tally.files += 1
        self._tally.bytes += attributes.st_size
        if found != sha256:
            held = tuple(holders(self._series, self._snapshots, text, inode))
            self._tally.damaged.append(
                Damage(inode, text, held, sha256.hex(), found.hex(), attributes.st_size, self._now)
            )

    def _keep(self, state: ScrubState) -> None:
        """Store how far it has come, what is damaged, and the hashes that no manifest had."""
        self._manifests.make()
        with self._manifests.written(SCRUB_NAME, is_durable=False) as write:
            write(json.dumps(state.as_json()).encode())
        if self._tally.damaged:
            DamageList(self._series).add(self._tally.damaged)
        if self._tally.late:
            self._manifests.keep_hashes([*self._known_hashes(), *self._tally.late])

    def _known_hashes(self) -> Iterator[HashRecord]:
        try:
            store = HashStore(self._manifests.read(HASHES_NAME))
        except (OSError, ValueError):
            return
        yield from store


def read_state(manifests: Manifests) -> ScrubState:
    """How far the scrub of a series has come; a new state where that cannot be read."""
    try:
        return ScrubState.of(json.loads(manifests.read(SCRUB_NAME)))
    except (OSError, ValueError, TypeError, RecursionError):
        return ScrubState()


def old_files(lines: Iterator[bytes]) -> Iterator[tuple[bytes, int, int, bytes]]:
    """(raw path, inode, size, SHA-256) of each regular file that a snapshot has no more. Raises ValueError."""
    for line in lines:
        if line[:1] in {REMOVED, WAS} and b" sha256digest=" in line:
            text, _, inode = line[2:].rpartition(b" inode=")
            path, attributes = read_line(text)
            if stat.S_ISREG(attributes.mode):
                yield unescaped(path.removeprefix(b"./")), int(inode), attributes.size, attributes.sha256
