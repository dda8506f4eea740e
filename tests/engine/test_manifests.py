"""The files beside the snapshots, and what a crash at each step of their writing leaves."""

import os
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from efs_backup.copy_worker.attributes import attributes_of
from efs_backup.copy_worker.blocks import Block, Entry, digest_of_block, packed, path_key
from efs_backup.copy_worker.hashing import new_hash
from efs_backup.copy_worker.receipts import BlockProof
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.seal import audit
from efs_backup.engine.proof.auditing import gather_evidence
from efs_backup.engine.proof.gathered import Gathered
from efs_backup.engine.proof.index import Index, Row, runs
from efs_backup.engine.proof.manifests import Manifests
from efs_backup.engine.proof.sealing import Sealer
from tests.engine.crashes import each_crash
from tests.support.builders import write
from tests.support.proved import assert_proved

NOW = datetime(2026, 11, 26, 2, tzinfo=UTC)
FACTS = (0o755, 0, 0, 1, 1)


def _proof(tree: Path, path: str) -> BlockProof:
    """The proof of a directory as it is."""
    block, place = Block(os.fsencode(path)), tree / path
    block.directory = attributes_of(place.lstat())
    for name in sorted(os.listdir(place)):
        found = (place / name).lstat()
        if not (place / name).is_dir():
            attributes = attributes_of(found, b"", new_hash((place / name).read_bytes()).digest())
            block.entries.append(Entry(os.fsencode(name), attributes, found.st_ino, (found.st_ino, found.st_ctime_ns)))
    block.digest = digest_of_block(block, FACTS)
    return BlockProof(0, 1, packed(block), block.digest, block.counts())


class Nights:
    """A series by hand: a tree becomes a partial, its manifest is written, it is published and sealed."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.series = place / "daily"
        self.series.mkdir(parents=True)
        self.manifests = Manifests(self.series)
        self.sealer = Sealer(self.manifests, "label", "daily", lambda: NOW)

    @property
    def snapshots(self) -> list[SnapshotName]:
        """Those that are there, the newest first."""
        return sorted(filter(None, (SnapshotName.parse(name) for name in os.listdir(self.series))), reverse=True)

    def prepare(self, number: int) -> Path:
        """A partial in which a directory is as it was, and one is new."""
        partial = self.series / f".partial-{number}"
        write(partial / "same/file")
        write(partial / f"night {number}/file", f"night {number}")
        return partial

    def make(self, number: int) -> None:
        """One night."""
        name = SnapshotName.of(NOW + timedelta(days=number))
        partial = self.series / f".partial-{number}"
        notes = list[str]()
        with (
            self.manifests.base(self.snapshots, notes.append) as base,
            closing(Gathered(base, self.place / "spool")) as gathered,
        ):
            for path in ("", "same", f"night {number}"):
                gathered.before(path)
                gathered.take(path, FACTS, [_proof(partial, path).packed()])
                gathered.settle(path, FACTS)
            stored = self.manifests.store(name, gathered)
        partial.rename(self.series / str(name))
        self.sealer.seal(name, stored, self.snapshots)
        assert notes == []

    def mend(self) -> None:
        """Do what the next backup does before anything else, and what a prune does."""
        self.sealer.seal_late(self.snapshots, lambda _note: None)
        self.manifests.tidy(self.snapshots)


def test_whatever_a_crash_leaves_the_next_night_mends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every published snapshot has its manifest and its seal, nothing else is left, and the chain is whole."""
    nights = dict[int, Nights]()

    def begin(case: int) -> Callable[[], object]:
        made = nights[case] = Nights(tmp_path / str(case))
        for number in (0, 1):
            made.prepare(number)
        made.make(0)
        return lambda: made.make(1)

    crashes = 0
    for case in each_crash(monkeypatch, begin):
        crashes += 1
        made = nights[case]
        made.mend()
        if len(made.snapshots) == 1:
            made.make(1)
        assert audit(gather_evidence(made.manifests, made.snapshots)) == []
        assert len(made.manifests.seals()) == len(made.snapshots) == 2
        for name in made.snapshots:
            assert_proved(made.series / str(name))
        assert len(os.listdir(made.manifests.path)) == 8, "four files for each"
    assert crashes >= 5


def test_a_manifest_in_the_making_is_never_taken_for_one(tmp_path: Path) -> None:
    """A file that was not renamed has another name, and goes."""
    made = Nights(tmp_path)
    made.prepare(0)
    made.make(0)
    with suppress(ZeroDivisionError), made.manifests.written("x.mtree.gz") as add:
        add(b"half")
        raise ZeroDivisionError
    assert sorted(os.listdir(made.manifests.path)) == sorted(
        f"20261126T020000Z{ending}" for ending in (".mtree.gz", ".index", ".changes.gz", ".seal.json")
    )


@pytest.fixture
def index() -> Index:
    """Blocks of three directories, one of which has two."""
    made = Index(10)
    for key, parts in ((b"", 1), (b"a", 2), (b"a", 2), (b"b", 1)):
        made.append(Row(path_key(key), len(made) + 100, 7 + len(made), (1, 2, 3, 4), parts))
    made.finish([b"", b"a", b"a", b"b"])
    return made


def test_an_index_is_read_back_as_it_was(index: Index) -> None:
    """Where each block lies, and which ones a directory has."""
    read = Index.unpacked(index.packed())
    assert [read.start_of(number) for number in range(4)] == [10, 17, 25, 34]
    assert read.end == 44
    assert read.paths() == [b"", b"a", b"a", b"b"]
    assert [[*read.positions(path)] for path in (b"", b"a", b"b", b"c")] == [[0], [1, 2], [3], []]


def test_a_torn_index_is_refused(index: Index) -> None:
    """One wrong bit, a missing end, or anything else."""
    content = index.packed()
    for torn in (b"", content[:-1], content[:40] + b"x" + content[41:], b"x" * 100):
        with pytest.raises(ValueError, match=r"torn|no index"):
            Index.unpacked(torn)


def test_blocks_are_taken_over_with_their_figures(index: Index) -> None:
    """At another place in the file."""
    other = Index(1000)
    other.extend(index, 1, 3)
    assert [other.start_of(number) for number in range(2)] == [1000, 1008]
    assert [*other.digests] == [101, 102]
    assert Index().end == 0


@pytest.mark.parametrize(
    ("seen", "expected"),
    [([], []), ([0, 0], []), ([1], [(0, 1)]), ([1, 1, 0, 1], [(0, 2), (3, 4)]), ([0, 1, 1], [(1, 3)])],
)
def test_runs_of_what_is_as_it_was(seen: list[int], expected: list[tuple[int, int]]) -> None:
    """Each is copied at once."""
    assert [*runs(bytearray(seen))] == expected
