"""Files whose content changed and whose size and mtime did not: seen with --checksum, and by a restore by itself."""

import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from efs_backup.domain.snapshots.names import SnapshotName
from tests.support.builders import A_DAY_AGO_NS, Fact, account, small_tree, write
from tests.support.cli import Cli, both_copiers
from tests.support.nightly import mostly_nightly
from tests.support.proved import manifests_of
from tests.support.simulator import Simulator

SIZES = {"small": 1000, "middle": 500_000, "large": 17_000_000, "sparse": 200_000}


@pytest.fixture
def tree(source: Path) -> Path:
    """Files of every way to be copied."""
    for name, size in SIZES.items():
        _fill(source / "files" / name, b"a", size)
    return source


def _fill(path: Path, letter: bytes, size: int) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        if path.name == "sparse":
            file.seek(size // 2)
        file.write(letter * (size - file.tell()))
    os.utime(path, ns=(A_DAY_AGO_NS, A_DAY_AGO_NS))


def _damage(tree: Path) -> None:
    """Another content of the same size and time, in the same inode: only its ctime tells."""
    for name, size in SIZES.items():
        path = tree / "files" / name
        before = path.stat()
        with path.open("r+b") as file:
            file.seek(size - 1)
            file.write(b"b")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        after = path.stat()
        assert (after.st_ino, after.st_size, after.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns)


def _contents(tree: Path) -> dict[str, str]:
    return {path: fact.content for path, fact in account(tree).items() if path.startswith("./files/")}


def _below(root: Path) -> dict[str, Fact]:
    """All but the root's own attributes, which an overlay leaves alone."""
    return {path: fact for path, fact in account(root).items() if path != "."}


@both_copiers
def test_a_backup_sees_a_changed_content_by_its_ctime(cli: Cli, tree: Path, backup: Path) -> None:
    """A backup reads what has another ctime than the manifest says; an unchanged file is linked."""
    first = cli("run", tree, backup, "--json").json
    before = account(Path(first["path"]))
    _damage(tree)
    second = cli("run", tree, backup, "--json").json
    assert account(Path(second["path"])) == account(tree)
    assert second["transferred_files"] == len(SIZES)
    assert second["linked_files"] == second["files"] - len(SIZES)
    assert any("same size and mtime" in note for note in second["notes"])
    assert account(Path(first["path"])) == before


@both_copiers
def test_without_a_manifest_a_changed_content_is_seen_with_checksum_only(cli: Cli, tree: Path, backup: Path) -> None:
    """Without both the former content is linked, as with rsync; what is unchanged is linked in any case."""
    first = cli("run", tree, backup, "--json").json
    before = account(Path(first["path"]))
    _damage(tree)
    shutil.rmtree(manifests_of(Path(first["path"])).path)
    plain = cli("run", tree, backup, "--json").json
    assert _contents(Path(plain["path"])) == _contents(Path(first["path"]))
    assert plain["transferred_files"] == 0
    read = cli("run", tree, backup, "--json", "--checksum").json
    assert account(Path(read["path"])) == account(tree)
    assert read["transferred_files"] == len(SIZES)
    assert read["linked_files"] == read["files"] - len(SIZES)
    assert account(Path(first["path"])) == before


@pytest.fixture
def target(cli: Cli, tree: Path, backup: Path, tmp_path: Path) -> Path:
    """A restored tree of which some files are damaged afterwards, and others are newer."""
    cli("run", tree, backup)
    place = tmp_path / "target"
    cli("restore", backup, place)
    _damage(place)
    return place


@both_copiers
@pytest.mark.parametrize("mode", ["overlay", "mirror"])
def test_a_restore_brings_back_what_was_damaged(cli: Cli, tree: Path, backup: Path, target: Path, mode: str) -> None:
    """By itself, for what was touched since the snapshot; with --no-checksum as long as size and time differ only."""
    damaged = _contents(target)
    planned = cli("restore", backup, target, "--mode", mode, "--dry-run", "--json").json
    assert planned["replaced"] == len(SIZES)
    cli("restore", backup, target, "--mode", mode, "--no-checksum")
    assert _contents(target) == damaged
    result = cli("restore", backup, target, "--mode", mode, "--json").json
    assert _below(target) == _below(tree)
    assert result["replaced"] == len(SIZES)
    if mode == "mirror":
        assert _contents(Path(result["quarantine"])) == damaged


@both_copiers
@pytest.mark.parametrize("mode", mostly_nightly(["mirror", "overlay"]))
def test_what_was_damaged_before_the_newest_snapshot_is_brought_back(
    cli: Cli, tree: Path, backup: Path, target: Path, mode: str
) -> None:
    """The newest snapshot still has the content of the night in which it was copied first."""
    snapshot = next(backup.glob("efs-backup/daily/2*"))
    name = SnapshotName.parse(snapshot.name)
    assert name
    snapshot.rename(snapshot.with_name(str(SnapshotName(name.time + timedelta(hours=3)))))
    cli("restore", backup, target, "--mode", mode)
    assert _below(target) == _below(tree)


def test_one_damaged_file_is_brought_back(cli: Cli, tree: Path, backup: Path, target: Path) -> None:
    """Alone, in the directory of the target that is given; the others stay as they are."""
    damaged = _contents(target)
    cli("restore", backup, target / "files", "--path", "files/large")
    assert _contents(target) == {**damaged, "./files/large": _contents(tree)["./files/large"]}


@both_copiers
@pytest.mark.parametrize("mode", mostly_nightly(["overlay", "mirror"]))
def test_a_file_of_the_target_that_cannot_be_read_is_brought_back(
    cli: Cli, source: Path, backup: Path, simulator: Simulator, mode: str
) -> None:
    """A file that cannot be read is damaged too; the plan says so, and does not stop there."""
    cli("run", source, backup)
    place = simulator.mount("target") / "tree"
    cli("restore", backup, place)
    mount = simulator.mount("target", "fail_op=read", "fail_errno=EIO", "fail_path=directory 1/file 4")
    before = (place / "directory 1" / "file 4").stat().st_ino
    assert cli("restore", backup, place, "--mode", mode, "--dry-run", "--json").json["replaced"] == 1
    cli("restore", backup, place, "--mode", mode)
    assert simulator.counts(mount)["faults"]
    simulator.mount("target")
    assert _below(place) == _below(source)
    assert (place / "directory 1" / "file 4").stat().st_ino != before


def test_a_file_of_the_snapshot_that_cannot_be_read_is_named(
    cli: Cli, source: Path, simulator: Simulator, tmp_path: Path
) -> None:
    """And what the target has of it stays; whoever does not want it read may say so."""
    backup = simulator.mount("backup")
    cli("run", source, backup)
    target = small_tree(tmp_path / "target")
    write(target / "directory 1" / "file 4", "damaged 4")
    before = account(target)
    mount = simulator.mount("backup", "fail_op=read", "fail_errno=EIO", "fail_path=directory 1/file 4")
    ended = cli("restore", backup, target, code=1)
    assert simulator.counts(mount)["faults"]
    assert "directory 1/file 4" in ended.stderr
    assert account(target)["./directory 1/file 4"] == before["./directory 1/file 4"]
    cli("restore", backup, target, "--no-checksum")
    assert account(target)["./directory 1/file 4"] == before["./directory 1/file 4"]
