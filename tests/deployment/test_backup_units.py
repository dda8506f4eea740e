"""The units of systemd for backups by configurations: systemd takes them, and they fit to the program."""

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from efs_backup.cli.app import app
from efs_backup.domain.errors import ExitCode
from efs_backup.domain.requests.hooks import DEFAULT_HOOK_SECONDS

UNITS = Path(__file__).parents[2] / "deployment" / "systemd"
PROGRAM = Path(sys.executable).with_name("efs-backup")


def _section(unit: str, name: str) -> configparser.SectionProxy:
    read = configparser.ConfigParser(strict=True, interpolation=None)
    read.optionxform = str  # type: ignore[assignment, method-assign]
    read.read(UNITS / unit)
    return read[name]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
@pytest.mark.parametrize("unit", ["efs-backup@home.service", "efs-backup@home.timer"])
def test_systemd_takes_the_units(unit: str, tmp_path: Path) -> None:
    """Without a word: each key is one that it knows, and each value one that the key takes."""
    for file in UNITS.iterdir():
        text = file.read_text().replace("ExecStart=efs-backup", f"ExecStart={PROGRAM}")
        (tmp_path / file.name.replace("@", "@home")).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", tmp_path / unit],
        capture_output=True, check=False,
    )  # fmt: skip
    about = [line for line in done.stderr.decode().splitlines() if "efs-backup" in line]
    assert (done.returncode, about) == (0, [])


def test_the_service_runs_a_command_that_is_there() -> None:
    """With the instance as the NAME, as it stands there: a NAME needs no escaping."""
    service = _section("efs-backup@.service", "Service")
    program, command, name = service["ExecStart"].split()
    assert (program, name) == ("efs-backup", "%i")
    assert command in app.commands or app.get_command(None, command)  # type: ignore[arg-type]
    assert service["Type"] == "oneshot"


def test_what_is_no_fault_of_the_night_is_none_of_the_unit() -> None:
    """A window that closed goes on next time, and a series that is locked is being backed up; all else fails."""
    codes = _section("efs-backup@.service", "Service")["SuccessExitStatus"]
    assert {int(code) for code in codes.split()} == {ExitCode.INCOMPLETE, ExitCode.LOCKED}


def test_a_stop_leaves_time_for_a_hook() -> None:
    """Only the program is told; a database that stays quiet because its hook was killed is worse than waiting."""
    service = _section("efs-backup@.service", "Service")
    assert service["KillMode"] == "mixed"
    minutes = re.fullmatch(r"(\d+)min", service["TimeoutStopSec"])
    assert minutes
    assert int(minutes[1]) * 60 > DEFAULT_HOOK_SECONDS


def test_nothing_is_mounted_over_the_tree() -> None:
    """Options that hide or bind parts of it would make a mount below the source, or a copy that lacks something."""
    keys = set(_section("efs-backup@.service", "Service"))
    mounting = re.compile(r"Protect(System|Home|Kernel|Control|Proc|Hostname|Clock)|Private|ReadOnly|Inaccessible|Root")
    assert not [key for key in keys if mounting.match(key)]
    assert not keys & {"RestrictSUIDSGID", "NoNewPrivileges", "RestrictNamespaces", "DynamicUser", "User"}


def test_a_night_that_was_missed_is_made_up_for() -> None:
    """And many machines do not begin at the same second."""
    timer = _section("efs-backup@.timer", "Timer")
    assert (timer["OnCalendar"], timer["Persistent"]) == ("daily", "true")
    assert "RandomizedDelaySec" in timer
