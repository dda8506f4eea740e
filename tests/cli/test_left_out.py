"""`efs-backup run` and what it leaves out: excludes, before anything is looked at, and as the dry run says."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.builders import account, write
from tests.support.cli import Cli, both_copiers
from tests.support.mounts import Mounts
from tests.support.nightly import mostly_nightly
from tests.support.simulator import Simulator


def _snapshot(cli: Cli, source: Path, backup: Path, *arguments: object) -> set[str]:
    """The paths of a new snapshot."""
    path = cli("run", source, backup, *arguments, "--json").json["path"]
    return {found.removeprefix("./") for found in account(Path(path))} - {"."}


@both_copiers
@pytest.mark.parametrize(
    ("pattern", "kept"),
    [
        ("**/x", {"a", "a/.b", "a/b", "a/b/y", "a/xy", "ax", "x.d", "x.d/y"}),
        ("a/**/y", {"a", "a/.b", "a/.b/x", "a/b", "a/x", "a/x/z", "a/xy", "ax", "x", "x.d", "x.d/y"}),
        ("x/", {"a", "a/.b", "a/.b/x", "a/b", "a/b/y", "a/xy", "ax", "x", "x.d", "x.d/y"}),
        ("a/**", {"a", "ax", "x", "x.d", "x.d/y"}),
        ("/x*", {"a", "a/.b", "a/.b/x", "a/b", "a/b/y", "a/x", "a/x/y", "a/x/z", "a/xy", "ax"}),
    ],
)
def test_excludes_mean_what_people_know_from_gitignore(cli: Cli, tmp_path: Path, pattern: str, kept: set[str]) -> None:
    """Any depth by `**`, directories by a slash at the end; all that is kept is whole, for each copier."""
    source, backup = tmp_path / "s", tmp_path / "b"
    backup.mkdir()
    for path in ("a/.b/x", "a/b/y", "a/x/y", "a/x/z", "a/xy", "ax", "x", "x.d/y"):
        write(source / path)
    for _ in range(2):
        assert _snapshot(cli, source, backup, "--exclude", pattern) == kept


@both_copiers
def test_names_that_are_no_text_are_left_out_and_kept_as_others(cli: Cli, tmp_path: Path, backup: Path) -> None:
    """Bytes that are no UTF-8, newlines, and what fpart's options could not hand on."""
    names = ["a\udcff", "b\udcff", "a|b", "new\nline", "c d", "-x"]
    for name in names:
        write(tmp_path / "s" / name)
    excludes = [word for name in ("a\udcff", "a|b", "new\nline", "-x") for word in (f"--exclude={name}",)]
    assert _snapshot(cli, tmp_path / "s", backup, *excludes) == {"b\udcff", "c d"}


@pytest.mark.root
@both_copiers
@pytest.mark.parametrize("pattern", mostly_nightly(["home/**/mine", "mine", "**/mine/", "home"]))
def test_what_is_excluded_is_not_looked_at(cli: Cli, source: Path, backup: Path, mounts: Mounts, pattern: str) -> None:
    """Another user's mount, at which root may not look, and a dead one, at which one hangs: not even the dry run."""
    with pytest.raises(PermissionError):
        os.stat(mounts.of_somebody(source / "home" / "mine"))
    assert _hangs(mounts.dead(source / "home" / "below" / "mine"))
    (source / "one").hardlink_to(write(source / "other"))
    for _ in range(2):
        assert not {path for path in _snapshot(cli, source, backup, "--exclude", pattern) if path.endswith("mine")}
    assert cli("run", source, backup, "--exclude", pattern, "--dry-run", "--json").json["notes"] == []


def _hangs(place: Path) -> bool:
    """Whether nobody answers who looks at it."""
    try:
        subprocess.run(["stat", place], check=False, timeout=0.5)
    except subprocess.TimeoutExpired:
        return True
    return False


@pytest.mark.root
@both_copiers
@pytest.mark.parametrize("more", [[], ["--dry-run"], ["--exclude", "other"]])
@pytest.mark.parametrize("path", ["mine", "home/mine"])
def test_what_cannot_be_looked_at_is_named(
    cli: Cli, source: Path, backup: Path, mounts: Mounts, path: str, more: list[str]
) -> None:
    """The entry itself, and not the directory that it lies in."""
    mounts.of_somebody(source / path)
    said = cli("run", source, backup, *more, code=1).stderr
    assert "cannot be read: " in said
    assert repr(path) in said
    assert not {"'home'", "'.'"}.intersection(re.findall(r"'[^']*'", said))
    assert cli("list", backup, code=5).stdout == ""


