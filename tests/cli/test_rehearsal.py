"""`efs-backup drill`: a restore is rehearsed, held against the manifest, measured, and leaves nothing behind."""

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from efs_backup.engine.series.lock import Owner, locked
from tests.support.builders import account, write
from tests.support.cli import Cli
from tests.support.mounts import mounted_tmpfs
from tests.support.unprivileged import ended_as_nobody

FILES = 13
"""In a small tree, with its symlink."""


@pytest.fixture
def snapshot(cli: Cli, source: Path, backup: Path) -> Path:
    """A snapshot of the source."""
    return Path(cli("run", source, backup, "--json").json["path"])


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A place for drills, which is not there yet."""
    return tmp_path / "scratch"


def corrupt(path: Path) -> None:
    """Rewrite a published file in place; its size and mtime stay."""
    found = path.stat()
    with open(path, "r+b") as file:
        file.write(b"X")
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def test_a_drill_of_a_good_snapshot_passes(
    cli: Cli, snapshot: Path, backup: Path, scratch: Path, tmp_path: Path
) -> None:
    """A drill restores what it has drawn, compares all, says what that means, and leaves evidence and nothing else."""
    before = account(snapshot)
    said = cli("drill", backup, "--scratch", scratch, "--evidence", tmp_path / "evidence", "--json").json
    assert (said["status"], said["equal"], said["different"], said["missing"]) == ("Passed", FILES, [], [])
    assert (said["snapshot"], said["without_hash"]) == (snapshot.name, 0)
    assert "Every file of the snapshot was compared" in said["confidence"]["message"]
    assert said["restore"]["files_per_second"] > 0
    assert said["whole_tree"]["files"] == FILES
    assert said["whole_tree"]["estimated_seconds"] >= 0
    written, page = (Path(path) for path in said["evidence"])
    assert json.loads(written.read_text())["seed"] == said["seed"]
    assert "Passed" in page.read_text()
    assert not scratch.exists()
    assert account(snapshot) == before


def test_a_file_that_was_rewritten_in_place_is_found_and_named(
    cli: Cli, snapshot: Path, backup: Path, scratch: Path, tmp_path: Path
) -> None:
    """Its size and mtime tell nothing; its SHA-256 does. The exit code is that of a difference."""
    corrupt(snapshot / "directory 1" / "file 4")
    ended = cli("drill", backup, "--scratch", scratch, "--evidence", tmp_path / "evidence", "--json", code=6)
    (found,) = ended.json["different"]
    assert (found["path"], found["aspects"], found["where"]) == ("directory 1/file 4", ["content"], "snapshot")
    assert (ended.json["status"], ended.json["equal"], ended.json["missing"]) == ("Different", FILES - 1, [])
    assert "efs-backup verify" in ended.json["next_step"]
    assert "directory 1/file 4" in ended.stderr
    assert "directory 1/file 4" in Path(ended.json["evidence"][1]).read_text()
    assert not scratch.exists()


def test_a_file_that_is_gone_is_missing(cli: Cli, snapshot: Path, backup: Path, scratch: Path) -> None:
    """A whole directory too; all else is compared."""
    (snapshot / "link").unlink()
    shutil.rmtree(snapshot / "directory 2")
    said = cli("drill", backup, "--scratch", scratch, "--json", code=6).json
    gone = {"link", *(f"directory 2/file {number}" for number in (2, 5, 8, 11))}
    assert {one["path"] for one in said["missing"]} == gone
    assert {one["where"] for one in said["missing"]} == {"snapshot"}
    assert (said["missing_files"], said["equal"]) == (5, FILES - 5)


def test_other_attributes_are_a_difference(cli: Cli, snapshot: Path, backup: Path, scratch: Path) -> None:
    """Mode, mtime and a symlink's text are sealed too."""
    (snapshot / "directory 0" / "file 0").chmod(0o600)
    os.utime(snapshot / "directory 0" / "file 3", ns=(1, 1))
    (snapshot / "link").unlink()
    (snapshot / "link").symlink_to("directory 0/file X")
    said = cli("drill", backup, "--scratch", scratch, "--json", code=6).json
    assert {one["path"]: one["aspects"] for one in said["different"]} == {
        "directory 0/file 0": ["mode"], "directory 0/file 3": ["mtime"], "link": ["content"],
    }  # fmt: skip


