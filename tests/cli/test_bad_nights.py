"""Bad nights: a clear sentence, the right exit code, and nothing lost."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from efs_backup.domain.requests.tuning import Copier
from tests.support.builders import account, many_parts, write
from tests.support.cli import Cli, both_copiers
from tests.support.nightly import mostly_nightly
from tests.support.processes import WORKER, processes_on, workers_on
from tests.support.simulator import Simulator
from tests.support.unprivileged import ended_as_nobody, run_as_nobody


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    mostly_nightly(
        [
            (("--label", "a/b"), "no directory name can have"),
            (("--label", ".."), "begins with a dot"),
            (("--label", ".hidden"), "begins with a dot"),
            (("--label", ""), "is empty"),
            (("--retain", "0"), "at least 1"),
            (("--retain", "-3"), "at least 1"),
            (("--retain", "171"), "177 for one file"),
            (("--retain", "many"), "not a valid integer"),
            (("--interval", "fortnightly"), "is not one of"),
            (("--window", "0"), "no time would be left"),
            (("--window", "-1"), "no time would be left"),
            (("--jobs", "0"), "must be 1 to 64"),
            (("--jobs", "65"), "must be 1 to 64"),
            (("--threads", "0"), "must be 1 to 64"),
            (("--files-per-part", "0"), "at least 1 file"),
            (("--max-operations-per-second", "0.5"), "At least 1 operation a second"),
            (("--copier", "cp"), "is not one of"),
            (("--exclude", "a\\b"), "use only"),
            (("--exclude", "/"), "names nothing"),
            (("--unknown",), "No such option"),
        ],
        6,
    ),
)
def test_wrong_usage_is_refused_before_anything_is_touched(
    cli: Cli, source: Path, backup: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    """Exit code 2, one sentence that says what is wrong, and an untouched backup."""
    ended = cli("run", source, backup, *arguments, code=2)
    assert sentence in ended.stderr
    assert ended.stdout == ""
    assert os.listdir(backup) == []


def test_an_empty_path_is_not_the_working_directory(cli: Cli, source: Path, backup: Path) -> None:
    """As when a variable of a script is not set."""
    for arguments in (("run", "", backup), ("run", source, ""), ("restore", backup, ""), ("list", "")):
        assert "is empty" in cli(*arguments, code=2).stderr


def test_a_source_that_is_missing_or_no_directory_is_unreadable(cli: Cli, source: Path, backup: Path) -> None:
    """A source that is not there is most often a file system that is not mounted."""
    for path in (source / "nowhere", write(source / "file")):
        result = cli("run", path, backup, "--json", code=1).json
        assert (result["status"], result["failure_reason"]) == ("Failed", "SourceUnreadable")
        assert "mounted" in result["next_step"]


def test_source_and_backup_must_be_apart(cli: Cli, source: Path, tmp_path: Path) -> None:
    """The same directory, or one inside the other, also by way of a symlink."""
    (source / "inside").mkdir()
    (tmp_path / "way").symlink_to(source)
    for first, second in ((source, source), (source, source / "inside"), (source / "inside", source)):
        cli("run", first, second, code=2)
    assert "inside" in cli("run", source, tmp_path / "way" / "inside", code=2).stderr


def test_a_backup_directory_is_made_but_not_the_one_above(cli: Cli, source: Path, tmp_path: Path) -> None:
    """A missing parent is most often a file system that is not mounted."""
    cli("run", source, tmp_path / "new")
    assert "mounted" in cli("run", source, tmp_path / "no" / "new", code=1).stderr


def test_a_backup_that_is_no_directory_is_refused(cli: Cli, source: Path, tmp_path: Path) -> None:
    """A file in BACKUP's place is named, and left alone."""
    result = cli("run", source, write(tmp_path / "file"), "--json", code=1).json
    assert "is not a directory" in result["message"]


@pytest.mark.root
def test_a_read_only_backup_is_refused(cli: Cli, source: Path, backup: Path) -> None:
    """With the way to mend it."""
    with _tmpfs(backup, "ro"):
        result = cli("run", source, backup, "--json", code=1).json
        foretold = cli("run", source, backup, "--dry-run", code=1).stderr
    assert "read-only" in result["message"]
    assert result["next_step"] == "Mount it for writing."
    assert "lies on a read-only file system" in foretold
    assert "Mount it for writing." in foretold