@pytest.mark.root
@both_copiers
def test_what_cannot_be_looked_at_is_tolerated_alone(cli: Cli, source: Path, backup: Path, mounts: Mounts) -> None:
    """All that lies beside it is in the backup, whatever comes first, and the dry run says the same."""
    for number in range(20):
        (source / "home" / f"link {number}").hardlink_to(write(source / "home" / f"file {number}"))
    before = _snapshot(cli, source, backup)
    mounts.of_somebody(source / "home" / "mine")
    planned = cli("run", source, backup, "--tolerate-unreadable", 1, "--dry-run", "--json").json
    ended = cli("run", source, backup, "--tolerate-unreadable", 1, "--json").json
    assert [warned["paths"] for warned in ended["warnings"]] == [["home/mine"]]
    assert "'home/mine" in str(planned["notes"])
    assert {found.removeprefix("./") for found in account(Path(ended["path"]))} - {"."} == before
    assert not any(planned["differences"].values())


@both_copiers
@pytest.mark.parametrize("pattern", mostly_nightly(["*.log", "**/2/", "logs", "logs/**", "logs/2/b"], 2))
def test_a_dry_run_shows_what_an_exclude_drops(cli: Cli, source: Path, backup: Path, pattern: str) -> None:
    """The same paths as a backup then drops, and nothing of what it keeps."""
    for path in ("a.log", "logs/1", "logs/2/b", "logs/2/c.log", "logs/3/2/d"):
        write(source / path)
    cli("run", source, backup)
    write(source / "logs" / "new" / "file")
    planned = cli("run", source, backup, "--exclude", pattern, "--dry-run", "--json").json
    cli("run", source, backup, "--exclude", pattern)
    done = cli("diff", backup, 1, 0, "--json").json
    assert planned["differences"] == {kind: len(done[kind]) for kind in ("added", "removed", "changed")}
    assert done["removed"]


@both_copiers
def test_a_dry_run_shows_what_comes_back_without_an_exclude(cli: Cli, source: Path, backup: Path) -> None:
    """The other way round."""
    for path in ("logs/1", "logs/2/b"):
        write(source / path)
    cli("run", source, backup, "--exclude", "logs/2")
    planned = cli("run", source, backup, "--exclude", "logs/1", "--dry-run", "--json").json
    cli("run", source, backup, "--exclude", "logs/1")
    done = cli("diff", backup, 1, 0, "--json").json
    assert (done["added"], done["removed"]) == (["logs/2", "logs/2/b"], ["logs/1"])
    assert planned["differences"] == {kind: len(done[kind]) for kind in ("added", "removed", "changed")}


@both_copiers
@pytest.mark.parametrize(
    ("excludes", "unmet"),
    [
        (["direcory*"], ["direcory*"]),
        (["link/", "Link", "*1"], ["link/", "Link"]),
        (["file 1", "**/directory 1/file 1"], []),
        (["*", "file 1"], ["file 1"]),
        ([], []),
    ],
)
def test_an_exclude_that_matches_nothing_is_said(
    cli: Cli, source: Path, backup: Path, excludes: list[str], unmet: list[str]
) -> None:
    """Each by its name, by the dry run too; it is no failure. One for directories does not match a symlink."""
    arguments = [source, backup, "--allow-empty", "--json", *(f"--exclude={pattern}" for pattern in excludes)]
    expected = [f"The exclude {pattern!r} matches nothing in the source." for pattern in unmet]
    assert cli("run", *arguments, "--dry-run").json["notes"] == expected
    done = cli("run", *arguments).json
    assert (done["status"], [note for note in done["notes"] if "exclude" in note]) == ("Success", expected)


def _bound(mounts: Mounts, source: Path, backup: Path) -> str:
    mounts.bind(backup, source / "b k")
    return "b k"


def _parent_bound(mounts: Mounts, source: Path, backup: Path) -> str:
    write(backup.parent / "kept")
    mounts.bind(backup.parent, source / "deep" / "parent")
    return "deep/parent/to"


def _label_bound(mounts: Mounts, source: Path, backup: Path) -> str:
    (backup / "efs-backup").mkdir()
    mounts.bind(backup / "efs-backup", source / "label")
    return "label"


def _inside_out(mounts: Mounts, source: Path, backup: Path) -> str:
    """BACKUP is a mount of a directory in the source."""
    (source / "deep" / "own").mkdir(parents=True)
    mounts.bind(source / "deep" / "own", backup)
    return "deep/own"


def _moved_over(mounts: Mounts, source: Path, backup: Path) -> str:
    """Where a mount would show BACKUP another file system is mounted, and BACKUP is shown once more beside it."""
    mounts.bind(backup.parent, source / "parent")
    write(mounts.memory(source / "parent" / "to") / "kept")
    mounts.bind(backup, source / "again")
    return "again"


