"""`efs-backup run`: what a snapshot holds, and what it shares."""

import contextlib
import json
import os
import pty
import re
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.builders import A_DAY_AGO_NS, account, write
from tests.support.cli import Cli, both_copiers
from tests.support.nightly import mostly_nightly


def test_a_snapshot_equals_its_source(cli: Cli, source: Path, backup: Path) -> None:
    """Type, content, mode, owner, mtime, link target and hard links of every path are as in the source."""
    result = cli("run", source, backup, "--json").json
    assert account(Path(result["path"])) == account(source)


def test_the_result_says_what_was_done(cli: Cli, source: Path, backup: Path) -> None:
    """The JSON result has the documented keys; files are everything that is no directory."""
    result = cli("run", source, backup, "--json").json
    assert result["status"] == "Success"
    assert result["failure_reason"] is None
    assert result["files"] == 13
    assert result["transferred_files"] == 12
    assert result["linked_files"] == 0
    assert result["transferred_bytes"] == sum(len(f"content {number}") for number in range(12))
    assert result["vanished_files"] == 0
    assert result["message"]
    assert result["next_step"] == ""


_FPART_OF_TODAY = """#!/bin/bash
# fpart, and beside its parts what fpsync 1.6 and newer have their hooks write there.
/usr/bin/fpart "$@"
code=$?
while [ "$1" != -o ]; do shift; done
for part in "$2".*; do echo job_files=1 >"$part.meta"; done
echo total_num_parts=1 >"${2%/*}/run.meta"
exit $code
"""


def test_what_newer_versions_of_fpsync_write_beside_the_parts_is_no_part(
    cli: Cli, source: Path, backup: Path, tmp_path: Path
) -> None:
    """Ubuntu 24.04, which the template starts, has fpsync 1.6."""
    programs = tmp_path / "programs"
    write(programs / "fpart", _FPART_OF_TODAY).chmod(0o755)
    cli.environment["PATH"] = f"{programs}:{cli.environment['PATH']}"
    result = cli("run", source, backup, "--copier", "rsync", "--json").json
    assert account(Path(result["path"])) == account(source)


def test_unchanged_files_are_links_into_the_previous_snapshot(cli: Cli, source: Path, backup: Path) -> None:
    """An unchanged file takes no space: it is the same inode in both snapshots."""
    first = Path(cli("run", source, backup, "--json").json["path"])
    write(source / "new")
    result = cli("run", source, backup, "--json").json
    second = Path(result["path"])
    assert (first / "directory 0" / "file 0").samefile(second / "directory 0" / "file 0")
    assert (first / "link").lstat().st_ino == (second / "link").lstat().st_ino
    assert result["transferred_files"] == 1
    assert result["linked_files"] == 13


def test_an_older_snapshot_never_changes(cli: Cli, source: Path, backup: Path) -> None:
    """Content, mode, owner or time changed in the source change nothing in what is published already."""
    first = Path(cli("run", source, backup, "--json").json["path"])
    before = account(first)
    for name, change in _CHANGES.items():
        change(source / "directory 0" / name)
    second = Path(cli("run", source, backup, "--json").json["path"])
    assert account(first) == before
    assert account(second) == account(source)


def _append(path: Path) -> None:
    with path.open("a") as file:
        file.write("more")


_CHANGES: dict[str, Callable[[Path], None]] = {
    "file 0": lambda path: path.chmod(0o600),
    "file 3": lambda path: os.utime(path, ns=(1, 1)),
    "file 6": _append,
    "file 9": lambda path: path.unlink(),
}


def test_a_change_of_the_same_size_within_the_same_second_is_found(cli: Cli, source: Path, backup: Path) -> None:
    """Times are compared to the nanosecond; whole seconds would miss it, silently."""
    path = write(source / "same size", "old", A_DAY_AGO_NS)
    cli("run", source, backup)
    write(path, "new", A_DAY_AGO_NS + 1)
    second = Path(cli("run", source, backup, "--json").json["path"])
    assert (second / "same size").read_text() == "new"


