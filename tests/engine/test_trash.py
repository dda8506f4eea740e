"""Pruning: nothing outside of BACKUP is ever deleted, and nothing stops what can be deleted from going."""

import os
import shlex
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from efs_backup.domain.snapshots.deletion import Deletion, Undeleted
from efs_backup.engine.trees.delete import delete_content
from efs_backup.engine.trees.tree import Tree
from tests.support.builders import account, small_tree, write
from tests.support.cli import Cli
from tests.support.namespaces import bind, run_with_mounts, tmpfs
from tests.support.nightly import mostly_nightly
from tests.support.simulator import Simulator

OLD = "20200101T000000Z"


@pytest.fixture
def decoy(tmp_path: Path) -> Path:
    """A tree outside of BACKUP."""
    return small_tree(tmp_path / "decoy")


@pytest.fixture
def series(cli: Cli, source: Path, backup: Path) -> Path:
    """A series with one snapshot, which keeps no more than one."""
    cli("run", source, backup, "--retain", 1)
    return backup / "efs-backup" / "daily"


def _again(cli: Cli, source: Path, backup: Path, command: str) -> Any:
    if command == "run":
        return cli("run", source, backup, "--json", "--retain", 1).json
    return cli("prune", backup, "--json", "--retain", 1, "--confirm").json


def _symlink(path: Path, decoy: Path) -> None:
    path.symlink_to(decoy, target_is_directory=True)


def _file(path: Path, _decoy: Path) -> None:
    write(path)


def _socket(path: Path, _decoy: Path) -> None:
    there = os.getcwd()
    os.chdir(path.parent)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(there)


def _fifo(path: Path, _decoy: Path) -> None:
    os.mkfifo(path)


FOREIGN = [_symlink, _file, _socket, _fifo]


@pytest.mark.parametrize("command", ["run", "prune"])
@pytest.mark.parametrize("make", mostly_nightly(FOREIGN, 2))
def test_what_is_no_directory_is_no_snapshot_and_is_left_alone(
    cli: Cli, source: Path, backup: Path, series: Path, decoy: Path, make: Callable[[Path, Path], None], command: str
) -> None:
    """Whatever its name: not listed, not pruned through, still there, and what a symlink leads to too."""
    names = (OLD, f".partial-{OLD}", "99991231T235959Z", "notes", ".partial-x")
    for name in names:
        make(series / name, decoy)
    before = account(decoy)
    for _ in range(2):
        _again(cli, source, backup, command)
    assert all(os.path.lexists(series / name) for name in names)
    assert account(decoy) == before
    assert len(cli("list", backup, "--json").json["snapshots"]) == 1


def test_what_is_foreign_in_a_series_is_said_in_one_note(
    cli: Cli, source: Path, backup: Path, series: Path, decoy: Path
) -> None:
    """With the first names and how many there are."""
    for number, make in enumerate(FOREIGN):
        make(series / f"foreign {number}", decoy)
    (series / "a directory").mkdir()
    notes = cli("run", source, backup, "--json").json["notes"]
    assert len([note for note in notes if "left alone" in note and "5 entries" in note]) == 1
    assert "'a directory', 'foreign 0', 'foreign 1' and 2 more" in " ".join(notes)


@pytest.mark.parametrize("command", ["run", "prune"])
@pytest.mark.parametrize("make", mostly_nightly(FOREIGN, 2))
def test_what_is_no_directory_in_the_trash_goes_itself(
    cli: Cli, source: Path, backup: Path, series: Path, decoy: Path, make: Callable[[Path, Path], None], command: str
) -> None:
    """The symlink, not what it leads to; also further down."""
    (series / ".trash" / "old" / "below").mkdir(parents=True)
    make(series / ".trash" / "foreign", decoy)
    make(series / ".trash" / "old" / "below" / "foreign", decoy)
    before = account(decoy)
    _again(cli, source, backup, command)
    assert os.listdir(series / ".trash") == []
    assert account(decoy) == before


