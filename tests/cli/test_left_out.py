"""`efs-backup run` and what it leaves out: excludes, before anything is looked at, and as the dry run says."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.builders import account, write
from tests.conftest import Cli, both_copiers
from tests.mounts import Mounts


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
@pytest.mark.parametrize("pattern", ["mine", "home/**/mine", "**/mine/", "home"])
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
    assert f"{path!r} in the source" in cli("run", source, backup, *more, code=1).stderr
    assert cli("list", backup, code=5).stdout == ""


@both_copiers
@pytest.mark.parametrize("pattern", ["*.log", "logs", "logs/**", "**/2/", "logs/2/b"])
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
