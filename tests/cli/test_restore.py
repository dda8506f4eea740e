"""`efs-backup restore`: what comes back, what is left alone, and how it can be undone."""

import json
import os
import signal
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from efs_backup.domain.copying.quarantine import JOURNAL_DIRECTORY
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.engine.series.quarantine import Quarantine
from efs_backup.engine.trees.tree import Tree
from tests.support.builders import account, many_parts, small_tree, write
from tests.support.cli import COMMAND, Cli, both_copiers
from tests.support.mounts import Mounts
from tests.support.nightly import mostly_nightly
from tests.support.processes import unmeasured
from tests.support.simulator import Simulator


@pytest.fixture
def snapshot(cli: Cli, source: Path, backup: Path) -> Path:
    """A snapshot of the source."""
    return Path(cli("run", source, backup, "--json").json["path"])


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A target with the source's files, some of them changed, and some of its own."""
    path = small_tree(tmp_path / "target")
    write(path / "directory 0" / "file 0", "changed", 1)
    (path / "directory 0" / "file 3").unlink()
    write(path / "own" / "deep" / "file")
    write(path / "directory 1" / "own")
    return path


def test_overlay_adds_and_overwrites_and_deletes_nothing(cli: Cli, snapshot: Path, target: Path, backup: Path) -> None:
    """Names of the snapshot are as in the snapshot; what only the target has is still there."""
    cli("restore", backup, target)
    restored = account(target)
    assert {
        path: fact for path, fact in restored.items() if "own" not in path and path not in {".", "./directory 1"}
    } == {path: fact for path, fact in account(snapshot).items() if path not in {".", "./directory 1"}}
    assert (target / "own" / "deep" / "file").read_text() == "text"
    assert (target / "directory 1" / "own").read_text() == "text"


def test_overlay_leaves_the_attributes_of_an_existing_target_alone(
    cli: Cli, snapshot: Path, backup: Path, target: Path
) -> None:
    """Who restores a private directory into /tmp does not want a private /tmp."""
    target.chmod(0o751)
    cli("restore", backup, target)
    assert target.stat().st_mode & 0o7777 == 0o751


def test_mirror_makes_the_target_equal(cli: Cli, snapshot: Path, target: Path, backup: Path) -> None:
    """Nothing more, nothing less, with all attributes."""
    cli("restore", backup, target, "--mode", "mirror")
    assert account(target) == account(snapshot)


def test_mirror_moves_what_it_replaces_or_deletes_to_a_quarantine(
    cli: Cli, snapshot: Path, target: Path, backup: Path
) -> None:
    """Beside the target, under the same paths, as it was; so that it can be undone."""
    before = account(target)
    result = cli("restore", backup, target, "--mode", "mirror", "--json").json
    quarantine = Path(result["quarantine"])
    assert quarantine.parent == target.parent
    assert quarantine.stat().st_mode & 0o777 == 0o700
    moved = {path: fact for path, fact in account(quarantine).items() if fact.content and JOURNAL_DIRECTORY not in path}
    assert moved.keys() == {"./directory 0/file 0", "./directory 1/own", "./own/deep/file"}
    assert all(moved[path] == before[path] for path in moved)
    assert str(quarantine) in result["next_step"]


def test_mirror_of_an_equal_target_moves_nothing(cli: Cli, snapshot: Path, target: Path, backup: Path) -> None:
    """No quarantine is made where nothing is replaced."""
    cli("restore", backup, target, "--mode", "mirror")
    assert cli("restore", backup, target, "--mode", "mirror", "--json").json["quarantine"] is None


def test_two_mirrors_in_one_second_have_a_quarantine_each(tmp_path: Path) -> None:
    """The quarantine of the first is not overwritten by the second."""
    write(tmp_path / "target" / "file", "first")
    name = SnapshotName.of(datetime(2026, 11, 22, 2, tzinfo=UTC))
    first, second = (Quarantine(tmp_path / "target", name) for _ in range(2))
    with Tree(tmp_path / "target") as target:
        first.take(target, "file")
        write(tmp_path / "target" / "file", "second")
        assert not second.exists
        second.take(target, "file")
    places = [first.path or tmp_path, second.path or tmp_path]
    assert [(place / "file").read_text() for place in places] == ["first", "second"]