@pytest.mark.parametrize("command", mostly_nightly(["run", "prune"]))
@pytest.mark.parametrize("make", [_symlink, _file])
def test_what_is_in_the_place_of_the_trash_is_put_aside(
    cli: Cli, source: Path, backup: Path, series: Path, decoy: Path, make: Callable[[Path, Path], None], command: str
) -> None:
    """Pruning goes on in a trash of its own, night after night."""
    (series / ".trash").rmdir()
    make(series / ".trash", decoy)
    before = account(decoy)
    (series / OLD).mkdir()
    for _ in range(2):
        _again(cli, source, backup, command)
    assert account(decoy) == before
    assert not (series / OLD).exists()
    assert os.listdir(series / ".trash") == []
    assert len([*series.glob("set-aside-*")]) == 1


@pytest.mark.parametrize("depth", ["label", "series"])
@pytest.mark.parametrize("command", ["run", "prune"])
def test_a_series_that_is_a_symlink_is_refused(
    cli: Cli, source: Path, backup: Path, series: Path, tmp_path: Path, depth: str, command: str
) -> None:
    """With what to do; what it leads to is as it was."""
    (series / OLD).mkdir()
    moved = series if depth == "series" else series.parent
    moved.rename(tmp_path / "moved")
    moved.symlink_to(tmp_path / "moved", target_is_directory=True)
    before = account(tmp_path / "moved")
    arguments = (
        ("run", source, backup, "--retain", 1) if command == "run" else ("prune", backup, "--retain", 1, "--confirm")
    )
    refused = cli(*arguments, code=1)
    assert "is a symlink" in refused.stdout + refused.stderr
    assert account(tmp_path / "moved") == before


def _everything_is_there(place: Path) -> bool:
    return {path.removeprefix("./") for path in account(place)} >= {"directory 0/file 0", "link", "empty directory"}


@pytest.mark.root
@pytest.mark.parametrize("command", mostly_nightly(["run", "prune"]))
@pytest.mark.parametrize("place", mostly_nightly(["directory 0", "directory 0/file 0", "", "empty directory"]))
def test_a_mount_in_a_dropped_snapshot_keeps_that_snapshot(
    cli: Cli, source: Path, backup: Path, series: Path, decoy: Path, place: str, command: str
) -> None:
    """Also a bind mount, of a file too; the others go, and it is said what is mounted and how to let it go."""
    for name in (OLD, "20200102T000000Z"):
        small_tree(series / name)
    before = account(decoy)
    where = series / OLD / place
    what = decoy / "directory 0" / "file 0" if where.is_file() else decoy
    line = cli.line(
        *(("run", source, backup) if command == "run" else ("prune", backup)), "--retain", 1, "--confirm", "--json"
    )
    result = run_with_mounts(cli, [bind(what, where)], [os.fsdecode(word) for word in line]).json
    assert account(decoy) == before
    assert _everything_is_there(series / OLD)
    assert not (series / "20200102T000000Z").exists()
    assert os.listdir(series / ".trash") == []
    said = str(result["warnings"])
    assert str(where) in said
    assert "umount" in said
    assert OLD not in result["dropped"]
    cli(*(("run", source, backup) if command == "run" else ("prune", backup)), "--retain", 1, "--confirm")
    assert not (series / OLD).exists()