def test_number_links_lead_to_the_snapshots(cli: Cli, source: Path, backup: Path) -> None:
    """daily.0 is the newest; the links are relative, so that they work wherever the backup is mounted."""
    names = [cli("run", source, backup, "--json").json["snapshot"] for _ in range(2)]
    links = {path.name: os.readlink(path) for path in (backup / "efs-backup").iterdir() if path.is_symlink()}
    assert links == {"daily.0": f"daily/{names[1]}", "daily.1": f"daily/{names[0]}"}


def test_retention_drops_the_oldest_snapshots(cli: Cli, source: Path, backup: Path) -> None:
    """After a publish the series holds as many snapshots as it retains, and the trash is empty.

    The newest one that was dropped is the spare; it is no snapshot any more, and there is never more than one.
    """
    names = [cli("run", source, backup, "--retain", 2, "--json").json["snapshot"] for _ in range(5)]
    series = backup / "efs-backup" / "daily"
    spare = [f".spare-{names[2]}", f".spare-{names[2]}.json"]
    ours = [".lock", ".manifests", ".readers", ".records", *spare, ".trash"]
    assert sorted(path.name for path in series.iterdir()) == [*ours, *names[3:]]
    assert [row["snapshot"] for row in cli("list", backup, "--json").json["snapshots"]] == names[:2:-1]
    assert list((series / ".trash").iterdir()) == []
    label = [".series.lock", "daily", "daily.0", "daily.1", "series.json"]
    assert sorted(path.name for path in (backup / "efs-backup").iterdir()) == label


def test_labels_and_intervals_are_series_of_their_own(cli: Cli, source: Path, backup: Path) -> None:
    """Each has its own snapshots and its own retention."""
    cli("run", source, backup, "--label", "web", "--interval", "weekly", "--retain", 1)
    cli("run", source, backup, "--label", "web", "--interval", "hourly", "--retain", 1)
    found = cli("list", backup, "--label", "web", "--json").json["snapshots"]
    assert sorted(row["interval"] for row in found) == ["hourly", "weekly"]


def test_a_clock_that_jumped_back_gives_a_newer_name_all_the_same(cli: Cli, source: Path, backup: Path) -> None:
    """Snapshot names stay unique and in the order of the backups."""
    cli("run", source, backup)
    series = backup / "efs-backup" / "daily"
    newest = next(path for path in series.iterdir() if path.name.startswith("2"))
    newest.rename(series / "20991231T235959Z")
    assert cli("run", source, backup, "--json").json["snapshot"] == "21000101T000000Z"


@pytest.mark.parametrize(
    "name", mostly_nightly(["a\nb", "-n", "$HOME", "*", " ", "it's", '"quoted"', "back\\slash", "`id`", "é"], 2)
)
def test_any_path_of_source_and_backup_works(cli: Cli, tmp_path: Path, name: str) -> None:
    """Also one of which a shell would make something else."""
    source, backup = tmp_path / f"source {name}", tmp_path / f"backup {name}"
    write(source / "file")
    write(source / "directory" / "file")
    cli("run", source, backup)
    second = Path(cli("run", source, backup, "--json").json["path"])
    assert account(second) == account(source)
    assert (second / "file").stat().st_nlink == 2


def test_times_that_are_far_off_are_kept(cli: Cli, source: Path, backup: Path) -> None:
    """After the year 2262 nanoseconds no longer fit into 64 bits; the second backup links such a file all the same."""
    file, far_ns = write(source / "directory" / "from the future"), 10_000_000_000 * 10**9
    os.utime(file, ns=(far_ns, far_ns))
    if file.stat().st_mtime_ns != far_ns:
        pytest.skip("the file system has no such times")
    snapshots = [Path(cli("run", source, backup, "--json").json["path"]) for _ in range(2)]
    made = [snapshot / "directory" / "from the future" for snapshot in snapshots]
    assert made[0].stat().st_mtime_ns == far_ns
    assert made[0].samefile(made[1])


def test_the_temporary_directory_may_have_any_path_too(cli: Cli, source: Path, backup: Path, tmp_path: Path) -> None:
    """Where TMPDIR has characters that a shell would interpret, another place is used."""
    odd = tmp_path / "it's $HOME"
    odd.mkdir()
    cli.environment["TMPDIR"] = str(odd)
    assert account(Path(cli("run", source, backup, "--json").json["path"])) == account(source)