def test_the_quarantine_of_a_mount_point_lies_inside(
    cli: Cli, snapshot: Path, backup: Path, simulator: Simulator
) -> None:
    """Beside would be another file system; a second mirror leaves the quarantine of the first alone... by name."""
    mount = simulator.mount("target")
    write(mount / "own")
    result = cli("restore", backup, mount, "--mode", "mirror", "--json").json
    assert Path(result["quarantine"]).parent == mount
    assert {path for path in account(mount) if "quarantine" not in path} == set(account(snapshot))


def test_new_refuses_a_target_that_is_not_empty(cli: Cli, snapshot: Path, target: Path, backup: Path) -> None:
    """Nothing is touched."""
    before = account(target)
    assert "is not empty" in cli("restore", backup, target, "--mode", "new", code=1).stderr
    assert account(target) == before


def test_new_makes_the_target(cli: Cli, snapshot: Path, tmp_path: Path, backup: Path) -> None:
    """With all its attributes."""
    cli("restore", backup, tmp_path / "a" / "new", "--mode", "new")
    assert account(tmp_path / "a" / "new") == account(snapshot)


@pytest.mark.parametrize("mode", ["overlay", "mirror", "new"])
def test_dry_run_touches_nothing(
    cli: Cli, snapshot: Path, target: Path, tmp_path: Path, backup: Path, mode: str
) -> None:
    """A dry run shows counts and the first paths of each kind."""
    place = tmp_path / "new" if mode == "new" else target
    before = [account(path) for path in (target, backup)]
    result = cli("restore", backup, place, "--mode", mode, "--dry-run", "--json").json
    assert [account(path) for path in (target, backup)] == before
    assert not (tmp_path / "new").exists()
    assert result["status"] == "Planned"
    if mode == "mirror":
        assert (result["created"], result["replaced"], result["deleted"]) == (1, 1, 4)
        assert result["first"] == {
            "created": ["directory 0/file 3"],
            "replaced": ["directory 0/file 0"],
            "deleted": ["directory 1/own", "own", "own/deep", "own/deep/file"],
        }
    assert "would be created" in cli("restore", backup, place, "--mode", mode, "--dry-run").stdout


def test_a_path_restores_the_content_of_that_directory(cli: Cli, snapshot: Path, tmp_path: Path, backup: Path) -> None:
    """Into the target itself, not into a directory of that name."""
    cli("restore", backup, tmp_path / "out", "--path", "/directory 0/")
    assert account(tmp_path / "out") == account(snapshot / "directory 0")


def test_a_path_may_be_a_single_file(cli: Cli, snapshot: Path, tmp_path: Path, backup: Path) -> None:
    """A file comes back under its own name; its neighbours do not."""
    write(tmp_path / "out" / "other")
    cli("restore", backup, tmp_path / "out", "--path", "directory 0/file 0", "--mode", "mirror")
    assert set(account(tmp_path / "out")) == {".", "./file 0", "./other"}
    assert account(tmp_path / "out")["./file 0"] == account(snapshot / "directory 0")["./file 0"]


