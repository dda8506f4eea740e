"""Circumstances that must not cost the agent its backup: its own log, and the disk that it says on who it is."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from efs_backup.agent.app import log_into
from efs_backup.agent.finish import last_lines
from efs_backup.agent.running import ask_to_stop, is_present, present
from tests.support.mounts import fill, mounted_tmpfs
from tests.support.nightly import mostly_nightly

_logger = logging.getLogger("efs_backup.test")


Said = Callable[[], str]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Iterator[Said]:
    """Gives what was logged onto standard output; the root logger is as before in the end."""
    root, raises = logging.getLogger(), logging.raiseExceptions
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    yield lambda: capsys.readouterr().out
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.raiseExceptions = raises


@pytest.mark.root
def test_a_log_disk_that_is_full_stops_nothing(tmp_path: Path, said: Said) -> None:
    """Standard output has every line, and the end of the program is no failure either."""
    with mounted_tmpfs(tmp_path / "log", "size=64k") as disk:
        log_into(disk / "agent.log")
        _logger.info("one")
        assert (disk / "agent.log").read_text().endswith("one\n")
        fill(disk)
        for number in range(3000):
            _logger.info("line %s", number)
        assert (disk / "agent.log").stat().st_size < 64 * 1024
        logging.shutdown()
    text = said()
    assert text.count("\n") == 3001
    assert "Traceback" not in text


@pytest.mark.root
def test_a_log_disk_without_an_inode_stops_nothing(tmp_path: Path, said: Said) -> None:
    """As above, from the start."""
    with mounted_tmpfs(tmp_path / "log", "nr_inodes=1") as disk:
        log_into(disk / "agent.log")
        _logger.info("said")
    assert said().endswith("said\n")


@pytest.mark.parametrize("place", ["/proc/nowhere/agent.log", "/dev/null/agent.log", "/"])
def test_a_log_that_cannot_be_opened_stops_nothing(place: str, said: Said) -> None:
    """A read-only or missing place, a file in the way."""
    log_into(Path(place))
    _logger.info("said")
    assert said().endswith("said\n")


def test_names_in_the_log_are_shown_escaped(tmp_path: Path, said: Said) -> None:
    """Bytes that are no UTF-8 as well; a traceback keeps its lines."""
    log_into(tmp_path / "agent.log")
    try:
        os.stat("\x1b[2J \udcff")
    except FileNotFoundError as error:
        _logger.exception("of %s in %s", "\u202e", error.filename)
    for text in (said(), (tmp_path / "agent.log").read_text()):
        assert r"of \u202e in \x1b[2J \xff" in text
        assert "\nTraceback (most recent call last):\n" in text


@pytest.mark.root
def test_an_agent_is_at_work_also_where_it_cannot_say_who_it_is(tmp_path: Path) -> None:
    """On a full /run; who asks it to stop finds nobody to ask, and waits."""
    with mounted_tmpfs(tmp_path / "run", "size=64k") as place:
        (place / "agent.lock").touch()
        fill(place)
        with present(place) as is_alone:
            assert is_alone
            assert (place / "agent.lock").read_text() == ""
            assert is_present(place)
            ask_to_stop(place, "the test asks for it")
        assert not is_present(place)


@pytest.mark.parametrize("place", ["nowhere", ".", "loop"])
def test_a_log_that_cannot_be_read_has_no_last_lines(tmp_path: Path, place: str) -> None:
    """Whatever is there in its place: the record is written all the same."""
    (tmp_path / "loop").symlink_to("loop")
    assert last_lines(tmp_path / place) == ""


@pytest.mark.parametrize("number", mostly_nightly([1, 0, 2]))
def test_an_agent_starts_with_closed_streams(tmp_path: Path, number: int) -> None:
    """And says by its exit code what is missing, as ever: here its settings, and never a traceback of the streams."""
    done = subprocess.run(
        [Path(sys.executable).with_name("efs-backup-agent"), "backup"],
        env={"PATH": os.defpath, "EFS_BACKUP_AGENT_LOG": str(tmp_path / "log")}, capture_output=True, check=False,
        preexec_fn=lambda: os.close(number),
    )  # fmt: skip
    assert done.returncode == 1
    assert b"Exception ignored" not in done.stderr
    assert "SettingsFault: Missing in the environment" in (tmp_path / "log").read_text()
    if number != 2:
        assert b"SettingsFault" in done.stderr
