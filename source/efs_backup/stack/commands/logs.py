"""`efs-backup stack logs`."""

import json
import shlex
import sys
from collections.abc import Iterator

import click

from efs_backup.cli import options
from efs_backup.cli.output import answered, print_lines, print_notes
from efs_backup.domain.operations.lifecycle import AGENT_LOG, BOOT_LOG
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.stack.account import Account
from efs_backup.stack.deployment import Deployment
from efs_backup.stack.options import on_stack
from efs_backup.stack.watching import INTERRUPTED, followed
from efs_backup.stack.zones import local_time


@click.command(cls=options.Command)
@on_stack
@click.option("--backup", metavar="ID", help="Of this backup or drill; of the one that was started last if not given.")
@click.option("-f", "--follow", is_flag=True, help="Go on until it has ended.")
def logs(*, account: Account, name: str | None, backup: str | None, follow: bool) -> int:
    """Print what the orchestrator and the agent say about a backup.

    An agent stores its log in the log bucket when it ends. While it works, the log is on its instance: it is said where
    and how to read it there, and its record has its phase and figures (`status`).
    """
    found = Deployment.of(account, name)
    record = found.backup(backup)
    try:
        print_lines(_lines(found, record, follow=follow))
    except KeyboardInterrupt:
        return INTERRUPTED
    return answered()


def _lines(found: Deployment, record: BackupRecord, *, follow: bool) -> Iterator[str]:
    seen, last = set[str](), record
    for last in followed(found, record) if follow else [record]:
        yield from _of_function(found, last, seen)
        sys.stdout.flush()
    yield from _of_agent(found, last)


def _of_function(found: Deployment, record: BackupRecord, seen: set[str]) -> Iterator[str]:
    """The lines that were not seen before; an event may come late."""
    from efs_backup.lib.aws_errors import refused_because  # noqa: PLC0415 - of an extra
    from efs_backup.lib.stored_logs import function_lines  # noqa: PLC0415 - as above

    group, client = found.stack.output("LogGroup"), found.account.client("logs")
    with refused_because(lambda because: _unknown("The orchestrator's lines", because, seen)):
        for line in function_lines(client, group, record.backup_id, record.start_time):
            if line.event_id not in seen:
                seen.add(line.event_id)
                yield f"{local_time(line.time)}  orchestrator  {line.level:7}  {line.text}".rstrip()


def _unknown(what: str, because: str, seen: set[str]) -> None:
    """Say it once: with --follow it is asked again and again."""
    if because not in seen:
        seen.add(because)
        print_notes([f"{what} are not known: {because}"])


def _of_agent(found: Deployment, record: BackupRecord) -> Iterator[str]:
    from efs_backup.lib.stored_logs import object_lines  # noqa: PLC0415 - of an extra

    if record.logs is None:
        print_notes(_none(found, record))
        return
    print_notes([f"The agent's log, {record.logs}:"])
    yield from object_lines(found.account.client("s3"), record.logs)


def _none(found: Deployment, record: BackupRecord) -> list[str]:
    """Where the agent's log is while no object has it."""
    bucket = found.stack.outputs.get("LogBucket", "BUCKET")
    if record.has_ended:
        return [f"No agent has stored a log; that of the instance's boot may lie in s3://{bucket}/ec2-logs/."]
    if record.instance_id is None:
        return ["No instance serves it yet, so there is no agent's log; the lines above are the orchestrator's."]
    show = json.dumps({"command": [f"sudo tail -n 100 -f {AGENT_LOG}"]})
    look = shlex.join([
        "aws", "ssm", "start-session", "--target", record.instance_id, "--document-name", "AWS-StartInteractiveCommand",
        "--parameters", show, "--region", found.stack.region,
    ])  # fmt: skip
    where = f"The agent's log is {AGENT_LOG} on {record.instance_id}, that of its boot {BOOT_LOG}"
    return [
        f"The lines above are the orchestrator's. {where}; when it ends both come to s3://{bucket}/.",
        "How far it is says: efs-backup stack status",
        f"To read it now, with the Session Manager plugin: {look}",
    ]
