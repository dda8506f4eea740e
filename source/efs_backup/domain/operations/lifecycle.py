"""The hold of an instance that is to be terminated, and the command that asks its agent to finish."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from efs_backup.domain.operations.record import BackupId

AGENT = "/opt/efs-backup/venv/bin/efs-backup-agent"
BOOT_LOG, AGENT_LOG = "/var/log/cloud-init-output.log", "/var/log/efs-backup-agent.log"

NO_AGENT = 127
"""How the command ends where the instance has no agent; a shell says the same of a program that is not there."""

_LAST_LINES = 12


@dataclass(frozen=True)
class LifecycleAction:
    """The hold of one instance: what the group must be told to let it go."""

    group: str
    hook: str
    token: str
    instance_id: str


@dataclass(frozen=True)
class CommandOutput:
    """How a command ended, with what it wrote; None and "" where nobody knows. `details` is a detailed status."""

    code: int | None = None
    text: str = ""
    details: str = ""


def create_commands(action: LifecycleAction, backup_id: BackupId) -> list[str]:
    """The shell lines. Each argument is quoted, so that none can be anything but an argument.

    Where the boot came to no agent, its last lines are all that can be said.
    """
    call = shlex.join((
        AGENT, "finish", f"--backup-id={backup_id}", f"--group={action.group}", f"--hook={action.hook}",
        f"--token={action.token}", f"--instance-id={action.instance_id}",
    ))  # fmt: skip
    return [f"test -x {AGENT} || {{ tail -n {_LAST_LINES} {BOOT_LOG}; exit {NO_AGENT}; }}", call]


def read_commands(lines: Sequence[str]) -> tuple[LifecycleAction, BackupId]:
    """Read back what such lines were made from. Raises ValueError or KeyError where they are not ours."""
    words = shlex.split(lines[-1]) if lines else []
    if words[:2] != [AGENT, "finish"]:
        raise ValueError("it does not call the agent's finish")
    given = dict(word.removeprefix("--").split("=", 1) for word in words[2:])
    action = LifecycleAction(given["group"], given["hook"], given["token"], given["instance-id"])
    return action, BackupId(given["backup-id"])