def test_mirror_of_a_part_cannot_delete_the_rest(cli: Cli, snapshot: Path, target: Path, backup: Path) -> None:
    """Restored into the root by mistake, a sub directory's mirror moves the rest to the quarantine: nothing is gone."""
    before = account(target)
    result = cli("restore", backup, target, "--path", "directory 0", "--mode", "mirror", "--json").json
    moved = account(Path(result["quarantine"]))
    assert {path for path in before if path != "." and "empty" not in path} <= moved.keys() | account(target).keys()


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    mostly_nightly(
        [
            (("--number", "1"), 5, "no backup number 1"),
            (("--number", "-1"), 2, "counts from 0"),
            (("--snapshot", "20200101T000000Z"), 5, "no snapshot 20200101T000000Z"),
            (("--snapshot", "soon"), 2, "is no snapshot; one is"),
            (("--as-of", "2020-01-01"), 5, "No snapshot is as old"),
            (("--as-of", "soon"), 2, "is no time; one looks like"),
            (("--number", "0", "--as-of", "2030-01-01"), 2, "only one of"),
            (("--label", "other"), 5, "no daily snapshot"),
            (("--interval", "weekly"), 5, "no weekly snapshot"),
            (("--path", "nowhere"), 5, "no 'nowhere'"),
            (("--path", "link/x"), 5, "no directory"),
            (("--path", "../../.."), 2, "leads out"),
            (("--mode", "other"), 2, "is not one of"),
            (("--jobs", "0"), 2, "must be 1 to 64"),
        ],
        5,
    ),
)
def test_what_is_not_there_or_makes_no_sense_touches_nothing(
    cli: Cli, snapshot: Path, backup: Path, target: Path, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    """Each with its exit code and a sentence."""
    before = account(target)
    assert sentence in cli("restore", backup, target, *arguments, code=code).stderr
    assert account(target) == before


def test_a_backup_that_is_not_there_has_nothing_to_restore(cli: Cli, tmp_path: Path) -> None:
    """Exit code 5, and no target is made."""
    cli("restore", tmp_path / "nowhere", tmp_path / "target", code=5)
    assert not (tmp_path / "target").exists()


def test_as_of_picks_the_newest_snapshot_that_is_not_younger(
    cli: Cli, source: Path, backup: Path, tmp_path: Path
) -> None:
    """In whatever zone a time is said."""
    series = backup / "efs-backup" / "daily"
    for hour in (1, 3):
        write(source / "hour", str(hour), mtime_ns=hour)
        Path(cli("run", source, backup, "--json").json["path"]).rename(series / f"20261122T0{hour}0000Z")
    for time_text, hour in {
        "2026-11-22T03:00:00Z": 3,
        "2026-11-22 02:59:59 UTC": 1,
        "2026-11-22T04:30:00+02:00": 1,
        "2026-11-22T05:00:00+02:00": 3,
    }.items():
        cli("restore", backup, tmp_path / "out", "--as-of", time_text, "--path", "hour")
        assert (tmp_path / "out" / "hour").read_text() == str(hour)


def test_target_and_backup_must_be_apart(cli: Cli, snapshot: Path, backup: Path) -> None:
    """A restore must never write into a snapshot."""
    for target in (backup, snapshot, backup / "new", backup.parent):
        cli("restore", backup, target, code=2)


def test_a_full_directory_in_the_place_of_a_file_is_not_deleted_by_overlay(
    cli: Cli, snapshot: Path, backup: Path, target: Path
) -> None:
    """Overlay refuses, mirror moves it to the quarantine."""
    (target / "link").unlink()
    write(target / "link" / "important")
    before = account(target)
    assert "nothing was touched" in cli("restore", backup, target, code=1).stderr
    assert account(target) == before
    result = cli("restore", backup, target, "--mode", "mirror", "--json").json
    assert (Path(result["quarantine"]) / "link" / "important").read_text() == "text"
    assert account(target) == account(snapshot)


def test_a_symlink_in_the_place_of_a_directory_is_not_followed(
    cli: Cli, snapshot: Path, backup: Path, tmp_path: Path
) -> None:
    """A symlink in a directory's place is replaced; its target stays as it is."""
    outside = tmp_path / "outside"
    outside.mkdir()
    for mode in ("overlay", "mirror"):
        target = tmp_path / mode
        target.mkdir()
        (target / "directory 0").symlink_to(outside)
        cli("restore", backup, target, "--mode", mode)
        assert os.listdir(outside) == []
        assert not (target / "directory 0").is_symlink()


def test_the_snapshot_does_not_change(cli: Cli, snapshot: Path, backup: Path, target: Path) -> None:
    """Restored files are copies; a write to one does not reach the snapshot."""
    before = account(snapshot)
    for mode in ("overlay", "mirror"):
        cli("restore", backup, target, "--mode", mode)
        write(target / "directory 0" / "file 0", "written afterwards")
    assert account(snapshot) == before


@pytest.mark.long
def test_a_restore_can_be_stopped_and_gone_on_with(
    cli: Cli, source: Path, backup_on_efs: Path, tmp_path: Path, slow_rsync: None
) -> None:
    """SIGTERM ends it with exit code 3; the same command again completes it."""
    many_parts(source)
    cli.let_rsync_be_fast()
    snapshot = Path(cli("run", source, backup_on_efs, "--json").json["path"])
    cli.let_rsync_be_slow()
    running = cli.start("restore", backup_on_efs, tmp_path / "out", "--jobs", 1, "--json")
    while not list((tmp_path / "out").glob("*")):
        time.sleep(0.01)
    running.send_signal(signal.SIGTERM)
    stdout, _ = running.communicate()
    assert (running.returncode, json.loads(stdout)["status"]) == (3, "Incomplete")
    cli("restore", backup_on_efs, tmp_path / "out")
    assert account(tmp_path / "out").keys() == account(snapshot).keys()


def test_an_old_layout_can_be_restored_before_it_is_adopted(cli: Cli, backup: Path, tmp_path: Path) -> None:
    """Its directories are listed and restored as they are."""
    for number in range(2):
        write(backup / "efs-backup" / f"daily.{number}" / "file", str(number))
    rows = cli("list", backup, "--json").json["snapshots"]
    assert [row["number"] for row in rows] == [0, 1]
    cli("restore", backup, tmp_path / "out", "--number", 1)
    assert (tmp_path / "out" / "file").read_text() == "1"


def test_a_snapshot_that_cannot_be_read_fails_the_restore(
    cli: Cli, source: Path, tmp_path: Path, simulator: Simulator
) -> None:
    """A file that cannot be read is named, with exit code 1; a restore must never be silently short of files."""
    backup = simulator.mount("backup")
    cli("run", source, backup)
    simulator.mount("backup", "fail_op=read", "fail_errno=EIO", "fail_path=file 2")
    ended = cli("restore", backup, tmp_path / "out", code=1)
    assert "file 2" in ended.stderr
    simulator.mount("backup", "fail_op=readdir", "fail_errno=EIO", "fail_path=directory 1")
    cli("restore", backup, tmp_path / "out two", code=1)


@pytest.mark.long
def test_what_is_being_restored_is_not_pruned(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, slow_rsync: None
) -> None:
    """A backup at the same time keeps it and says so; `prune` waits for nobody and refuses; the next one prunes."""
    cli.let_rsync_be_fast()
    cli("run", source, backup, "--retain", 1)
    cli.let_rsync_take(6)
    running = cli.start("restore", backup, tmp_path / "out", "--json")
    while not list((tmp_path / "out").glob("*")):
        time.sleep(0.01)
    cli.let_rsync_be_fast()
    result = cli("run", source, backup, "--json").json
    assert any("somebody reads" in note for note in result["notes"])
    assert (
        "reads from this series: a restore"
        in cli("prune", backup, "--retain", 1, "--confirm", "--json", code=4).json["message"]
    )
    stdout, _ = running.communicate()
    assert json.loads(stdout)["status"] == "Success"
    assert len(cli("run", source, backup, "--json").json["dropped"]) == 2


@pytest.mark.root
def test_a_backup_that_cannot_be_read_is_named(cli: Cli, snapshot: Path, backup: Path, tmp_path: Path) -> None:
    """Without a traceback: a user who is not root."""
    for directory in (tmp_path, *tmp_path.parents):
        directory.chmod(directory.stat().st_mode | 0o055)
    line = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", str(COMMAND), "list", str(backup)]
    done = subprocess.run(line, capture_output=True, text=True, env=unmeasured(), check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Permission denied" in done.stderr
    assert "Traceback" not in done.stderr


@both_copiers
def test_several_paths_are_restored_as_each_by_itself(cli: Cli, source: Path, backup: Path, tmp_path: Path) -> None:
    """Directories' contents and single files, into one target, by one plan; what it has else stays, its mode too."""
    write(source / "deep" / "er" / "one")
    (source / "deep" / "two").hardlink_to(source / "deep" / "er" / "one")
    (source / "directory 0").chmod(0o700)
    cli("run", source, backup)
    paths = ("directory 0", "/deep/", "directory 1/file 1", "link")
    arguments = [word for path in paths for word in ("--path", path)]
    alone, together = tmp_path / "alone", tmp_path / "together"
    for target in (alone, together):
        write(target / "own")
        write(target / "file 0", "older")
        target.chmod(0o751)
    for path in paths:
        cli("restore", backup, alone, "--path", path)
    planned = cli("restore", backup, together, *arguments, "--dry-run", "--json").json
    assert not (together / "er").exists()
    done = cli("restore", backup, together, *arguments, "--json").json
    assert (done["created"], done["replaced"], done["left_alone"]) == (8, 1, planned["left_alone"])
    assert [planned[kind] for kind in ("created", "replaced")] == [8, 1]
    assert {path: fact for path, fact in account(together).items() if path != "."} == {
        path: fact for path, fact in account(alone).items() if path != "."
    }
    assert together.stat().st_mode & 0o7777 == 0o751


@pytest.mark.parametrize(
    "paths",
    [("directory 0", "directory 0/file 0"), ("directory 1", "directory 1"), ("a/same", "b/same"), ("a", "b/same")],
)
def test_two_paths_with_the_same_name_in_the_target_are_refused(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, paths: tuple[str, str]
) -> None:
    """Which of both would be there afterwards, nobody could tell; nothing is touched, and the name is told."""
    write(source / "a" / "same")
    write(source / "b" / "same")
    cli("run", source, backup)
    target = tmp_path / "target"
    ended = cli("restore", backup, target, "--path", paths[0], "--path", paths[1], code=2)
    assert all(repr(path) in ended.stderr for path in paths)
    assert "nothing was touched" in ended.stderr
    assert not target.exists()


def test_one_of_several_paths_that_is_not_there_is_told_before_anything_is_touched(
    cli: Cli, snapshot: Path, backup: Path, tmp_path: Path
) -> None:
    """Also the last."""
    arguments = ("--path", "directory 0", "--path", "typo")
    assert "'typo'" in cli("restore", backup, tmp_path / "target", *arguments, code=5).stderr
    assert not (tmp_path / "target").exists()


def test_a_mirror_of_several_paths_is_refused(cli: Cli, snapshot: Path, backup: Path, target: Path) -> None:
    """Each would delete what only the others have."""
    before = account(target)
    arguments = ("--path", "directory 0", "--path", "directory 1", "--mode", "mirror")
    assert "mirror" in cli("restore", backup, target, *arguments, code=2).stderr
    assert account(target) == before


def test_several_paths_make_a_new_target(cli: Cli, snapshot: Path, backup: Path, tmp_path: Path) -> None:
    """With --mode new too, which looks whether it is empty before the first."""
    arguments = ("--path", "directory 0", "--path", "directory 1", "--mode", "new")
    cli("restore", backup, tmp_path / "new", *arguments)
    assert len(os.listdir(tmp_path / "new")) == 8
    assert "is not empty" in cli("restore", backup, tmp_path / "new", *arguments, code=1).stderr


@pytest.mark.root
@both_copiers
@pytest.mark.parametrize("mode", ["new", "overlay", "mirror"])
def test_a_new_file_system_with_its_lost_and_found_is_a_new_target(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, mounts: Mounts, mode: str
) -> None:
    """The directory lost+found stays where it is, in a mirror too, and stands in no quarantine."""
    cli("run", source, backup)
    disk = mounts.memory(tmp_path / "disk")
    (disk / "lost+found").mkdir(mode=0o700)
    inode = (disk / "lost+found").stat().st_ino
    result = cli("restore", backup, disk, "--mode", mode, "--json").json
    assert (disk / "lost+found").stat().st_ino == inode
    assert result["quarantine"] is None
    assert {path for path in account(disk) if "lost+found" not in path} == set(account(source))


@pytest.mark.root
@pytest.mark.parametrize("what", ["plain directory", "found", "file", "beside"])
def test_only_an_empty_lost_and_found_of_a_file_systems_root_is_no_matter(
    cli: Cli, snapshot: Path, backup: Path, tmp_path: Path, mounts: Mounts, what: str
) -> None:
    """Files that a check of the disk has found there are somebody's; the sentence says what is accepted."""
    disk = tmp_path / "disk" if what == "plain directory" else mounts.memory(tmp_path / "disk")
    if what == "file":
        write(disk / "lost+found")
    else:
        (disk / "lost+found").mkdir(parents=True)
    if what in {"found", "beside"}:
        write(disk / ("lost+found/#12" if what == "found" else "other"))
    before = account(disk)
    assert "an empty lost+found" in cli("restore", backup, disk, "--mode", "new", code=1).stderr
    assert account(disk) == before
