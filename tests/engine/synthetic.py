"""A series of manifests and changes without a backup: as many nights as a test likes, in milliseconds."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import strategies as st

from efs_backup.copy_worker.attributes import Attributes
from efs_backup.copy_worker.blocks import Block, Entry, digest_of_block, packed, path_key
from efs_backup.copy_worker.mtree import escaped, line_of
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.engine.proof.changes_file import write_changes
from efs_backup.engine.proof.history import History
from efs_backup.engine.proof.index import Index, Row
from efs_backup.engine.proof.manifests import CHANGES, INDEX, MANIFEST, Manifests
from efs_backup.engine.proof.merge import head_of

START = datetime(2026, 11, 1, 2, tzinfo=UTC)
DIRECTORY = Attributes(0o40755, os.geteuid(), os.getegid(), 0)

Files = Mapping[bytes, int]
"""The version of each file, a number, by its raw path; its content, size and mtime follow from that."""


def size_of(version: int) -> int:
    """The bytes of a version."""
    return version * version


@dataclass
class Synthetic:
    """A series in a directory. nights: what each snapshot holds, by its name, those that are gone too."""

    path: Path
    nights: dict[str, Files] = field(default_factory=dict)
    kept: dict[SnapshotName, Path] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, path: Path, nights: Iterable[Files], data: st.DataObject) -> "Synthetic":
        """A series of these nights, of which any but the newest may have been pruned."""
        series = cls(path)
        for files in nights:
            series.night(files)
        *older, _ = sorted(series.nights)
        for name in data.draw(st.sets(st.sampled_from(older))) if older else ():
            series.prune(name)
        return series

    @property
    def manifests(self) -> Manifests:
        """Those of this series."""
        return Manifests(self.path)

    def history(self) -> History:
        """Its history, as a command opens it."""
        return History(self.path, self.kept, self.notes.append)

    def night(self, files: Files, *, is_proven: bool = True, base: str | None = None, begins_anew: bool = False) -> str:
        """A snapshot with these files; without a manifest it has no changes either.

        base: from which its changes begin, the newest one that has changes if not given.
        """
        name = SnapshotName.of(START + timedelta(days=len(self.nights)))
        self._make_tree(self.path / str(name), files)
        self.kept[name] = self.path / str(name)
        if is_proven:
            proven = max((one for one in self.nights if self.manifests.file(one, CHANGES).exists()), default=None)
            since = None if begins_anew else base or proven
            self.manifests.make()
            self._write_manifest(str(name), files)
            with self.manifests.written(f"{name}{CHANGES}") as write:
                write_changes(str(name), since, _changes(self.nights[since], files) if since else [], write)
        self.nights[str(name)] = files
        return str(name)

    def prune(self, name: str) -> None:
        """Let a snapshot go, with its manifest and index."""
        del self.kept[next(one for one in self.kept if str(one) == name)]
        for ending in (MANIFEST, INDEX):
            self.manifests.file(name, ending).unlink(missing_ok=True)

    def _make_tree(self, root: Path, files: Files) -> None:
        for path, version in files.items():
            place = root / path.decode()
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(bytes(size_of(version)))
            place.chmod(0o644)
            os.utime(place, (version, version))
        root.mkdir(parents=True, exist_ok=True)

    def _write_manifest(self, name: str, files: Files) -> None:
        index, directories = Index(len(head_of(name, None))), _directories(files)
        with self.manifests.written(f"{name}{MANIFEST}") as write:
            write(head_of(name, None))
            for path, names in sorted(directories.items()):
                block = Block(path)
                block.directory = DIRECTORY
                block.entries = [Entry(one, _attributes(names[one]), names[one], (1, 1)) for one in sorted(names)]
                block.digest = digest_of_block(block, (0o40755, 0, 0, 0))
                member = packed(block)
                write(member)
                index.append(Row(path_key(path), block.digest, len(member), block.counts()))
        index.finish(sorted(directories))
        with self.manifests.written(f"{name}{INDEX}") as write:
            write(index.packed())


def _directories(files: Files) -> dict[bytes, dict[bytes, int]]:
    found: dict[bytes, dict[bytes, int]] = defaultdict(dict)
    found[b""] = {}
    for path, version in files.items():
        above, _, name = path.rpartition(b"/")
        found[above][name] = version
        while above:
            above = above.rpartition(b"/")[0]
            found.setdefault(above, {})
    return found


def _attributes(version: int) -> Attributes:
    content = hashlib.sha256(b"%d" % version).digest()
    return Attributes(0o100644, os.geteuid(), os.getegid(), version * 10**9, size_of(version), sha256=content)


def _changes(before: Files, files: Files) -> list[bytes]:
    found = list[bytes]()
    old_directories, directories = _directories(before), _directories(files)
    for path in sorted({*old_directories, *directories}):
        if path not in old_directories or path not in directories:
            found.append(
                (b"- " if path in old_directories else b"+ ") + line_of(b"./" + escaped(path), DIRECTORY) + b"\n"
            )
    for path in sorted({*before, *files}):
        old, new = before.get(path), files.get(path)
        if old == new:
            continue
        if old and new:
            found += [b"~ " + _line(path, new), b"< " + _line(path, old)]
        else:
            found.append(b"+ " + _line(path, new) if new else b"- " + _line(path, old or 0))
    return found


def _line(path: bytes, version: int) -> bytes:
    return line_of(b"./" + escaped(path), _attributes(version)) + b" inode=%d\n" % version
