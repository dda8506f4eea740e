"""The command line of the agent: `efs-backup-agent backup | finish | restore | give-up`, of units and Run Command."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from efs_backup.agent.backup import back_up
from efs_backup.agent.finish import finish as finish_backup
from efs_backup.agent.finish import give_up as give_backup_up
from efs_backup.agent.restore import give_up as give_restore_up
from efs_backup.agent.restore import restore as restore_snapshot
from efs_backup.agent.running import present
from efs_backup.agent.services import BackupServices, Machine, RestoreServices, agent_log
from efs_backup.domain.humanize import shown_lines
from efs_backup.domain.operations.lifecycle import LifecycleAction
from efs_backup.domain.operations.record import BackupId
from efs_backup.engine.machine.circumstances import settle

ENVIRONMENT_FILE = Path("/etc/efs-backup/agent.env")
"""Where the user data writes what the unit gives to the agent."""

_logger = logging.getLogger(__name__)
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@click.group()
def main() -> None:
    """Back up or restore Amazon EFS file systems on this instance."""
    settle()


@main.command()
def backup() -> None:
    """Make the backup that this instance was started for."""
    with _told():
        services = BackupServices.of_environment()
    with _alone(services.machine):
        back_up(services)


@main.command()
@click.option("--backup-id", required=True)
@click.option("--group", required=True)
@click.option("--hook", required=True)
@click.option("--token", required=True)
@click.option("--instance-id", required=True)
def finish(backup_id: str, group: str, hook: str, token: str, instance_id: str) -> None:
    """End the backup gracefully, and let the held instance go."""
    know_settings(ENVIRONMENT_FILE)
    with _told():
        services = BackupServices.of_environment()
        finish_backup(services, LifecycleAction(group, hook, token, instance_id), BackupId(backup_id))


@main.command()
def restore() -> None:
    """Make the restore that this instance was started for."""
    with _told():
        services = RestoreServices.of_environment()
    with _alone(services.machine):
        restore_snapshot(services)


@main.command()
def give_up() -> None:
    """End in the place of an agent that has died for good: say so, and give the instance back."""
    with _told():
        if os.environ.get("AGENT_TASK") == "restore":
            give_restore_up(RestoreServices.of_environment())
        else:
            give_backup_up(BackupServices.of_environment())


@contextmanager
def _told() -> Iterator[None]:
    """Log from the start: what ends the agent before its work begins is in its log too, whose last lines are mailed."""
    log_into(agent_log())
    try:
        yield
    except Exception:
        _logger.exception("The agent ends")
        raise


@contextmanager
def _alone(machine: Machine) -> Iterator[None]:
    """Be the agent at work on this machine."""
    with present(machine.place) as is_alone:
        if not is_alone:
            raise click.ClickException("Another agent is at work on this instance.")
        yield


def know_settings(file: Path) -> None:
    """Have the variables of the unit's file in the environment: Run Command starts a program without them."""
    with suppress(FileNotFoundError):
        for line in file.read_text().splitlines():
            name, _, value = line.partition("=")
            os.environ.setdefault(name, value)


def log_into(file: Path) -> None:
    """Log into this file and onto standard output; where one cannot be written the work goes on all the same."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stdout)]
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(file, encoding="utf-8", errors="backslashreplace"))
    for handler in handlers:
        handler.setFormatter(_ShownLines(_FORMAT))
    logging.raiseExceptions = False
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    logging.getLogger("botocore").setLevel(logging.WARNING)


class _ShownLines(logging.Formatter):
    """Lines in which no name of a file is taken for anything else by a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return shown_lines(super().format(record))
