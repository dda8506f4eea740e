"""How much is told: -q, as usual, and -v; what is asked for is answered whatever is told."""

from pathlib import Path

import pytest

from efs_backup.cli.progress import LineWatcher
from efs_backup.domain.copying.statistics import CopyStatistics
from tests.support.cli import Cli


def test_quiet_tells_nothing_of_what_went_well(cli: Cli, source: Path, backup: Path, tmp_path: Path) -> None:
    """Cron mails nothing; --json is an answer and stays."""
    for arguments in (
        ("run", source, backup), ("restore", backup, tmp_path / "out"), ("verify", backup), ("prune", backup),
        ("scrub", backup), ("drill", backup, "--scratch", tmp_path / "scratch"),
    ):  # fmt: skip
        ended = cli(*arguments, "-q")
        assert (ended.stdout, ended.stderr) == ("", ""), arguments
    assert cli("run", source, backup, "--quiet", "--json").json["status"] == "Success"


def test_quiet_tells_warnings_and_errors(cli: Cli, source: Path, backup: Path, tmp_path: Path) -> None:
    """Quiet output has what somebody has to know, a line each."""
    (source / ("x" * 200)).touch()
    (source / "odd").mkdir()
    ended = cli("run", source, backup, "-q", "--after", "false")
    assert (ended.stdout, "warning" in ended.stderr) == ("", True)
    failed = cli("run", tmp_path / "nowhere", backup, "-q", code=1)
    assert "error" in failed.stderr


def test_verbose_tells_how_long_each_step_took(cli: Cli, source: Path, backup: Path) -> None:
    """The steps themselves go to standard error."""
    ended = cli("run", source, backup, "-v")
    assert "copy 0." in ended.stdout
    assert " publish" in ended.stderr
    assert "copy" not in cli("run", source, backup).stdout.replace("copied", "")


def test_quiet_and_verbose_are_not_both_meant(cli: Cli, source: Path, backup: Path) -> None:
    """Wrong usage, and nothing is done."""
    assert "only one of" in cli("run", source, backup, "-q", "-v", code=2).stderr


def test_that_nothing_was_linked_is_said_as_the_alarm_that_it_is(cli: Cli, source: Path, backup: Path) -> None:
    """A first backup links nothing either, and is no alarm."""
    assert "anew" not in cli("run", source, backup).stdout
    for path in source.rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.write_text("all other")
    (source / "link").unlink()
    assert "0, though" in cli("run", source, backup).stdout


def test_a_long_run_tells_the_step_that_it_is_at(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From ten seconds on, with what was not told before; notes are told at once."""
    now = [100.0]
    monkeypatch.setattr("efs_backup.cli.progress.time.monotonic", lambda: now[0])
    watcher = LineWatcher(lambda: 60.0, tells_steps=False)
    watcher.step("copy")
    watcher.expect(1000, 5000)
    watcher.note("good to know")
    now[0] += 5
    watcher.progress(CopyStatistics(number_of_files=10))
    assert [line.split(" ", 1)[1] for line in capsys.readouterr().err.splitlines()] == ["good to know"]
    now[0] += 6
    watcher.progress(CopyStatistics(number_of_files=110, total_file_size=1100))
    watcher.step("publish")
    said = [line.split(" ", 1)[1] for line in capsys.readouterr().err.splitlines()]
    assert (said[0], said[2]) == ("copy", "publish")
    assert "110 of about 1,000 files" in said[1]
    assert "10 files/s, 100 bytes/s" in said[1]
    assert "will not fit: about 290 files will be left" in said[1]