@pytest.mark.root
@pytest.mark.parametrize(
    "place", mostly_nightly([".trash/old/directory 0", f".partial-{OLD}", ".trash", ".trash/old", ".unfinished"], 2)
)
@pytest.mark.parametrize("kind", mostly_nightly(["bind", "tmpfs"]))
def test_a_mount_in_the_trash_or_on_a_partial_is_not_entered(
    cli: Cli, source: Path, backup: Path, series: Path, decoy: Path, place: str, kind: str
) -> None:
    """Everything else goes, and the backup is a success that says it."""
    small_tree(series / ".trash" / "old")
    small_tree(series / ".trash" / "other")
    (series / place).mkdir(exist_ok=True)
    before = account(decoy)
    mount = bind(decoy, series / place) if kind == "bind" else tmpfs(series / place)
    line = [os.fsdecode(word) for word in cli.line("run", source, backup, "--json")]
    look = f"{shlex.join(line)}; ls {shlex.quote(str(series / place))} >&2"
    ended = run_with_mounts(cli, [mount], ["sh", "-c", look])
    assert account(decoy) == before
    assert ended.stderr.endswith("gold\n" if kind == "tmpfs" else "\n".join([*sorted(os.listdir(decoy)), ""]))
    assert ended.json["status"] == "Success"
    assert place == ".unfinished" or str(series / place) in str(ended.json["warnings"])
    if place != ".trash":
        assert not (series / ".trash" / "other").exists()


@pytest.mark.root
@pytest.mark.parametrize("opener", ["at once", "name by name"])
@pytest.mark.parametrize("kind", ["bind", "tmpfs"])
def test_a_deletion_goes_around_a_mount_point(cli: Cli, tmp_path: Path, decoy: Path, opener: str, kind: str) -> None:
    """By the kernel's own refusal, and where it has none by the numbers of the mounts; one device serves both sides."""
    small_tree(tmp_path / "place" / "tree")
    mounted = tmp_path / "place" / "tree" / "directory 1"
    before = account(decoy)
    mount = bind(decoy, mounted) if kind == "bind" else tmpfs(mounted)
    name_by_name = "beneath._openat2 = lambda: None" if opener == "name by name" else ""
    script = f"""
from pathlib import Path
from efs_backup.copy_worker import beneath
from efs_backup.engine.trees import delete
{name_by_name}
deletion = delete.delete_content(Path({str(tmp_path)!r}), "place")
print(deletion.undeleted, [found.path for found in deletion.first], str(deletion))
print(sorted(path.name for path in Path({str(mounted)!r}).iterdir()))
"""
    said = run_with_mounts(cli, [mount], [sys.executable, "-c", script]).stdout
    assert account(decoy) == before
    assert f"1 ['{mounted}']" in said
    assert f"umount '{mounted}'" in said
    assert ("'gold'" if kind == "tmpfs" else "'directory 0'") in said
    left = {path.name for path in (tmp_path / "place").rglob("*")}
    assert left == {"tree", "directory 1", "file 1", "file 4", "file 7", "file 10"}  # what the mount point hides