@pytest.mark.root
@both_copiers
@pytest.mark.parametrize("mount", mostly_nightly([_bound, _inside_out, _parent_bound, _label_bound, _moved_over]))
def test_backup_is_left_out_where_it_is_mounted_inside_the_source(
    cli: Cli, source: Path, tmp_path: Path, mounts: Mounts, mount: Callable[[Mounts, Path, Path], str]
) -> None:
    """Else each snapshot would hold all older ones. It is said, by the dry run too, and is a warning."""
    backup = tmp_path / "around" / "to"
    backup.mkdir(parents=True)
    place = mount(mounts, source, backup)
    found = [path.relative_to(source) for path in source.rglob("*") if not path.is_relative_to(source / place)]
    said = f"BACKUP is mounted inside the source, and is left out there: {place!r}."
    for _ in range(3):
        assert said in str(cli("run", source, backup, "--dry-run", "--json").json["notes"])
        ended = cli("run", source, backup, "--json").json
        assert [warned["paths"] for warned in ended["warnings"]] == [[place]]
        assert set(account(Path(ended["path"]))) == {".", *(f"./{path}" for path in found)}


@pytest.mark.root
@both_copiers
def test_backup_is_left_out_where_its_server_is_mounted_a_second_time(
    cli: Cli, simulator: Simulator, tmp_path: Path
) -> None:
    """Under a device number of its own, so that the table of mounts knows nothing."""
    backup = simulator.mount("efs")
    write(tmp_path / "source" / "file")
    write(tmp_path / "source" / "served" / "to" / "look-alike")
    mounted_twice = tmp_path / "source" / "efs"
    mounted_twice.mkdir()
    simulator.mount_again("efs", mounted_twice)
    assert mounted_twice.stat().st_dev != backup.stat().st_dev
    for number in range(2):
        if number:
            assert "'efs'" in str(cli("run", tmp_path / "source", backup, "--dry-run", "--json").json["notes"])
        ended = cli("run", tmp_path / "source", backup, "--json").json
        assert [warned["paths"] for warned in ended["warnings"]] == [["efs"]]
        assert set(account(Path(ended["path"]))) == {".", "./file", "./served", "./served/to", "./served/to/look-alike"}


@pytest.mark.root
@pytest.mark.parametrize("below", ["", "efs-backup", "efs-backup/daily"])
def test_a_source_that_is_a_mount_of_something_in_backup_is_refused(
    cli: Cli, backup: Path, source: Path, tmp_path: Path, mounts: Mounts, below: str
) -> None:
    """A backup of it would back up what it writes; a restore into such a mount would change snapshots."""
    cli("run", source, backup)
    mounts.bind(backup / below, tmp_path / "mounted")
    assert "BACKUP" in cli("run", tmp_path / "mounted", backup, code=2).stderr
    assert "BACKUP" in cli("restore", backup, tmp_path / "mounted", code=2).stderr


@pytest.mark.root
@both_copiers
def test_of_other_file_systems_only_empty_directories_are_in_the_backup(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, mounts: Mounts
) -> None:
    """Bound ones too, which have no other device number; what is no directory, or root may not see, is not there."""
    write(mounts.memory(source / "memory") / "file")
    write(source / "memory" / "below" / "file")
    write(source / "shown" / "file")
    write(tmp_path / "elsewhere" / "deep" / "file")
    (source / "directory 0" / "again").mkdir()
    (source / "shown" / "point").touch()
    before = _snapshot(cli, source, backup)
    mounts.bind(source / "shown", source / "directory 0" / "again")
    mounts.bind(write(tmp_path / "other"), source / "shown" / "point")
    mounts.bind(tmp_path / "elsewhere", source / "bound place")
    mounts.memory(source / "bound place" / "deep")
    mounts.of_somebody(source / "mine")
    os.chmod(source / "memory", 0o750)
    planned = cli("run", source, backup, "--one-file-system", "--dry-run", "--json").json
    for _ in range(2):
        ended = cli("run", source, backup, "--one-file-system", "--json").json
        snapshot = account(Path(ended["path"]))
        gone = {"memory/file", "memory/below", "memory/below/file", "shown/point"}
        assert {path[2:] for path in snapshot if path != "."} == (before | {"bound place"}) - gone
        assert snapshot["./memory"].mode == 0o750
        assert [note for note in ended["notes"] if "Left out" in note] == planned["notes"]
    assert planned["notes"] == [
        "Left out by --one-file-system is the content of: 'bound place', 'directory 0/again', 'memory'.",
        "Left out by --one-file-system is altogether: 'mine', 'shown/point'.",
    ]
    done = cli("diff", backup, 2, 1, "--json").json
    assert planned["differences"] == {kind: len(done[kind]) for kind in ("added", "removed", "changed")}


@pytest.mark.root
@both_copiers
def test_a_source_that_is_a_mount_itself_is_one_file_system(
    cli: Cli, backup: Path, tmp_path: Path, mounts: Mounts
) -> None:
    """Only what is mounted below it is another one, whatever lies beside it."""
    source = mounts.memory(tmp_path / "disk")
    write(source / "a" / "file")
    write(mounts.memory(source / "a b") / "file")
    mounts.memory(tmp_path / "disk 2")
    assert _snapshot(cli, source, backup, "--one-file-system") == {"a", "a/file", "a b"}
    assert _snapshot(cli, source / "a", backup, "--one-file-system", "--label", "other") == {"file"}