def test_nothing_is_left_in_the_temporary_directory(cli: Cli, source: Path, backup: Path) -> None:
    """Whether a backup succeeds or fails."""
    cli("run", source, backup)
    assert os.listdir(cli.environment["TMPDIR"]) == []


def test_dry_run_touches_nothing(cli: Cli, source: Path, backup: Path) -> None:
    """A dry run says what would be done; the backup stays as it is."""
    cli("run", source, backup, "--retain", 1)
    write(source / "new")
    before = account(backup)
    plan = cli("run", source, backup, "--dry-run", "--json").json
    assert plan["differences"] == {"added": 1, "removed": 0, "changed": 0}
    assert len(plan["dropped"]) == 1
    assert account(backup) == before
    assert "would make" in cli("run", source, backup, "--dry-run").stdout


def test_excluded_names_and_paths_are_left_out(cli: Cli, source: Path, backup: Path) -> None:
    """A bare pattern meets names everywhere, one with a slash paths from the root; what is left is whole."""
    for path in ("a/x.log", "a/b/only.log", "cache/one", "a/cache/two", "keep/file"):
        write(source / path)
    result = cli(
        "run", source, backup, "--exclude", "*.log", "--exclude", "/cache", "--exclude", "keep/f*", "--json"
    ).json
    snapshot = account(Path(result["path"]))
    assert {path for path in snapshot if path.startswith(("./a", "./cache", "./keep"))} == {
        "./a",
        "./a/b",
        "./a/cache",
        "./a/cache/two",
        "./keep",
    }


def test_an_old_layout_is_adopted(cli: Cli, source: Path, backup: Path) -> None:
    """Directories daily.N become snapshots, oldest last, and the first backup is already incremental."""
    label = backup / "efs-backup"
    cli("run", source, backup)
    snapshot = next((label / "daily").glob("2*"))
    for number in range(3):
        os.system(f"cp -a '{snapshot}' '{label}/old.{number}'")  # noqa: S605
    os.system(f"rm -rf '{label}/daily' {label}/daily.*")  # noqa: S605
    for number in range(3):
        (label / f"old.{number}").rename(label / f"daily.{number}")
        write(label / f"daily.{number}" / "number", str(number))
        os.utime(label / f"daily.{number}", ns=(A_DAY_AGO_NS, A_DAY_AGO_NS))
    result = cli("run", source, backup, "--json").json
    assert result["transferred_files"] == 0
    assert result["linked_files"] == 13
    rows = cli("list", backup, "--json").json["snapshots"]
    assert [(Path(row["path"]) / "number").read_text() for row in rows[1:]] == ["0", "1", "2"]
    assert all(path.is_symlink() for path in label.glob("daily.*"))


def test_a_file_system_that_looks_unmounted_is_refused(cli: Cli, source: Path, backup: Path) -> None:
    """An empty source after a full snapshot is a failed mount, unless the operator says that it is not."""
    cli("run", source, backup)
    source.rename(source.with_name("moved"))
    source.mkdir()
    result = cli("run", source, backup, "--json", code=1).json
    assert (result["status"], result["failure_reason"]) == ("Failed", "SourceUnreadable")
    assert "--allow-empty" in result["next_step"]
    assert cli("run", source, backup, "--allow-empty", "--json").json["files"] == 0


def test_a_first_backup_of_an_empty_source_succeeds(cli: Cli, tmp_path: Path, backup: Path) -> None:
    """There is nothing that could have been lost."""
    (tmp_path / "empty").mkdir()
    assert cli("run", tmp_path / "empty", backup, "--json").json["files"] == 0


def test_the_series_is_closed_to_others(cli: Cli, source: Path, backup: Path) -> None:
    """A file that only one user can read in the source must not become reachable for all in the backup."""
    cli("run", source, backup)
    assert stat.S_IMODE((backup / "efs-backup").stat().st_mode) == 0o700