@pytest.mark.parametrize("swapped", ["tree", "tree/a", "tree/a/b"])
@pytest.mark.parametrize("opener", ["at once", "name by name"])
def test_a_directory_that_becomes_a_symlink_while_it_is_deleted_leads_nowhere(
    tmp_path: Path, decoy: Path, swapped: str, opener: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The directory is swapped when the walk has found it and not yet opened it."""
    place = tmp_path / "place"
    write(place / "tree" / "a" / "b" / "directory 0" / "file 0")
    write(decoy / "a" / "b" / "directory 0" / "file 0")
    before = account(decoy)
    if opener == "name by name":
        monkeypatch.setattr("efs_backup.copy_worker.beneath._openat2", lambda: None)
    hit: list[str] = []
    original = delete_content.__globals__["_first_entries"]

    def swapping(descriptor: int, stuck: set[str]) -> Any:
        found = original(descriptor, stuck)
        if swapped.rpartition("/")[2] in found[1] and not hit:
            (place / swapped).rename(tmp_path / "moved")
            (place / swapped).symlink_to(decoy, target_is_directory=True)
            hit.append(swapped)
        return found

    monkeypatch.setattr("efs_backup.engine.trees.delete._first_entries", swapping)
    deletion = delete_content(tmp_path, "place")
    assert hit
    assert account(decoy) == before
    assert deletion.undeleted >= 1
    assert delete_content(tmp_path, "place").is_whole
    assert account(decoy) == before


@pytest.mark.parametrize("refused", mostly_nightly(["EPERM", "EBUSY", "EIO"]))
@pytest.mark.parametrize("operation", ["unlink", "rmdir"])
def test_what_cannot_be_deleted_does_not_stop_the_rest(
    cli: Cli, source: Path, simulator: Simulator, refused: str, operation: str
) -> None:
    """The backup is a success that says what stays and why; when the cause is mended it goes too."""
    backup = simulator.mount("efs")
    cli("run", source, backup)
    trash = backup / "efs-backup" / "daily" / ".trash"
    for number in range(3):
        small_tree(trash / f"tree {number}")
    stuck = "file 4" if operation == "unlink" else "empty directory"
    path = "tree 1/" + ("directory 1/file 4" if operation == "unlink" else stuck)
    simulator.mount("efs", f"fail_op={operation}", f"fail_errno={refused}", f"fail_path={path}")
    result = cli("run", source, backup, "--json").json
    assert simulator.counts(backup)["faults"] >= 1
    assert result["status"] == "Success"
    assert stuck in str(result["warnings"])
    left = {path.relative_to(trash).as_posix() for path in trash.rglob("*")}
    assert left == ({"tree 1", "tree 1/directory 1", "tree 1/directory 1/file 4"} if stuck == "file 4" else
                    {"tree 1", "tree 1/empty directory"})  # fmt: skip
    simulator.mount("efs")
    assert cli("run", source, backup, "--json").json["warnings"] == []
    assert os.listdir(trash) == []


@pytest.mark.parametrize(
    ("refused", "word"),
    [((1, "no"), "chattr -i -a /b/f /b"), ((16, "busy"), "umount /b/f"), ((18, "x"), "umount /b/f")],
)
def test_a_deletion_says_what_to_do(refused: tuple[int, str], word: str) -> None:
    """By the error; and how much else there is."""
    said = str(Deletion(first=(Undeleted("/b/f", *refused),), undeleted=7))
    assert f"`{word}`" in said
    assert "and 6 more" in said
    assert str(Deletion()) == ""


@pytest.mark.parametrize("operation", mostly_nightly(["mkdir", "rename", "symlink"]))
def test_a_full_disk_is_pruned_all_the_same(cli: Cli, source: Path, simulator: Simulator, operation: str) -> None:
    """Neither a trash that cannot be made, nor a name that does not fit into it, nor a number's link stops it."""
    backup = simulator.mount("efs")
    cli("run", source, backup)
    series = backup / "efs-backup" / "daily"
    for name in (OLD, "20200102T000000Z", "20200103T000000Z"):
        small_tree(series / name)
    if operation == "mkdir":
        (series / ".trash").rmdir()
    else:
        small_tree(series / ".trash" / "older")
    (series.parent / "daily.0").unlink()
    count = () if operation == "symlink" else ("fail_count=1",)
    simulator.mount("efs", f"fail_op={operation}", "fail_errno=ENOSPC", *count)
    result = cli("prune", backup, "--retain", 1, "--confirm", "--json").json
    assert simulator.counts(backup)["faults"] >= 1
    assert len(result["dropped"]) == 3
    assert result["deleted"]
    assert len([path for path in series.iterdir() if path.name[0] == "2"]) == 1
    assert not (series / ".trash").exists() or os.listdir(series / ".trash") == []


def test_a_very_deep_tree_is_deleted(place_for_depth: Path) -> None:
    """Not by going down into ourselves."""
    with Tree(place_for_depth) as tree:
        tree.make_directories("/".join(["trash", *["d"] * 1500]))
        tree.make_directories("/".join(["trash", *["n" * 200] * 40]))
    assert delete_content(place_for_depth, "trash").is_whole
    assert os.listdir(place_for_depth / "trash") == []
