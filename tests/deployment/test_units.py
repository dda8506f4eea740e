"""The units of the instance: what systemd does when an agent dies, and when the machine boots anew."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from efs_backup.agent.app import main
from efs_backup.agent.services import Machine
from efs_backup.domain.operations.lifecycle import AGENT

_DEPLOYMENT = Path(__file__).parents[2] / "deployment"
_AGENT, _GIVE_UP = "efs-backup-agent.service", "efs-backup-give-up.service"


def _unit(name: str) -> dict[str, str]:
    lines = (_DEPLOYMENT / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def test_the_agent_is_there_again_after_a_boot() -> None:
    """The agent is enabled, and what it needs is not below /run."""
    unit = _unit(_AGENT)
    assert unit["WantedBy"] == "multi-user.target"
    assert unit["EnvironmentFile"] == "/etc/efs-backup/agent.env"
    assert unit["ExecStart"].startswith(AGENT)


def test_an_agent_that_is_killed_is_started_again() -> None:
    """By the kernel for memory, for instance: `on-abnormal` covers signals, and no exit code of the agent's own."""
    unit = _unit(_AGENT)
    assert (unit["Restart"], unit["OOMPolicy"]) == ("on-abnormal", "continue")
    assert unit["RestartMode"] == "direct"
    assert (unit["StartLimitIntervalSec"], unit["StartLimitBurst"]) == ("1h", "5")


def test_only_the_agent_is_asked_to_stop() -> None:
    """Its copy workers would else die beside it, and what they have copied would not be flushed."""
    assert _unit(_AGENT)["KillMode"] == "mixed"


def test_an_agent_that_ends_otherwise_gives_its_instance_back() -> None:
    """By another unit, which tries the agent's own command, and what needs nothing but Python if that fails."""
    assert _unit(_AGENT)["OnFailure"] == _GIVE_UP
    _, _, line = shlex.split(_unit(_GIVE_UP)["ExecStart"])
    first, second = line.split(" || ")
    assert first == f"{AGENT} give-up"
    assert second == "/usr/bin/python3 /opt/efs-backup/boot.py give-up"


@pytest.mark.parametrize("command", ["backup", "finish", "restore", "give-up"])
def test_the_commands_that_are_called_are_there(command: str) -> None:
    """By their names."""
    assert CliRunner().invoke(main, [command, "--help"]).exit_code == 0


@pytest.mark.parametrize(
    ("jobs", "reboots"),
    [
        ("12 reboot.target start waiting\n13 efs-backup-agent.service stop running\n", True),
        ("12 poweroff.target start waiting\n13 efs-backup-agent.service stop running\n", False),
        ("No jobs running.\n", False),
    ],
)
def test_a_machine_that_boots_anew_tells_its_agent_so(tmp_path: Path, jobs: str, reboots: bool) -> None:
    """Before it is asked to stop; one that is terminated does not, and its backup is reported."""
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(f"#!/bin/sh\ncat <<'END'\n{jobs}END\n")
    systemctl.chmod(0o755)
    line = _unit(_AGENT)["ExecStop"].removeprefix("-").replace("/run/efs-backup", str(tmp_path))
    subprocess.run(shlex.split(line), env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=False)
    machine = Machine("i-1", "a", frozenset(), place=tmp_path)
    assert machine.reboots == reboots
    assert str(Machine("i-1", "a", frozenset()).place) in _unit(_AGENT)["ExecStop"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd")
@pytest.mark.parametrize("name", [_AGENT, _GIVE_UP])
def test_systemd_understands_the_units(tmp_path: Path, name: str) -> None:
    """Each word of them; RestartMode is known since version 254, and Ubuntu 24.04 has 255."""
    for unit in (_AGENT, _GIVE_UP):
        text = (_DEPLOYMENT / unit).read_text()
        (tmp_path / unit).write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE))
    done = subprocess.run(["systemd-analyze", "verify", tmp_path / name], capture_output=True, text=True, check=False)
    complaints = [line for line in done.stderr.splitlines() if name in line]
    assert [line for line in complaints if "RestartMode" not in line] == []