def test_a_scratch_directory_that_is_not_empty_is_refused(
    cli: Cli, snapshot: Path, backup: Path, scratch: Path
) -> None:
    """Whatever lies there may be somebody's: nothing is touched."""
    write(scratch / "somebody's")
    before = account(scratch)
    ended = cli("drill", backup, "--scratch", scratch, code=1)
    assert "is not empty" in ended.stderr
    assert account(scratch) == before


@pytest.mark.root
def test_too_little_room_is_refused_before_anything_is_restored(
    cli: Cli, source: Path, backup: Path, scratch: Path
) -> None:
    """The sentence says how much was chosen, and how to choose less."""
    write(source / "large", "x" * 3_000_000)
    cli("run", source, backup)
    with mounted_tmpfs(scratch, "size=1m"):
        ended = cli("drill", backup, "--scratch", scratch, code=1)
        assert "has room for" in ended.stderr
        assert "--bytes" in ended.stderr
        assert not list(scratch.iterdir())
        assert cli("drill", backup, "--scratch", scratch, "--bytes", "200k", "--json").json["chosen"]["too_large"] == {
            "files": 1, "bytes": 3_000_000,
        }  # fmt: skip


@pytest.mark.root
def test_a_scratch_directory_that_fills_up_fails_the_drill(
    cli: Cli, snapshot: Path, backup: Path, scratch: Path, tmp_path: Path
) -> None:
    """A full scratch directory is no verdict about the snapshot; what was restored so far is removed."""
    with mounted_tmpfs(scratch, "size=4m,nr_inodes=10"):
        ended = cli("drill", backup, "--scratch", scratch, "--evidence", tmp_path / "evidence", "--json", code=1)
        assert not list(scratch.iterdir())
    assert (ended.json["status"], ended.json["different"], ended.json["missing"]) == ("Failed", [], [])
    assert "is full" in ended.json["message"]
    assert "--files" in ended.json["next_step"]
    assert "Not carried out" in Path(ended.json["evidence"][1]).read_text()


def test_a_drill_that_is_stopped_leaves_nothing(
    cli: Cli, snapshot: Path, backup: Path, scratch: Path, tmp_path: Path
) -> None:
    """In the middle of a restore: what it has made goes, no evidence is written, and the exit code says so."""
    slow = ("-v", "--max-operations-per-second", "20")
    running = cli.start("drill", backup, "--scratch", scratch, "--evidence", tmp_path / "evidence", "--json", *slow)
    assert running.stderr
    for line in running.stderr:
        if b"restore small files" in line:
            break
    assert list(scratch.glob("restored-*"))
    running.send_signal(signal.SIGTERM)
    out, _ = running.communicate(timeout=60)
    assert running.returncode == 3
    assert json.loads(out)["status"] == "Incomplete"
    assert not scratch.exists()
    assert not list((tmp_path / "evidence").iterdir())


def test_a_drill_does_not_run_beside_a_backup_of_its_label(
    cli: Cli, snapshot: Path, backup: Path, source: Path, scratch: Path
) -> None:
    """Of whatever series: the exit code says that it is locked. The lock of who died is none."""
    cli("run", source, backup, "--interval", "weekly")
    owner = Owner("somebody", "elsewhere", 1, "just now", "")
    with locked(backup / "efs-backup" / "weekly", owner):
        ended = cli("drill", backup, "--scratch", scratch, code=4)
    assert "somebody on elsewhere" in ended.stderr
    assert not scratch.exists()
    (backup / "efs-backup" / "weekly" / ".lock").write_text(json.dumps(owner.__dict__))
    cli("drill", backup, "--scratch", scratch)


