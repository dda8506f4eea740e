"""How the agent is told to finish."""

import shlex
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto.ssm.models import ssm_backends

from efs_backup.domain.errors import CommandDenied, InstanceNotManaged, ServiceFault
from efs_backup.domain.operations.lifecycle import AGENT, NO_AGENT, CommandOutput, LifecycleAction, create_commands
from efs_backup.domain.operations.record import BackupId
from efs_backup.lib.ssm import RunCommand, Secrets
from tests.lib.refusals import Refuse

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

BACKUP = BackupId("0badcafe")
ACTION = LifecycleAction("nightly-group", "goodbye", "token-1", "i-0123456789abcdef0")

_HOSTILE = [
    "two words", "$(touch x)", "`touch x`", "; touch x", "&& touch x", "| touch x", "> x", "new\nline", "\ntouch x\n",
    "single'quote", "'; touch x; '", 'double"quote', '"; touch x; "', "$HOME", "*", "~", "back\\slash", "\\", "#", "!x",
    "{a,b}", "-x", "--backup-id=other", "", "\t", "\r\n", "é", "'\"'\"'$(touch x)'\"'\"'",
]  # fmt: skip


@pytest.fixture(scope="module")
def client(session: boto3.Session) -> "SSMClient":
    """Systems Manager."""
    return session.client("ssm")


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program in an empty directory that prints its arguments, each ended by NUL."""
    program = tmp_path_factory.mktemp("stand_in") / "agent"
    program.write_text("#!/bin/sh\nprintf '%s\\0' \"$@\"\n")
    program.chmod(0o755)
    return program


def _arguments_in_a_shell(line: str, stand_in: Path) -> list[str]:
    """The arguments that the agent is called with when a real shell runs the line."""
    assert line.startswith(f"{AGENT} ")
    called = shlex.quote(str(stand_in)) + line.removeprefix(AGENT)
    done = subprocess.run(
        ["/bin/sh", "-c", called], cwd=stand_in.parent, capture_output=True, check=True, timeout=20
    )  # fmt: skip
    assert done.stderr == b""
    return [argument.decode() for argument in done.stdout.split(b"\0")[:-1]]


def _expected(action: LifecycleAction, backup_id: str) -> list[str]:
    return [
        "finish", f"--backup-id={backup_id}", f"--group={action.group}", f"--hook={action.hook}",
        f"--token={action.token}", f"--instance-id={action.instance_id}",
    ]  # fmt: skip


def test_the_command_calls_the_agent_with_all_that_it_must_tell_the_group(stand_in: Path) -> None:
    """Backup, group, hook, token and instance."""
    assert _arguments_in_a_shell(create_commands(ACTION, BACKUP)[-1], stand_in) == _expected(ACTION, BACKUP)


@pytest.mark.parametrize("name", _HOSTILE)
def test_no_name_can_be_anything_but_an_argument(stand_in: Path, name: str) -> None:
    """Neither a second command nor an option, wherever it stands."""
    action = LifecycleAction(group=name, hook=name, token=name, instance_id=name)
    assert _arguments_in_a_shell(create_commands(action, BackupId(name))[-1], stand_in) == _expected(action, name)
    assert list(stand_in.parent.iterdir()) == [stand_in]


_names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(group=_names, hook=_names, token=_names)
def test_any_names_reach_the_agent_as_they_are(stand_in: Path, group: str, hook: str, token: str) -> None:
    """Through a real shell."""
    action = replace(ACTION, group=group, hook=hook, token=token)
    assert _arguments_in_a_shell(create_commands(action, BACKUP)[-1], stand_in) == _expected(action, BACKUP)


def test_the_command_goes_to_the_held_instance_and_its_output_to_the_bucket(client: "SSMClient") -> None:
    """As a shell script with a time limit, which is the longest hold."""
    command_id = RunCommand(client, "nightly-logs").send_finish(ACTION, BACKUP, timeout_minutes=60)
    sent = client.list_commands(CommandId=command_id)["Commands"][0]
    assert (sent["DocumentName"], sent["InstanceIds"]) == ("AWS-RunShellScript", [ACTION.instance_id])
    assert (sent["OutputS3BucketName"], sent["OutputS3KeyPrefix"]) == ("nightly-logs", "ssm-logs")
    assert sent["Parameters"] == {"commands": create_commands(ACTION, BACKUP), "executionTimeout": ["3600"]}


def test_an_instance_that_systems_manager_does_not_reach_is_named(client: "SSMClient", refuse: Refuse) -> None:
    """With what to look at."""
    refuse(client, "send_command", "InvalidInstanceId", "Instances not in a valid state for account.")
    with pytest.raises(InstanceNotManaged, match=ACTION.instance_id) as refused:
        RunCommand(client, "nightly-logs").send_finish(ACTION, BACKUP, timeout_minutes=60)
    assert "SSM agent" in refused.value.next_step


def test_what_nobody_expected_of_systems_manager_is_told_as_it_is(client: "SSMClient", refuse: Refuse) -> None:
    """An error without a meaning here, too many calls for example, reaches the caller."""
    refuse(client, "send_command", "ThrottlingException", "Rate exceeded.")
    with pytest.raises(ClientError, match="Rate exceeded"):
        RunCommand(client, "nightly-logs").send_finish(ACTION, BACKUP, timeout_minutes=60)


def test_a_command_that_is_denied_is_named(client: "SSMClient", refuse: Refuse) -> None:
    """A missing right, or an instance that is gone with its tags: only who looks at the instance knows."""
    refuse(client, "send_command", "AccessDeniedException", "Not authorized.")
    with pytest.raises(CommandDenied, match=ACTION.instance_id) as refused:
        RunCommand(client, "nightly-logs").send_finish(ACTION, BACKUP, timeout_minutes=60)
    assert "ssm:SendCommand" in refused.value.next_step


def test_how_a_command_ended_is_read_with_what_it_wrote(client: "SSMClient") -> None:
    """Both of its streams, and the detailed status."""
    commands = RunCommand(client, "nightly-logs")
    command_id = commands.send_finish(ACTION, BACKUP, timeout_minutes=60)
    (sent,) = ssm_backends["123456789012"][client.meta.region_name].list_commands(command_id, None)
    ended = {"ResponseCode": 127, "StandardOutputContent": "out\n", "StandardErrorContent": "err\n"}
    sent.invocations[0] |= {**ended, "StatusDetails": "ExecutionTimedOut"}
    assert commands.output(command_id, ACTION.instance_id) == CommandOutput(127, "out\n\nerr", "ExecutionTimedOut")


def test_nothing_is_known_of_a_command_that_never_reached_its_instance(client: "SSMClient", refuse: Refuse) -> None:
    """The command may have timed out before."""
    refuse(client, "get_command_invocation", "InvocationDoesNotExist", "")
    assert RunCommand(client, "nightly-logs").output("0" * 36, ACTION.instance_id) == CommandOutput()


def shell(place: Path, lines: list[str]) -> "subprocess.CompletedProcess[str]":
    """Run them as Systems Manager does, as one script, where the instance's paths lead into a directory."""
    script = "\n".join(lines).replace("/opt/efs-backup", f"{place}/opt").replace("/var/log", f"{place}/log")
    return subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=False, timeout=20)