@pytest.mark.root
def test_a_backup_without_the_right_to_write_is_refused(cli: Cli, source: Path, backup: Path, tmp_path: Path) -> None:
    """For a user who is not root."""
    tmp_path.chmod(0o755)
    ended = run_as_nobody(cli, tmp_path, "run", source, backup, "--json")
    assert ended["status"] == "Failed"
    assert "cannot be written: Permission denied" in ended["message"]
    foretold = ended_as_nobody(cli, tmp_path, "run", source, backup, "--dry-run")
    assert "cannot be written: Permission denied" in foretold.stderr


@pytest.mark.root
@both_copiers
def test_a_directory_that_cannot_be_read_fails_the_backup(cli: Cli, source: Path, backup: Path, tmp_path: Path) -> None:
    """A directory that cannot be read is named; a snapshot that lacks it silently would be worse than none."""
    (source / "directory 1").chmod(0o000)
    backup.chmod(0o777)
    ended = run_as_nobody(cli, tmp_path, "run", source, backup, "--json")
    assert ended["failure_reason"] == "SourceUnreadable"
    assert "directory 1" in ended["message"]


@pytest.mark.root
@both_copiers
def test_a_file_that_cannot_be_read_fails_the_backup(cli: Cli, source: Path, backup: Path, tmp_path: Path) -> None:
    """A file that cannot be read is named; it can be excluded, and then the backup succeeds."""
    write(source / "directory 1" / "secret\nname").chmod(0o000)
    backup.chmod(0o777)
    ended = run_as_nobody(cli, tmp_path, "run", source, backup, "--json")
    assert ended["failure_reason"] == "SourceUnreadable"
    assert "secret\\nname" in ended["message"]
    assert cli("list", backup, code=5).stdout == ""
    assert run_as_nobody(cli, tmp_path, "run", source, backup, "--exclude", "secret*", "--json")["status"] == "Success"


@pytest.mark.root
@both_copiers
@pytest.mark.long
def test_a_user_without_root_rights_can_back_up_directories_that_are_not_writable(
    cli: Cli, source: Path, backup: Path, tmp_path: Path
) -> None:
    """Directories get their modes at the end, so that none closes before it is full."""
    os.system(f"chown -R nobody '{source}' '{backup}'")  # noqa: S605
    for directory in ("directory 0", "directory 1"):
        (source / directory).chmod(0o500)
    result = run_as_nobody(cli, tmp_path, "run", source, backup, "--retain", "1", "--json")
    assert result["status"] == "Success"
    assert (Path(result["path"]) / "directory 0").stat().st_mode & 0o777 == 0o500
    for _ in range(2):
        result = run_as_nobody(cli, tmp_path, "run", source, backup, "--json")
        assert result["dropped"]
    assert os.listdir(backup / "efs-backup" / "daily" / ".trash") == []


