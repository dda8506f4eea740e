"""The directory of manifests beside the snapshots of a series: what is written there, found again, and removed."""

import errno
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from efs_backup.copy_worker.hash_store import HashRecord, packed_records
from efs_backup.domain.snapshots.acts import Act
from efs_backup.domain.snapshots.file_changes import FileTally
from efs_backup.domain.snapshots.names import MANIFESTS_NAME, SnapshotName
from efs_backup.domain.snapshots.seal import ChangesFigures, ManifestFigures, Seal, digest, is_snapshot, read_seal
from efs_backup.domain.snapshots.tripwire import NightFigures
from efs_backup.engine.machine.regular_file import IN_PLACE, opened_regular
from efs_backup.engine.proof.changes_file import write_changes
from efs_backup.engine.proof.gathered import Base, Gathered
from efs_backup.engine.proof.index import Index, totals
from efs_backup.engine.proof.merge import Order, Output, changes, merge
from efs_backup.engine.trees.held import held

MANIFEST, INDEX, CHANGES, SEAL = ".mtree.gz", ".index", ".changes.gz", ".seal.json"
HASHES_NAME, DROPPED_NAME = "hashes", "dropped.json"
_ACT = "act-"
_UNFINISHED = ".new-"
_MOST_ACTS = 100
"""Files of acts that one seal reads: a limit to what somebody may have put there."""
_PRIVATE = 0o700
_NO_DIRECTORY = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
_READ_AT_ONCE = 2**20
_MOST_READ = 2**30
"""Bytes: an index of some ten million directories."""


@dataclass(frozen=True)
class Stored:
    """The proof written of one snapshot. night, tally: of its files; None where there was nothing to compare with."""

    manifest: ManifestFigures
    changes: ChangesFigures
    night: NightFigures | None = None
    tally: FileTally | None = field(default=None, compare=False)