def test_a_leftover_lock_of_a_dead_owner_is_taken_over_and_said_so(cli: Cli, source: Path, backup: Path) -> None:
    """The kernel released it when its owner died; the text in it is only a name."""
    cli("run", source, backup)
    (backup / "efs-backup" / "daily" / ".lock").write_text(
        '{"user": "root", "host": "elsewhere", "process": 7, "started": "2026-11-22T02:00:00", "family": "none"}'
    )
    notes = cli("run", source, backup, "--json").json["notes"]
    assert any("taken over" in note and "elsewhere" in note for note in notes)


def test_plain_lines_are_logged_where_no_terminal_is(cli: Cli, source: Path, backup: Path) -> None:
    """Standard output holds the result alone, standard error what happens, each line with its time.

    Of what takes a moment the steps are told with -v alone.
    """
    ended = cli("run", source, backup, "-v")
    assert "status    Success" in ended.stdout
    steps = [line.split(" ", 1)[1] for line in ended.stderr.splitlines()]
    assert steps == ["copy", "manifest", "publish", "prune"]
    assert time.strptime(ended.stderr.split()[0], "%Y-%m-%dT%H:%M:%SZ")
    assert cli("run", source, backup).stderr == ""


def _shown_on_a_terminal(cli: Cli, *arguments: object) -> str:
    """The drawing of a backup on a terminal; the result is on standard output as ever."""
    master, terminal = pty.openpty()
    line = cli.line("run", *arguments, "--json")
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=terminal, env=cli.environment)
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):  # the terminal ends with its last process
        while block := os.read(master, 4096):
            shown += block
    os.close(master)
    stdout, _ = process.communicate()
    assert json.loads(stdout)["status"] == "Success"
    return shown.decode()


@pytest.mark.long
def test_a_live_line_is_shown_on_a_terminal(cli: Cli, source: Path, backup: Path) -> None:
    """Files, rates and the time left in the window; the part that is done is known from the last backup."""
    for number in range(200):
        write(source / "many" / f"{number}", "changed")
    slowly = (source, backup, "--window", 59, "--max-operations-per-second", 300)
    rate = r"[\d,]+ files/s, [\d.]+ \w+/s, window 5\d min"
    assert re.search(rf"\d+ files, {rate}", _shown_on_a_terminal(cli, *slowly))
    for path in (source / "many").iterdir():
        write(path, "again", A_DAY_AGO_NS + 1)
    said = _shown_on_a_terminal(cli, *slowly)
    assert re.search(rf"\d+%.*\d+ files, {rate}", said)


def test_the_command_starts_lean() -> None:
    """Modules that draw tables and live lines take long to import; a backup from cron needs neither."""
    listed = subprocess.run(
        [sys.executable, "-c", "import sys, efs_backup.cli.app, efs_backup.cli.commands.run; print(*sys.modules)"],
        capture_output=True,
        check=True,
    )
    assert "efs_backup.cli.commands.run" in (loaded := listed.stdout.decode().split())
    assert not any(name.partition(".")[0] == "rich" for name in loaded)


@both_copiers
def test_the_series_of_a_label_share_what_is_unchanged(cli: Cli, source: Path, backup: Path) -> None:
    """A weekly snapshot beside thirty daily ones costs links, whichever of both series is the newer one."""
    paths = [
        Path(cli("run", source, backup, "--interval", interval, "--json").json["path"])
        for interval in ("daily", "weekly", "daily", "monthly")
    ]
    file = "directory 0/file 0"
    assert len({(path / file).stat().st_ino for path in paths}) == 1
    assert all(account(path) == account(source) for path in paths)


def test_a_series_that_is_gone_or_older_is_no_reference(cli: Cli, source: Path, backup: Path) -> None:
    """A snapshot of another label is none either; and what changed since is copied, of course."""
    cli("run", source, backup, "--interval", "weekly")
    write(source / "directory 0" / "file 0", "changed")
    result = cli("run", source, backup, "--interval", "daily", "--json").json
    assert account(Path(result["path"])) == account(source)
    assert result["copied_files"] == 1
    other = cli("run", source, backup, "--label", "other", "--json").json
    assert other["linked_files"] == 0
