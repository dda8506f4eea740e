"""`efs-backup doctor` on real directories: what is broken is named, and nothing is left behind."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from efs_backup.engine.series.probe_directory import OWNER, PROBES_PREFIX, probe_directory
from tests.support.builders import write
from tests.support.cli import Cli
from tests.support.mounts import fill, mounted_tmpfs
from tests.support.simulator import Simulator


def _wrong(cli: Cli, *arguments: object, code: int | None = None) -> dict[str, str]:
    """The findings that are not ok, by their ids: level and sentence."""
    told = cli("doctor", *arguments, "--json", code=code).json["findings"]
    return {one["id"]: f"{one['level']}: {one['what']}" for one in told if one["level"] != "ok"}


def _usual(wrong: dict[str, str]) -> dict[str, str]:
    """Without what is so on the machines of the tests: one disk, and a rsync of their own."""
    return {check: said for check, said in wrong.items() if check not in {"apart", "versions", "mount-options"}}


def test_before_the_first_backup_and_after_it(cli: Cli, source: Path, backup: Path) -> None:
    """Before, the series has to be begun; after, all is well; the backup has nothing of the probes."""
    assert _usual(_wrong(cli, source, backup, code=0)).keys() == {"series"}
    assert os.listdir(backup) == []
    cli("run", source, backup)
    before = sorted(os.listdir(backup / "efs-backup" / "daily"))
    assert _usual(_wrong(cli, source, backup, code=0)) == {}
    assert (sorted(os.listdir(backup)), sorted(os.listdir(backup / "efs-backup" / "daily"))) == (["efs-backup"], before)


def test_what_is_wrong_with_a_series_is_told_in_words(cli: Cli, source: Path, backup: Path) -> None:
    """Each in a line, with why, and a command that can be pasted; -q leaves out what is well."""
    cli("run", source, backup)
    (backup / "efs-backup" / "daily" / ".partial-20261101T020000Z").mkdir()
    (backup / "efs-backup" / "series.json").write_text("{}")
    told = cli("doctor", source, backup, "-q", code=6)
    assert "fault    series: " in told.stdout
    assert "warning  partial: 1 backup was cut off; the next one goes on with what is copied." in told.stdout
    assert f"         Do:  efs-backup run {source} {backup} --label efs-backup" in told.stdout
    assert "hard-links" not in told.stdout
    assert "efs-backup: error: 1 fault." in told.stderr


@pytest.mark.root
def test_a_backup_that_cannot_be_written_is_named(cli: Cli, source: Path, tmp_path: Path) -> None:
    """Read-only, and full: with what mends it, and the probes that were not possible are told as unknown."""
    with mounted_tmpfs(tmp_path / "full", "size=1m") as full:
        fill(full)
        assert _wrong(cli, source, full, code=6)["space"] == "fault: BACKUP is full."
    with mounted_tmpfs(tmp_path / "still", "ro") as still:
        wrong = _wrong(cli, source, still, code=6)
    assert wrong["writable"].startswith("fault: BACKUP is mounted read-only")
    assert wrong["locks"].startswith("unknown: ")


def test_a_file_system_without_hard_links_is_named(cli: Cli, source: Path, simulator: Simulator) -> None:
    """Each snapshot would be a full copy."""
    place = simulator.mount("efs", "fail_op=link,fail_errno=EPERM")
    assert "no hard links: Operation not permitted" in _wrong(cli, source, place, code=6)["hard-links"]
    assert os.listdir(place) == []


@pytest.mark.skipif(shutil.which("faketime") is None, reason="needs faketime")
def test_a_clock_that_is_wrong_is_named(cli: Cli, source: Path, backup: Path) -> None:
    """Against the time that the backup's file system gives to a new file."""
    line = [b"faketime", b"-f", b"+3h", *cli.line("doctor", source, backup, "--only", "clock")]
    environment = {**cli.environment, "NO_FAKE_STAT": "1"}
    done = subprocess.run(line, capture_output=True, env=environment, check=True, timeout=60)
    assert b"This machine's clock is 3.0 h ahead of the clock of BACKUP's server." in done.stdout


