"""A damaged file brought back in every snapshot that has it, from bytes of the same SHA-256. A person asks for it."""

import json
import os
import stat
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from efs_backup.copy_worker.beneath import LISTING
from efs_backup.copy_worker.blocks import Entry
from efs_backup.copy_worker.facts import set_directory_attributes
from efs_backup.copy_worker.hashing import READING, new_hash
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.scrubbing import Damage
from efs_backup.engine.machine.regular_file import is_regular
from efs_backup.engine.proof.damage import DamageList
from efs_backup.engine.proof.manifests import Manifests
from efs_backup.engine.proof.reader import reading
from efs_backup.engine.trees.held import held
from efs_backup.engine.trees.tree import Tree

REPAIRS_NAME = "repairs.jsonl"
_MAKING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_BLOCK = 2**20


@dataclass(frozen=True)
class Repair:
    """The repair of a damaged file, or why there is none.

    origin: where its bytes were found; "" where nowhere. others: the snapshots that have another version of the path.
    """

    damage: Damage
    origin: str
    others: tuple[str, ...]


class Repairs:
    """Repairs of one series. places: directories to look for bytes in, by the paths of the snapshots.

    Everything raises OSError.
    """

    def __init__(self, series: Path, snapshots: Sequence[SnapshotName], places: Sequence[Path], now: datetime) -> None:
        self._series = series
        self._snapshots = sorted(snapshots, reverse=True)
        self._places = places
        self._now = now
        self._manifests = Manifests(series)

    def run(self, *, is_dry: bool = False) -> list[Repair]:
        """Repair what can be; tell of each damaged file."""
        list_of = DamageList(self._series)
        done = [self._repair(one, is_dry=is_dry) for one in list_of.refresh(self._snapshots)]
        if not is_dry:
            list_of.write([one.damage for one in done if not one.origin])
        return done

    def _repair(self, damage: Damage, *, is_dry: bool) -> Repair:
        made = self._series / f".repair-{uuid.uuid4().hex}"
        others = tuple(
            str(name) for name in self._snapshots if str(name) not in damage.snapshots and self._has(name, damage)
        )
        try:
            for place in self._origins(damage):
                if _copy(place, damage, made):
                    if not is_dry:
                        self._put_in_place(damage, made, place)
                    return Repair(damage, str(place / damage.path), others)
        finally:
            with suppress(FileNotFoundError):
                made.unlink()
        return Repair(damage, "", others)

    def _has(self, name: SnapshotName, damage: Damage) -> bool:
        with Tree(self._series / str(name)) as tree:
            return tree.find(damage.path) is not None

    def _origins(self, damage: Damage) -> Iterator[Path]:
        """Places in which the path may have the bytes."""
        yield from self._places
        yield from (self._series / str(name) for name in self._snapshots if str(name) not in damage.snapshots)

    def _put_in_place(self, damage: Damage, made: Path, place: Path) -> None:
        entry = self._entry(damage)
        if entry:
            _dress(made, entry)
        for name in damage.snapshots:
            with Tree(self._series / name) as tree, tree.above(damage.path) as (directory, last):
                _replace(directory, last, made)
        self._note(damage, place)

    def _entry(self, damage: Damage) -> Entry | None:
        """The entry of the file in the manifest of a snapshot that has it."""
        for name in damage.snapshots:
            with suppress(OSError, ValueError), reading(self._manifests, name) as manifest:
                if entry := manifest.find(os.fsencode(damage.path)):
                    return entry
        return None

    def _note(self, damage: Damage, place: Path) -> None:
        """Write down for ever what was done to published snapshots."""
        line = {**damage.as_json(), "repaired": self._now.isoformat(), "origin": str(place)}
        noted = b""
        with suppress(OSError, ValueError):
            noted = self._manifests.read(REPAIRS_NAME)
        with self._manifests.written(REPAIRS_NAME) as write:
            write(noted + json.dumps(line).encode() + b"\n")


def _copy(place: Path, damage: Damage, made: Path) -> bool:
    """Copy the bytes of a path below a place, if they are those that are wanted; else nothing is made."""
    with ExitStack() as stack:
        try:
            tree = stack.enter_context(Tree(place))
            directory, name = stack.enter_context(tree.above(damage.path))
            reading_from = stack.enter_context(held(os.open(name, READING, dir_fd=directory)))
        except OSError:
            return False
        if not is_regular(reading_from):
            return False
        sha256 = new_hash()
        with open(os.open(made, _MAKING, 0o600), "wb") as file:
            while block := os.read(reading_from, _BLOCK):
                sha256.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
    if sha256.digest().hex() == damage.expected:
        return True
    made.unlink()
    return False


def _dress(made: Path, entry: Entry) -> None:
    """Give the attributes that the manifest knows."""
    said = entry.attributes
    if os.geteuid() == 0:
        os.chown(made, said.uid, said.gid)
    made.chmod(stat.S_IMODE(said.mode))
    os.utime(made, ns=(said.mtime_ns, said.mtime_ns))


def _replace(directory: int, name: str, made: Path) -> None:
    """Have the name be the file that was made, by a rename, and the directory be dated as it was."""
    beside = f".repair-{uuid.uuid4().hex}"
    with held(os.open(".", LISTING, dir_fd=directory)) as listed:
        before = os.fstat(listed)
        os.link(made, beside, dst_dir_fd=directory, follow_symlinks=False)
        os.rename(beside, name, src_dir_fd=directory, dst_dir_fd=directory)
        set_directory_attributes(listed, before)
        os.fsync(listed)