def test_where_no_agent_is_the_command_tells_the_last_lines_of_the_boot(tmp_path: Path) -> None:
    """By a code that says so; where one is, it is called and nothing else is said."""
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "cloud-init-output.log").write_text("".join(f"line {number}\n" for number in range(40)))
    lines = create_commands(ACTION, BACKUP)
    without = shell(tmp_path, lines)
    assert (without.returncode, without.stdout.splitlines()[0], without.stdout.count("\n")) == (NO_AGENT, "line 28", 12)
    agent = tmp_path / "opt" / "venv" / "bin" / "efs-backup-agent"
    agent.parent.mkdir(parents=True)
    agent.write_text("#!/bin/sh\necho $1\n")
    agent.chmod(0o755)
    assert (shell(tmp_path, lines).returncode, shell(tmp_path, lines).stdout) == (0, "finish\n")


def test_a_secret_is_read_and_a_refusal_does_not_hold_it(client: "SSMClient", refuse: Refuse) -> None:
    """Decrypted, without the line break that a file has at its end."""
    client.put_parameter(Name="/team/ping", Value="https://hc-ping.com/key\n", Type="SecureString")
    assert Secrets(client).read("/team/ping") == "https://hc-ping.com/key"
    with pytest.raises(ServiceFault, match="ParameterNotFound") as failed:
        Secrets(client).read("/team/none")
    assert "decrypt" in failed.value.next_step
    refuse(client, "get_parameter", "AccessDeniedException")
    with pytest.raises(ServiceFault, match="AccessDenied"):
        Secrets(client).read("/team/ping")