def test_directories_that_are_not_there_are_told(cli: Cli, source: Path, backup: Path) -> None:
    """No traceback, and no directory is made."""
    assert "does not exist" in _wrong(cli, source / "plugh", backup, code=6)["source"]
    wrong = _wrong(cli, source, backup / "a" / "b", code=6)
    assert wrong["writable"].startswith("fault: ")
    assert not (backup / "a").exists()
    assert "is not a directory" in _wrong(cli, source, write(backup / "file"), code=6)["writable"]
    assert "lies inside" in _wrong(cli, source, source / "directory 0", code=6)["nested"]


def test_programs_that_are_missing_are_named_with_their_packages(cli: Cli, source: Path, backup: Path) -> None:
    """Those of the distribution."""
    cli.environment["PATH"] = "/nowhere"
    assert _wrong(cli, source, backup, "--only", "tools", code=6)["tools"].startswith(
        "fault: Not installed: bash, fpart"
    )


def test_a_name_stands_for_both_directories_and_its_file_is_looked_at(
    cli: Cli, source: Path, backup: Path, tmp_path: Path
) -> None:
    """An address of a ping that others can read lets them feign a success."""
    place = tmp_path / "home.toml"
    place.write_text(
        f'[source]\npath = "{source}"\n[backup]\npath = "{backup}"\n[hooks]\nping = "https://hc.example/1"\n'
    )
    place.chmod(0o644)
    wrong = _wrong(cli, "home", "--config", place, "--only", "configuration", code=0)
    assert wrong["configuration"] == f"warning: Others can read {str(place)!r}, which holds the address of a ping."


def test_what_a_killed_doctor_has_left_goes_and_a_living_one_is_left_alone(tmp_path: Path) -> None:
    """By the lock of its owner; what somebody else has put there is not deleted."""
    dead, foreign = tmp_path / f"{PROBES_PREFIX}dead", tmp_path / f"{PROBES_PREFIX}foreign"
    write(dead / OWNER)
    write(dead / "CASE")
    write(foreign / "thesis.tex")
    (tmp_path / f"{PROBES_PREFIX}link").symlink_to(foreign)
    (tmp_path / f"{PROBES_PREFIX}file").touch()
    with probe_directory(tmp_path) as first, probe_directory(tmp_path):
        assert os.listdir(first) == [OWNER]
    left = {f"{PROBES_PREFIX}{name}" for name in ("foreign", "link", "file")}
    assert set(os.listdir(tmp_path)) == left
    assert os.listdir(foreign) == ["thesis.tex"]


def test_a_probe_leaves_nothing_when_it_is_interrupted(tmp_path: Path) -> None:
    """By whatever ends it."""

    def interrupted() -> None:
        with probe_directory(tmp_path) as directory:
            os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=directory))
            raise KeyboardInterrupt(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert os.listdir(tmp_path) == []


def test_a_hostile_backup_leads_nowhere(cli: Cli, source: Path, backup: Path, tmp_path: Path) -> None:
    """A FIFO or a symlink in the place of what the series writes is looked at by nobody."""
    cli("run", source, backup)
    label = backup / "efs-backup"
    (label / "series.json").unlink()
    os.mkfifo(label / "series.json")
    (label / "daily" / ".lock").unlink()
    os.mkfifo(label / "daily" / ".lock")
    assert _wrong(cli, source, backup, code=6)["series"].startswith("fault: ")
    elsewhere = write(tmp_path / "elsewhere" / "file").parent
    shutil.move(label, tmp_path / "moved")
    label.symlink_to(elsewhere)
    assert "is a symlink" in _wrong(cli, source, backup, code=6)["series"]
    assert os.listdir(elsewhere) == ["file"]