@pytest.mark.parametrize("tool", ["fpart", "fpsync", "rsync"])
def test_a_missing_tool_is_named_with_the_way_to_get_it(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, tool: str
) -> None:
    """Before anything is touched."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in {"fpart", "fpsync", "rsync", "bash", "setpriv", "sync"} - {tool}:
        (programs / name).symlink_to(f"/usr/bin/{name}")
    cli.environment["PATH"] = str(programs)
    result = cli("run", source, backup, "--json", code=1).json
    assert result["failure_reason"] == "ToolMissing"
    assert tool in result["message"]
    assert "apt-get install" in result["next_step"]
    assert os.listdir(backup) == []


@pytest.mark.root
@both_copiers
def test_a_full_backup_fails_and_the_next_one_succeeds_once_there_is_space(
    cli: Cli, source: Path, backup: Path
) -> None:
    """Older snapshots stay whole; what was copied is used by the next backup, unless rsync alone copies, anew."""
    with _tmpfs(backup, "size=8m"):
        first = Path(cli("run", source, backup, "--json").json["path"])
        before = account(first)
        for number in range(24):
            write(source / "large" / f"file {number}").write_bytes(os.urandom(512 * 1024))
        result = cli("run", source, backup, "--json", code=1).json
        assert (result["status"], result["failure_reason"]) == ("Failed", "BackupFull")
        assert "prune" in result["next_step"]
        assert account(first) == before
        subprocess.run(["mount", "-o", "remount,size=64m", backup], check=True)
        result = cli("run", source, backup, "--json").json
        assert account(Path(result["path"])) == account(source)
        assert account(first) == before
        assert (result["transferred_files"] < 24) == (cli.copier is Copier.LINKS)


@pytest.mark.root
@both_copiers
def test_a_backup_without_any_inode_left_fails_as_full(cli: Cli, source: Path, backup: Path) -> None:
    """Even where not one file can be made."""
    with _tmpfs(backup, "size=8m,nr_inodes=6"):
        result = cli("run", source, backup, "--json", code=1).json
    assert result["failure_reason"] == "BackupFull"


def test_two_backups_at_once_are_refused(cli: Cli, source: Path, backup: Path, slow_rsync: None) -> None:
    """The second ends with exit code 4 and says who holds the lock; the first is not disturbed."""
    cli.let_rsync_take(8)
    first = cli.start("run", source, backup, "--json")
    _wait_for(lambda: list(backup.glob("efs-backup/daily/.partial-*/*")))
    second = cli("run", source, backup, "--json", code=4).json
    assert (second["status"], second["failure_reason"]) == ("Failed", "Locked")
    assert f"process {first.pid}" in second["message"]
    assert cli("prune", backup, "--retain", 1, "--confirm", code=4).stdout == ""
    stdout, _ = first.communicate()
    assert json.loads(stdout)["status"] == "Success"


@pytest.mark.parametrize("number", mostly_nightly([signal.SIGTERM, signal.SIGINT, signal.SIGHUP]))
@both_copiers
def test_a_signal_stops_gracefully_and_the_next_backup_continues(
    cli: Cli, source: Path, backup_on_efs: Path, slow_rsync: None, number: signal.Signals
) -> None:
    """Incomplete, exit code 3; no process is left; the next backup keeps what was copied, but not of rsync alone."""
    many_parts(source)
    running = cli.start("run", source, backup_on_efs, "--jobs", 2, "--json")
    _wait_for(lambda: list(backup_on_efs.glob("efs-backup/daily/.partial-*/part */*")))
    running.send_signal(number)
    stdout, _ = running.communicate()
    result = json.loads(stdout)
    assert (running.returncode, result["status"]) == (3, "Incomplete")
    assert number.name in result["message"]
    assert _processes_of(cli) == {}
    assert cli("list", backup_on_efs, code=5).stdout == ""
    cli.let_rsync_be_fast()
    result = cli("run", source, backup_on_efs, "--json").json
    assert account(Path(result["path"])) == account(source)
    kept = result["linked_files"]
    assert 0 < kept < result["files"] if cli.copier is Copier.LINKS else kept == 0, result


@both_copiers
def test_a_window_that_closes_leaves_a_partial_to_continue_from(
    cli: Cli, source: Path, backup_on_efs: Path, slow_rsync: None
) -> None:
    """Also over several windows: each continues where the last one stopped."""
    many_parts(source)
    cli.let_rsync_be_fast()
    cli("run", source, backup_on_efs)
    cli.let_rsync_be_slow()
    for path in source.rglob("file*"):
        write(path, "changed", 1)
    for path in source.rglob("fifo"):
        os.utime(path, ns=(1, 1))
    codes = [cli("run", source, backup_on_efs, "--jobs", 1, "--window", 0.02, code=None).code for _ in range(2)]
    assert codes == [3, 3]
    cli.let_rsync_be_fast()
    result = cli("run", source, backup_on_efs, "--json").json
    assert account(Path(result["path"])) == account(source)
    assert result["transferred_files"] < result["files"]
    assert not list(backup_on_efs.glob("efs-backup/daily/.partial-*"))


@both_copiers
def test_a_killed_backup_leaves_no_snapshot_and_the_next_one_continues(
    cli: Cli, source: Path, backup_on_efs: Path, slow_rsync: None
) -> None:
    """A kill -9 of the program: its copies are found and ended by the next backup, which says so."""
    many_parts(source)
    running = cli.start("run", source, backup_on_efs, "--jobs", 2)
    _wait_for(lambda: list(backup_on_efs.glob("efs-backup/daily/.partial-*/part */*")))
    running.kill()
    running.communicate()
    assert cli("list", backup_on_efs, code=5).stdout == ""
    cli.let_rsync_be_fast()
    result = cli("run", source, backup_on_efs, "--json").json
    assert any("taken over" in note for note in result["notes"])
    assert account(Path(result["path"])) == account(source)
    assert _processes_of(cli) == {}


@pytest.mark.long
@both_copiers
def test_what_a_killed_rsync_has_not_brought_is_brought(
    cli: Cli, source: Path, backup_on_efs: Path, slow_rsync: None
) -> None:
    """Then fpsync may exit with 0 all the same; every name is looked at, and a killed part run again."""
    many_parts(source)
    running = cli.start("run", source, backup_on_efs, "--jobs", 2, "--json")
    assert _kill_first(cli, "/slow/rsync ")
    stdout, _ = running.communicate()
    assert account(Path(json.loads(stdout)["path"])) == account(source)


@pytest.mark.parametrize(
    ("copier", "victim"),
    [
        pytest.param(Copier.RSYNC, "/bin/sh -c", marks=pytest.mark.former),
        pytest.param(Copier.RSYNC, "/part_rsync -l", marks=pytest.mark.former),
        pytest.param(Copier.RSYNC, WORKER, marks=pytest.mark.former),
        pytest.param(Copier.LINKS, "/fpsync/work/", marks=pytest.mark.long),
        pytest.param(Copier.LINKS, "/part_rsync -l", marks=pytest.mark.long),
        (Copier.LINKS, WORKER),
    ],
)
def test_whatever_is_killed_a_success_is_true(
    cli: Cli, source: Path, backup_on_efs: Path, slow_rsync: None, copier: Copier, victim: str
) -> None:
    """A copy may live on without the shell that started it; what is published is whole in any case."""
    cli.copier = copier
    many_parts(source)
    running = cli.start("run", source, backup_on_efs, "--jobs", 2, "--json")
    assert _kill_first(cli, victim)
    stdout, _ = running.communicate()
    result = json.loads(stdout)
    if result["status"] == "Success":
        assert account(Path(result["path"])) == account(source)
    else:
        assert result["failure_reason"] == "CopyFailed"
        assert cli("list", backup_on_efs, code=5).stdout == ""


@both_copiers
@pytest.mark.long
def test_what_a_killed_fpsync_has_not_begun_is_done(
    cli: Cli, source: Path, backup_on_efs: Path, slow_rsync: None
) -> None:
    """Where all parts are listed; where they are not nothing is published. Nothing goes on in the background."""
    many_parts(source)
    running = cli.start("run", source, backup_on_efs, "--jobs", 1, "--json")
    _wait_for(lambda: list(backup_on_efs.glob("efs-backup/daily/.partial-*/part */*")))
    assert _kill_first(cli, "/fpsync")
    stdout, _ = running.communicate()
    result = json.loads(stdout)
    assert result["failure_reason"] == "CopyFailed" or account(Path(result["path"])) == account(source)
    assert _processes_of(cli) == {}


@pytest.mark.long
@both_copiers
def test_files_that_vanish_while_they_are_copied_are_counted(
    cli: Cli, source: Path, backup_on_efs: Path, slow_rsync: None
) -> None:
    """A file system in use is no failure."""
    many_parts(source)
    running = cli.start("run", source, backup_on_efs, "--jobs", 1, "--json")
    gone = _later_ones(cli, source, backup_on_efs)
    for path in gone:
        mtime_ns = path.parent.stat().st_mtime_ns
        path.unlink()
        os.utime(path.parent, ns=(mtime_ns, mtime_ns))
    stdout, _ = running.communicate()
    result = json.loads(stdout)
    assert (result["status"], result["vanished_files"]) == ("Success", len(gone))
    assert account(Path(result["path"])) == account(source)


def _later_ones(cli: Cli, source: Path, backup: Path) -> list[Path]:
    """Some names that are listed and not copied yet, once the first rsync has copied something."""
    copied = "part */*" if cli.copier is Copier.RSYNC else "part */fifo"
    _wait_for(lambda: list(backup.glob(f"efs-backup/daily/.partial-*/{copied}")))
    begun = {path.parent.name for path in backup.glob(f"efs-backup/daily/.partial-*/{copied}")}
    if cli.copier is Copier.RSYNC:
        return sorted(next(path for path in source.glob("part *") if path.name not in begun).iterdir())[:5]
    return [path / "fifo" for path in source.glob("part *") if path.name not in begun]


@pytest.mark.long
@both_copiers
def test_a_source_that_is_replaced_during_the_backup_is_noticed(
    cli: Cli, source: Path, backup_on_efs: Path, slow_rsync: None
) -> None:
    """As when it is unmounted: every file vanishes, and that is no success."""
    many_parts(source)
    running = cli.start("run", source, backup_on_efs, "--jobs", 1, "--json")
    _wait_for(lambda: list(backup_on_efs.glob("efs-backup/daily/.partial-*/part */*")))
    source.rename(source.with_name("moved"))
    source.mkdir()
    stdout, _ = running.communicate()
    assert json.loads(stdout)["failure_reason"] == "SourceUnreadable"
    assert cli("list", backup_on_efs, code=5).stdout == ""


@pytest.mark.root
def test_a_bind_mount_of_the_source_is_the_source(cli: Cli, source: Path, tmp_path: Path) -> None:
    """Nesting is seen by inode, not by path."""
    (tmp_path / "elsewhere").mkdir()
    subprocess.run(["mount", "--bind", source, tmp_path / "elsewhere"], check=True)
    try:
        assert "same directory" in cli("run", source, tmp_path / "elsewhere", code=2).stderr
        (source / "inside").mkdir()
        assert "lies inside" in cli("run", source, tmp_path / "elsewhere" / "inside", code=2).stderr
    finally:
        subprocess.run(["umount", tmp_path / "elsewhere"], check=True)


@both_copiers
def test_a_file_with_an_input_error_fails_the_backup(cli: Cli, source: Path, simulator: Simulator) -> None:
    """A file with an error is named; the older snapshot stays, and once the error is gone the next backup succeeds."""
    efs, backup = simulator.mount("source"), simulator.mount("backup")
    os.system(f"cp -a '{source}/.' '{efs}'")  # noqa: S605
    first = Path(cli("run", efs, backup, "--json").json["path"])
    before = account(first)
    write(efs / "directory 2" / "file 2", "changed", 1)
    simulator.mount("source", "fail_op=read", "fail_errno=EIO", "fail_path=directory 2/file 2")
    result = cli("run", efs, backup, "--json", code=1).json
    assert (result["status"], result["failure_reason"]) == ("Failed", "SourceUnreadable")
    assert "directory 2/file 2" in result["message"]
    assert account(first) == before
    simulator.mount("source")
    assert account(Path(cli("run", efs, backup, "--json").json["path"])) == account(efs)


@both_copiers
def test_an_input_error_that_passes_is_tried_again(cli: Cli, source: Path, simulator: Simulator) -> None:
    """One ESTALE on one file does not cost the night."""
    efs, backup = simulator.mount("source"), simulator.mount("backup")
    os.system(f"cp -a '{source}/.' '{efs}'")  # noqa: S605
    simulator.mount("source", "fail_op=read", "fail_errno=ESTALE", "fail_path=file 2", "fail_count=1")
    assert account(Path(cli("run", efs, backup, "--json").json["path"])) == account(efs)


@pytest.mark.parametrize(
    ("copier", "operation", "asked_before", "is_whole"),
    [
        ("links", "opendir", 0, False),
        ("links", "readdir", 0, False),
        pytest.param("rsync", "opendir", 0, True, marks=pytest.mark.former),
        pytest.param("rsync", "opendir", 1, True, marks=pytest.mark.former),
        pytest.param("rsync", "opendir", 2, False, marks=pytest.mark.former),
        pytest.param("rsync", "readdir", 0, True, marks=pytest.mark.former),
        pytest.param("rsync", "readdir", 2, True, marks=pytest.mark.former),
        pytest.param("rsync", "readdir", 3, False, marks=pytest.mark.former),
    ],
)
def test_a_listing_that_breaks_off_is_noticed(
    cli: Cli, source: Path, simulator: Simulator, copier: str, operation: str, asked_before: int, is_whole: bool
) -> None:
    """In our walk it ends the backup; what fpart's crawl, for rsync alone, has not seen is brought.

    fpart takes such a directory for an empty one, for readdir even without a word; our walk comes after it, and
    compares the names.
    """
    efs, backup = simulator.mount("source"), simulator.mount("backup")
    os.system(f"cp -a '{source}/.' '{efs}'")  # noqa: S605
    cli("run", efs, backup)
    fault = (f"fail_op={operation}", "fail_errno=EIO", "fail_path=directory 1", f"fail_after={asked_before}")
    simulator.mount("source", *fault, "fail_count=1")
    result = cli("run", efs, backup, "--json", "--copier", copier, code=0 if is_whole else 1).json
    assert simulator.counts(efs)["faults"] == 1
    if is_whole:
        assert account(Path(result["path"])) == account(source)
    else:
        assert result["failure_reason"] == "SourceUnreadable"
        assert "directory 1" in result["message"]
        assert len(cli("list", backup, "--json").json["snapshots"]) == 1


@pytest.mark.root
def test_a_disk_that_is_too_small_for_the_lists_is_named(cli: Cli, source: Path, backup: Path, tmp_path: Path) -> None:
    """A disk for temporary files is too small, not the backup's, and the sentence says where there must be more."""
    (place := tmp_path / "temporary").mkdir()
    (source / "many").mkdir()
    for number in range(1000):
        os.mkfifo(source / "many" / f"{number:0200}")
    with _tmpfs(place, "size=128k"):
        cli.environment["TMPDIR"] = str(place)
        result = cli("run", source, backup, "--files-per-part", 250, "--json", code=1).json
    assert result["failure_reason"] == "CopyFailed"
    assert re.search(f"Temporary files in '{place}/.*' could not be written: No space left", result["message"])
    assert "TMPDIR" in result["next_step"]