class Manifests:
    """The manifests, files of changes and seals of the series whose directory this is. All raise OSError."""

    def __init__(self, series: Path) -> None:
        self.path = series / MANIFESTS_NAME

    def make(self) -> None:
        """Make the directory; what is in its place and is none is put aside."""
        if os.path.lexists(self.path) and not stat.S_ISDIR(os.lstat(self.path).st_mode):
            self.path.rename(self.path.with_name(f"set-aside-{os.urandom(16).hex()}"))
        self.path.mkdir(_PRIVATE, exist_ok=True)

    def file(self, name: SnapshotName | str, ending: str) -> Path:
        """Where a file about a snapshot lies."""
        return self.path / f"{name}{ending}"

    def names(self, ending: str) -> list[str]:
        """The snapshots that have such a file, the oldest first."""
        return _snapshots_with(ending, self._listed())

    def _listed(self) -> list[str]:
        try:
            with self._directory() as directory:
                return os.listdir(directory)
        except OSError as error:
            if error.errno in _NO_DIRECTORY:
                return []
            raise

    def _directory(self) -> AbstractContextManager[int]:
        """The directory itself, and nothing that a symlink in its place leads to."""
        return held(os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | IN_PLACE))

    def index(self, name: SnapshotName | str) -> Index:
        """The index of a manifest. Raises ValueError where it does not fit."""
        index = Index.unpacked(self.read(f"{name}{INDEX}"))
        if index.end != os.lstat(self.file(name, MANIFEST)).st_size:
            raise ValueError("the index is that of another manifest")
        return index

    def read(self, name: str) -> bytes:
        """A file as a whole. Raises ValueError of what is no regular file, or larger than any of ours."""
        with self.opened(name) as descriptor:
            size = os.fstat(descriptor).st_size
            if size > _MOST_READ:
                raise ValueError(f"{name!r} is larger than any of ours")
            return os.pread(descriptor, size, 0)

    @contextmanager
    def opened(self, name: str) -> Iterator[int]:
        """A regular file of this directory, and nothing else. Raises ValueError of that."""
        with self._directory() as directory, opened_regular(name, directory=directory) as descriptor:
            yield descriptor

    @contextmanager
    def written(self, name: str, *, is_durable: bool = True) -> Iterator[Callable[[bytes], object]]:
        """A file that is there as a whole at the end of the block, or not at all.

        is_durable: on the disk, too; else whoever calls flushes the file system before it counts on the file.
        """
        unfinished = f"{_UNFINISHED}{name}"
        with self._directory() as directory:
            try:
                with open(_made(unfinished, directory), "wb", buffering=_READ_AT_ONCE) as file:
                    yield file.write
                    file.flush()
                    if is_durable:
                        os.fsync(file.fileno())
                os.rename(unfinished, name, src_dir_fd=directory, dst_dir_fd=directory)
                if is_durable:
                    os.fsync(directory)
            except BaseException:
                with suppress(OSError):
                    os.unlink(unfinished, dir_fd=directory)
                raise

    def sha256(self, name: str) -> str:
        """The SHA-256 of a file, in hexadecimal digits. Raises ValueError of what is no regular file."""
        with self.opened(name) as descriptor:
            return _sha256_of(descriptor)

    @contextmanager
    def base(self, snapshots: Sequence[SnapshotName], note: Callable[[str], None]) -> Iterator[Base | None]:
        """The newest manifest that is as it was sealed, open; None where there is none.

        snapshots: those that are there, the newest first.
        """
        sealed = set(self.names(MANIFEST))
        for name in snapshots:
            if str(name) not in sealed:
                continue
            with ExitStack() as stack:
                try:
                    descriptor = stack.enter_context(self.opened(f"{name}{MANIFEST}"))
                    index = self._checked_index(name, descriptor)
                except (OSError, ValueError) as error:
                    note(f"The manifest of {name} is not used: {error}.")
                    continue
                yield Base(str(name), descriptor, index)
                return
        yield None

    def _checked_index(self, name: SnapshotName, manifest: int) -> Index:
        """The index of a manifest, open, that is the one that was sealed. Raises ValueError of another.

        What is read for that, and read once more for the next manifest by the same descriptor, comes from the cache
        then: a file that is opened anew may be fetched again.
        """
        index, seal = self.index(name), self.seal(name)
        if seal and seal.manifest and seal.manifest.sha256 != _sha256_of(manifest):
            raise ValueError("it is not the one that was sealed; `efs-backup audit` says more")
        return index

    def seal(self, name: SnapshotName | str) -> Seal | None:
        """The seal of a snapshot; None where it has none, or one that cannot be read."""
        try:
            return read_seal(self.read(f"{name}{SEAL}"))
        except (OSError, ValueError):
            return None

    def seals(self) -> dict[str, bytes]:
        """All seals as they are stored, the oldest first."""
        found = dict[str, bytes]()
        for name in self.names(SEAL):
            with suppress(OSError, ValueError):
                found[name] = self.read(f"{name}{SEAL}")
        return found

    def store(self, name: SnapshotName, gathered: Gathered, *, is_durable: bool = True) -> Stored:
        """Write the manifest and the changes of a snapshot that is to be published. Raises ValueError too.

        is_durable: as of `written`.
        """
        self.make()
        since = gathered.base.snapshot if gathered.base else None
        with self.written(f"{name}{MANIFEST}", is_durable=is_durable) as write:
            output = Output(write)
            order = Order(gathered)
            index = merge(gathered, order, str(name), output)
        with self.written(f"{name}{INDEX}", is_durable=is_durable) as write:
            write(index.packed())
        with self.written(f"{name}{CHANGES}", is_durable=is_durable) as write:
            written = Output(write)
            tally = FileTally() if gathered.base else None
            counts = write_changes(str(name), since, changes(gathered, order), written.add, tally)
        lines, files, size, unknown = totals(index)
        return Stored(
            ManifestFigures(output.sha256, output.length, lines, files, size, unknown),
            ChangesFigures(written.sha256, since, counts),
            tally.figures(sum(gathered.base.index.files)) if tally and gathered.base else None,
            tally,
        )

    def write_seal(self, seal: Seal) -> str:
        """Store a seal; its digest."""
        text = seal.text()
        with self.written(f"{seal.snapshot}{SEAL}") as write:
            write(text)
        return digest(text)

    def keep_hashes(self, records: Iterable[HashRecord]) -> int:
        """Leave what is known of files for the next backup; how many they are."""
        content = packed_records(records)
        self.make()
        with self.written(HASHES_NAME, is_durable=False) as write:
            write(content)
        return len(content)

    def forget(self, name: str) -> None:
        """Remove a file."""
        with suppress(FileNotFoundError), self._directory() as directory:
            os.unlink(name, dir_fd=directory)

    def dropped(self) -> list[str]:
        """The snapshots that the rules have dropped since the newest seal."""
        try:
            return [str(name) for name in json.loads(self.read(DROPPED_NAME))]
        except (OSError, ValueError, TypeError):
            return []

    def note_dropped(self, names: Iterable[SnapshotName]) -> None:
        """Note what the rules drop, before it goes: the next seal has it."""
        self.make()
        noted = sorted({*self.dropped(), *map(str, names)})
        with self.written(DROPPED_NAME, is_durable=False) as write:
            write(json.dumps(noted).encode())

    def note_there(self, names: Iterable[SnapshotName]) -> None:
        """Note that snapshots are there after all, which were noted as dropped."""
        noted, there = self.dropped(), {*map(str, names)}
        if there.intersection(noted):
            with self.written(DROPPED_NAME, is_durable=False) as write:
                write(json.dumps([name for name in noted if name not in there]).encode())

    def note_act(self, act: Act) -> None:
        """Note what the next seal has to tell; a file for each, so that nobody has to wait for a backup."""
        self.make()
        name = f"{_ACT}{act.at}-{os.urandom(8).hex()}.json"
        try:
            self._write_act(name, act)
        except FileNotFoundError:  # a prune has tidied at the same moment
            self._write_act(name, act)

    def _write_act(self, name: str, act: Act) -> None:
        with self.written(name) as write:
            write(act.to_text())

    def acts(self) -> dict[str, Act]:
        """Read the acts noted since the newest seal, by the names of files, the oldest first; odd ones are left."""
        found = dict[str, Act]()
        for name in sorted(name for name in self._listed() if name.startswith(_ACT))[:_MOST_ACTS]:
            with suppress(OSError, ValueError):
                found[name] = Act.of_json(json.loads(self.read(name)))
        return found

    def tidy(self, snapshots: Iterable[SnapshotName]) -> None:
        """Remove what belongs to no snapshot: manifests of those that are gone, and all that was never published.

        Changes and seals of what was pruned stay: they are the history of every path.
        """
        there, listed = {str(name) for name in snapshots}, self._listed()
        sealed = set(_snapshots_with(SEAL, listed))
        for ending in (MANIFEST, INDEX, CHANGES):
            for name in _snapshots_with(ending, listed):
                if name not in there and (ending != CHANGES or name not in sealed):
                    self.forget(f"{name}{ending}")
        for name in listed:
            if name.startswith(_UNFINISHED):
                self.forget(name)


def _sha256_of(descriptor: int) -> str:
    sha256 = hashlib.sha256()
    while block := os.read(descriptor, _READ_AT_ONCE):
        sha256.update(block)
    return sha256.hexdigest()


def _snapshots_with(ending: str, listed: Iterable[str]) -> list[str]:
    stems = (name.removesuffix(ending) for name in listed if name.endswith(ending))
    return sorted(stem for stem in stems if is_snapshot(stem))


def _made(name: str, directory: int) -> int:
    """A new file to write to; what another process has left of that name goes."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | IN_PLACE
    try:
        return os.open(name, flags, 0o600, dir_fd=directory)
    except FileExistsError:
        os.unlink(name, dir_fd=directory)
        return os.open(name, flags, 0o600, dir_fd=directory)
