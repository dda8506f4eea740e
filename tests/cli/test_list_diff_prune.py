"""`efs-backup list`, `diff` and `prune`."""

import base64
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.builders import account, write
from tests.support.cli import Cli
from tests.support.nightly import mostly_nightly
from tests.support.unprivileged import NOBODY, ended_as_nobody


def test_list_shows_the_newest_first(cli: Cli, source: Path, backup: Path) -> None:
    """Name, number, time and path of each snapshot."""
    names = [cli("run", source, backup, "--json").json["snapshot"] for _ in range(3)]
    rows = cli("list", backup, "--json").json["snapshots"]
    assert [row["snapshot"] for row in rows] == names[::-1]
    assert [row["number"] for row in rows] == [0, 1, 2]
    assert datetime.fromisoformat(rows[0]["time"]) == datetime.strptime(names[2], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert account(Path(rows[0]["path"])) == account(source)
    table = cli("list", backup).stdout.splitlines()
    assert table[0].split() == [
        "SNAPSHOT", "NUMBER", "AGE", "FILES", "SIZE", "NEW", "FREES", "LABEL", "KEPT", "BY", "PATH",
    ]  # fmt: skip
    assert names[2] in table[1]
    assert "daily.0" in table[1]


def test_list_of_nothing_says_so(cli: Cli, source: Path, backup: Path) -> None:
    """Exit code 5; programs get the reason."""
    assert "no snapshot" in cli("list", backup, "--json", code=5).json["message"]
    cli("run", source, backup)
    assert cli("list", backup, "--label", "other", code=5).stderr
    assert cli("list", backup, "--interval", "weekly", code=5).stderr
    assert cli("list", backup, "--label", "../x", code=2).stderr


def test_list_ignores_what_is_no_snapshot(cli: Cli, source: Path, backup: Path) -> None:
    """Partials, trash, locks and what somebody else put there are never listed."""
    cli("run", source, backup)
    series = backup / "efs-backup" / "daily"
    for name in (".partial-20200101T000000Z", ".trash/20200101T000000Z", "20201301T000000Z", "notes", "20200101"):
        (series / name).mkdir()
    write(backup / "efs-backup" / "daily.txt")
    assert len(cli("list", backup, "--json").json["snapshots"]) == 1


def test_diff_tells_added_removed_and_changed(cli: Cli, source: Path, backup: Path) -> None:
    """For what changed it says whether it is the content or the attributes."""
    cli("run", source, backup)
    here = source / "directory 0"
    write(here / "file 0", "CONTENT 0", mtime_ns=1)
    (here / "file 3").chmod(0o600)
    os.utime(here / "file 6", ns=(1, 1))
    (here / "file 9").unlink()
    write(source / "new" / "file")
    (source / "link").unlink()
    (source / "link").mkdir()
    cli("run", source, backup)
    found = cli("diff", backup, 1, 0, "--json").json
    assert found["added"] == ["new", "new/file"]
    assert found["removed"] == ["directory 0/file 9"]
    assert {change["path"]: change["what"] for change in found["changed"]} == {
        "directory 0/file 0": ["content"],
        "directory 0/file 3": ["attributes"],
        "directory 0/file 6": ["attributes"],
        "link": ["type"],
    }
    lines = cli("diff", backup, 1, 0).stdout.splitlines()
    assert "M directory 0/file 3 (attributes)" in lines
    assert "+ new/" in lines
    assert lines[-1].endswith("2 added, 1 removed, 4 changed")


def test_diff_takes_names_and_numbers(cli: Cli, source: Path, backup: Path) -> None:
    """Also in the wrong order, and of one snapshot with itself."""
    names = [cli("run", source, backup, "--json").json["snapshot"] for _ in range(2)]
    for old, new in ((names[0], names[1]), (1, 0), ("daily.1", names[1]), (0, 0)):
        found = cli("diff", backup, old, new, "--json").json
        assert (found["added"], found["removed"], found["changed"]) == ([], [], [])
    cli("diff", backup, 0, 7, code=5)
    cli("diff", backup, 0, "x", code=2)
    cli("diff", backup, 0, 0, "--label", "other", code=5)


def test_diff_finds_content_that_changed_behind_equal_size_and_time(cli: Cli, source: Path, backup: Path) -> None:
    """Two files that are not one inode are compared byte by byte."""
    cli("run", source, backup)
    second = Path(cli("run", source, backup, "--json").json["path"])
    victim = second / "directory 0" / "file 0"
    found = victim.stat()
    victim.unlink()
    write(victim, "tampered!", found.st_mtime_ns)
    assert cli("diff", backup, 1, 0, "--json").json["changed"] == [{"path": "directory 0/file 0", "what": ["content"]}]


def test_diff_shows_odd_names_on_one_line(cli: Cli, source: Path, backup: Path) -> None:
    """On a terminal nothing of a name is interpreted; JSON is valid for every reader, and keeps every byte."""
    cli("run", source, backup)
    name = "[bold]a\nb\x1b[31m\udcff"
    write(source / name)
    cli("run", source, backup)
    (added,) = cli("diff", backup, 1, 0, "--json").json["added"]
    assert added["path"] == "[bold]a\nb\x1b[31m\\xff"
    assert os.fsdecode(base64.b64decode(added["path_bytes"])) == name
    assert cli("diff", backup, 1, 0).stdout.splitlines()[0] == "+ [bold]a\\nb\\x1b[31m\\xff"


def test_prune_deletes_the_oldest(cli: Cli, source: Path, backup: Path) -> None:
    """The newest stay as they are, and the numbered links follow."""
    names = [cli("run", source, backup, "--json").json["snapshot"] for _ in range(3)]
    newest = backup / "efs-backup" / "daily" / names[2]
    before = account(newest)
    plan = cli("prune", backup, "--retain", 1, "--dry-run", "--json").json
    assert (list(plan["kept"]), plan["dropped"]) == ([names[2]], [names[1], names[0]])
    assert len(cli("list", backup, "--json").json["snapshots"]) == 3
    assert cli("prune", backup, "--retain", 1, "--confirm", "--json").json["dropped"] == [names[1], names[0]]
    assert sorted(os.listdir(backup / "efs-backup")) == [".series.lock", "daily", "daily.0", "series.json"]
    assert sorted(os.listdir(backup / "efs-backup" / "daily")) == [
        ".lock", ".manifests", ".readers", ".records", ".trash", names[2],
    ]  # fmt: skip
    assert account(newest) == before


def test_prune_empties_the_trash_of_a_stopped_one(cli: Cli, source: Path, backup: Path) -> None:
    """Trash that a backup had no time to delete is deleted, directories without any right too."""
    cli("run", source, backup)
    old = backup / "efs-backup" / "daily" / ".trash" / "20200101T000000Z"
    write(old / "directory" / "file")
    (old / "directory").chmod(0)
    cli("prune", backup, "--retain", 1)
    assert not old.exists()


@pytest.mark.parametrize("arguments", [("--retain", "0"), ("--retain", "171"), ("--save",)])
def test_prune_needs_a_sensible_retention(cli: Cli, source: Path, backup: Path, arguments: tuple[str, ...]) -> None:
    """Never all snapshots."""
    cli("run", source, backup)
    cli("prune", backup, *arguments, code=2)
    assert len(cli("list", backup, "--json").json["snapshots"]) == 1


def test_prune_of_nothing_says_so(cli: Cli, backup: Path) -> None:
    """Exit code 5, and nothing is made."""
    cli("prune", backup, "--retain", 1, code=5)
    assert os.listdir(backup) == []


@pytest.mark.root
@pytest.mark.parametrize("command", ["list", "history"])
@pytest.mark.parametrize("closed", mostly_nightly(["other/daily", "lost+found", "other"]))
def test_what_cannot_be_entered_is_said_beside_what_can(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, command: str, closed: str
) -> None:
    """A disk's own directory, or another's label or series; standard output holds all the rest."""
    cli("run", source, backup)
    if closed.startswith("other"):
        cli("run", source, backup, "--label", "other")
        (backup / "other").chmod(0o755 if "/" in closed else 0o700)
    (backup / closed).mkdir(mode=0o700, exist_ok=True)
    for path in (backup / "efs-backup", *(backup / "efs-backup").rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    shown = ended_as_nobody(cli, tmp_path, command, backup, "--json")
    assert len(shown.json["snapshots" if command == "list" else "backups"]) == 1
    assert f"{str(backup / closed)!r} cannot be entered (Permission denied), and is left out." in shown.stderr
    assert shown.code == 0


@pytest.mark.root
@pytest.mark.parametrize(("closed", "code"), [("lost+found", 5), ("efs-backup", 1)])
def test_nothing_is_listed_where_nobody_could_look(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, closed: str, code: int
) -> None:
    """There is none beside a disk's own directory; of another's label that cannot be said."""
    (backup / closed).mkdir(mode=0o700)
    assert ended_as_nobody(cli, tmp_path, "list", backup, "--json").code == code