def test_hostile_names_are_rehearsed_and_shown(
    cli: Cli, source: Path, backup: Path, scratch: Path, tmp_path: Path
) -> None:
    """Line breaks, bytes that are no UTF-8, markup, FIFOs, hard links and holes: none of it means anything."""
    names = [b"line\nbreak", b"no utf-8 \xff\xfe", b"<script>alert(1)", b"a\\040b #*?[", b"\xe2\x80\xaeturned"]
    for name in names:
        (source / os.fsdecode(name)).write_bytes(name)
    os.mkfifo(source / "fifo")
    os.link(source / "link", source / "second link", follow_symlinks=False)
    os.link(source / "directory 0" / "file 0", source / "second name")
    with open(source / "sparse", "wb") as file:
        file.truncate(3_000_000)
    snapshot = Path(cli("run", source, backup, "--json").json["path"])
    evidence = ("--evidence", tmp_path / "evidence", "--json")
    said = cli("drill", backup, "--scratch", scratch, *evidence).json
    assert (said["status"], said["equal"]) == ("Passed", FILES + len(names) + 4)
    for name in names:
        corrupt(snapshot / os.fsdecode(name))
    ended = cli("drill", backup, "--scratch", scratch, *evidence, code=6)
    assert ended.json["differing_files"] == len(names)
    page = Path(ended.json["evidence"][1]).read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert r"line\nbreak" in page
    assert "\u202e" not in page


def test_what_is_pinned_is_restored_each_time(cli: Cli, snapshot: Path, backup: Path, scratch: Path) -> None:
    """By an option or by the label's file: files, and directories with all in them, and their own attributes."""
    (backup / "efs-backup" / "drill.txt").write_text("# each time\n\n/directory 2/\n")
    (snapshot / "directory 2").chmod(0o700)
    arguments = ("drill", backup, "--scratch", scratch, "--files", 0, "--path", "directory 0/file 3", "--json")
    said = cli(*arguments, code=6).json
    assert said["chosen"]["pinned"] == ["directory 0/file 3", "directory 2"]
    assert [one["path"] for one in said["different"]] == ["directory 2"]
    assert (said["equal"], said["chosen"]["random"]) == (5, 0)
    (snapshot / "directory 2").chmod(0o755)
    everything = cli("drill", backup, "--scratch", scratch, "--files", 0, "--path", "/", "--json").json
    assert everything["groups"]["pinned"]["equal"] == FILES


def test_a_pinned_path_must_be_in_the_newest_snapshot(
    cli: Cli, snapshot: Path, source: Path, backup: Path, scratch: Path
) -> None:
    """An older one may be from before there was such a thing: that is noted."""
    write(source / "later")
    cli("run", source, backup)
    arguments = ("drill", backup, "--scratch", scratch, "--path", "later", "--json")
    assert cli(*arguments).json["status"] == "Passed"
    older = cli(*arguments, "--snapshot", snapshot.name).json
    assert (older["status"], older["snapshot"], len(older["notes"])) == ("Passed", snapshot.name, 1)
    newest = cli("drill", backup, "--scratch", scratch, "--path", "mistyped", "--json", code=6).json
    assert [(one["path"], one["group"]) for one in newest["missing"]] == [("mistyped", "pinned")]


def test_a_file_of_pins_that_is_none_pins_nothing(cli: Cli, snapshot: Path, backup: Path, scratch: Path) -> None:
    """A FIFO in its place lets nobody wait; it is noted."""
    os.mkfifo(backup / "efs-backup" / "drill.txt")
    (note,) = cli("drill", backup, "--scratch", scratch, "--json").json["notes"]
    assert "drill.txt" in note


def test_the_same_snapshot_on_the_same_day_is_drawn_alike(
    cli: Cli, source: Path, backup: Path, scratch: Path, tmp_path: Path
) -> None:
    """By its seal and the day, and by nobody's choice; both classes are drawn, and whole directories for the speed."""
    for number in range(40):
        write(source / f"more {number % 4}" / f"small {number}", str(number))
        write(source / f"more {number % 4}" / f"large {number}", "x" * 300_000)
    cli("run", source, backup)
    said = [_evidence(cli, backup, scratch, tmp_path / str(turn)) for turn in range(2)]
    days = {one["day"] for one in said}
    if len(days) == 1:
        assert said[0]["drawn"] == said[1]["drawn"]
    assert {name: len(files) for name, files in said[0]["drawn"].items()} == {"small": 12, "large": 8}
    assert said[0]["groups"]["speed"]["files"] == 20
    assert 0.1 < said[0]["confidence"]["bad_share_below"] < 0.4
    assert said[0]["restore"]["bytes_per_second"] > 0


def _evidence(cli: Cli, backup: Path, scratch: Path, place: Path) -> Any:
    said = cli("drill", backup, "--scratch", scratch, "--files", 20, "--evidence", place, "--json").json
    return json.loads(Path(said["evidence"][0]).read_text())