def test_a_backup_without_hard_links_is_refused(cli: Cli, source: Path, simulator: Simulator) -> None:
    """Before a byte is copied."""
    backup = simulator.mount("backup", "fail_op=link", "fail_errno=EPERM")
    result = cli("run", source, backup, "--json", code=1).json
    assert "no hard links" in result["message"]
    assert not list(backup.glob("efs-backup/daily/.partial-*"))


@both_copiers
def test_the_hard_link_limit_is_survived(cli: Cli, source: Path, simulator: Simulator) -> None:
    """At 177 links, files, symlinks and FIFOs are copied instead of linked, and the series goes on from the copies."""
    os.mkfifo(source / "fifo")
    backup = simulator.mount("backup")
    first = Path(cli("run", source, backup, "--json").json["path"])
    (backup / "other names").mkdir()
    for name in ("directory 0/file 0", "link", "fifo"):
        for number in range(175):
            place = backup / "other names" / f"{name.replace('/', ' ')} {number}"
            os.link(first / name, place, follow_symlinks=False)
    linked = []
    for _ in range(3):
        result = cli("run", source, backup, "--json").json
        assert account(Path(result["path"])) == account(source)
        linked.append(result["linked_files"])
    assert linked == [14, 11, 14]
    assert (first / "fifo").lstat().st_nlink == 177
    for row in cli("list", backup, "--json").json["snapshots"]:
        assert account(Path(row["path"])) == account(source)


@both_copiers
def test_a_disk_that_is_full_at_close_fails_as_full(cli: Cli, source: Path, simulator: Simulator) -> None:
    """NFS reports a full disk only when a file is closed."""
    backup = simulator.mount("backup", "fail_op=flush", "fail_errno=ENOSPC", "fail_after=5")
    result = cli("run", source, backup, "--json", code=1).json
    assert result["failure_reason"] == "BackupFull"


def _wait_for(condition: Callable[[], object], seconds: float = 20) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def _processes_of(cli: Cli) -> dict[int, str]:
    temporary = Path(cli.environment["TMPDIR"])
    return {**processes_on(temporary), **workers_on(temporary.parent)}


def _kill_first(cli: Cli, text: str) -> bool:
    """Kill the first one that is met with this in its command line; some of them live for a moment only."""

    def is_killed() -> bool:
        for number, line in _processes_of(cli).items():
            with suppress(ProcessLookupError):
                if text in line:
                    os.kill(number, signal.SIGKILL)
                    return True
        return False

    _wait_for(is_killed)
    return True


@contextmanager
def _tmpfs(place: Path, options: str) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)