def test_a_random_snapshot_is_one_of_those_that_are_proved(
    cli: Cli, snapshot: Path, source: Path, backup: Path, scratch: Path
) -> None:
    """The others cannot be rehearsed."""
    newer = cli("run", source, backup, "--json").json["path"]
    _file_of(Path(newer), "seal.json").unlink()
    said = cli("drill", backup, "--scratch", scratch, "--random-snapshot", "--json").json
    assert said["snapshot"] == snapshot.name


def test_without_a_manifest_as_it_was_sealed_nothing_is_restored(
    cli: Cli, snapshot: Path, backup: Path, scratch: Path
) -> None:
    """Where something is missing the sentence says how to make it; where something was edited, that it was."""
    for ending in ("mtree.gz", "seal.json", "index"):
        content = (file := _file_of(snapshot, ending)).read_bytes()
        file.unlink()
        assert "manifest BACKUP --make" in cli("drill", backup, "--scratch", scratch, code=5).stderr
        file.write_bytes(content)
    for ending in ("mtree.gz", "seal.json"):
        content = (file := _file_of(snapshot, ending)).read_bytes()
        file.write_bytes(content[:100] + b"\0\0\0" + content[103:])
        assert "audit" in cli("drill", backup, "--scratch", scratch, code=6).stderr
        file.write_bytes(content)
    assert not scratch.exists()
    said = cli("drill", backup, "--scratch", scratch).stdout
    for word in ("Passed", "small files a second", "restore of everything", "Every file of the snapshot was compared"):
        assert word in said


def test_a_snapshot_that_is_not_there_is_refused(cli: Cli, backup: Path, scratch: Path) -> None:
    """And a series, and a size that nobody can read."""
    cli("drill", backup, "--scratch", scratch, code=5)
    cli("drill", backup, "--scratch", scratch, "--bytes", "many", code=2)
    assert not scratch.exists()


def _file_of(snapshot: Path, ending: str) -> Path:
    return snapshot.parent / ".manifests" / f"{snapshot.name}.{ending}"


def test_what_was_restored_can_be_kept(cli: Cli, snapshot: Path, backup: Path, scratch: Path) -> None:
    """The next drill works beside it, and leaves it alone."""
    cli("drill", backup, "--scratch", scratch, "--keep", "--path", "directory 1")
    (kept,) = scratch.glob("restored-*")
    assert (kept / "pinned" / "directory 1" / "file 4").read_text() == "content 4"
    cli("drill", backup, "--scratch", scratch)
    assert [*scratch.glob("restored-*")] == [kept]


def test_no_place_is_another(cli: Cli, snapshot: Path, backup: Path, scratch: Path) -> None:
    """The scratch directory is neither in BACKUP, nor a place for evidence."""
    cli("drill", backup, "--scratch", backup / "scratch", code=2)
    cli("drill", backup, "--scratch", scratch, "--evidence", scratch / "evidence", code=2)
    assert not (backup / "scratch").exists()
    assert not scratch.exists()


@pytest.mark.root
@pytest.mark.long
def test_a_user_without_root_rights_rehearses_what_is_theirs(
    cli: Cli, source: Path, backup: Path, tmp_path: Path
) -> None:
    """Owners are not compared, which is noted. One file that they cannot read is missing, and no other."""
    for path in (source, *source.rglob("*"), backup):
        os.chown(path, 65534, 65534, follow_symlinks=False)
    ended_as_nobody(cli, tmp_path, "run", source, backup)
    (place := tmp_path / "scratch").mkdir(0o777)
    os.chown(place, 65534, 65534)
    ended = ended_as_nobody(cli, tmp_path, "drill", backup, "--scratch", place, "--json")
    assert (ended.code, ended.json["status"], ended.json["equal"]) == (0, "Passed", FILES)
    assert any("Owners" in note for note in ended.json["notes"])
    file = backup / "efs-backup" / "daily.0" / "directory 0" / "file 3"
    os.chown(file, 0, 0)
    file.chmod(0o600)
    ended = ended_as_nobody(cli, tmp_path, "drill", backup, "--scratch", place, "--json")
    assert (ended.code, ended.json["equal"]) == (6, FILES - 1)
    assert [one["path"] for one in ended.json["missing"]] == ["directory 0/file 3"]
    assert "cannot be read" in ended.json["failure"]
    assert not list(place.iterdir())
