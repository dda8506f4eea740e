"""`efs-backup stack start`."""

import click

from efs_backup.cli import options
from efs_backup.cli.output import answered, print_facts, print_json
from efs_backup.domain.errors import Locked, ServiceFault, WrongUsage
from efs_backup.domain.humanize import as_time
from efs_backup.domain.operations.record import BackupRecord, backup_id_of, drill_id_of
from efs_backup.domain.operations.triggers import drill_event, start_event
from efs_backup.domain.operations.workflow import Action
from efs_backup.stack.account import Account
from efs_backup.stack.deployment import Deployment, new_event_id
from efs_backup.stack.options import as_json, on_stack
from efs_backup.stack.rows import further_row, of_label
from efs_backup.stack.watching import INTERRUPTED, tell_end, watch
from efs_backup.stack.words import kind_of
from efs_backup.stack.zones import local_time


@click.command(cls=options.Command)
@on_stack
@of_label
@click.option("--drill", is_flag=True, help="Start the rehearsal of a restore instead.")
@click.option("--follow", is_flag=True, help="Tell how far it is, and end as it ends.")
@as_json
def start(
    *, account: Account, name: str | None, label: str | None, interval: str | None, drill: bool, follow: bool,
    as_json: bool,
) -> int:  # fmt: skip
    """Start a backup, unless one runs; a drill that runs gives way to it. Beside other file systems it may wait.

    With --follow the exit code is that of the backup: 0 a success, 1 failed, 3 incomplete. Ctrl-C ends the following
    (130), not the backup.
    """
    found = Deployment.of(account, name)
    row = _row(found, label, interval, drill=drill)
    if not found.stack.has_further_sources:
        _refuse_beside(found.running(), drill=drill)
    event_id = new_event_id()
    told = found.ask({**(drill_event() if drill else start_event(label, interval)), "event_id": event_id})
    seed = f"{row} {event_id}" if row else event_id
    backup_id = drill_id_of(event_id) if drill else backup_id_of(seed)
    answer = {"stack": found.stack.name, "action": told["action"], "reason": told["reason"], "backup_id": backup_id}
    if told["action"] == Action.QUEUE:
        return _tell_turn(answer, as_json=as_json)
    record = found.find(backup_id)
    if record is None:
        raise ServiceFault(f"Nothing was started: {told.get('reason', 'the function does not say why')}.")
    if follow or record.has_ended:
        ended = record if record.has_ended else watch(found, backup_id)
        return tell_end(found, answer, ended, as_json=as_json) if ended else INTERRUPTED
    _tell_start(answer, record, as_json=as_json)
    return answered()


def _row(found: Deployment, label: str | None, interval: str | None, *, drill: bool) -> str | None:
    """The further row that is meant, as LABEL/INTERVAL; None for the first. Raises NothingThere, WrongUsage."""
    if label is not None and drill:
        raise WrongUsage("A drill is of the label of the stack's parameters.", "Leave --label out.")
    row = further_row(found, label, interval)
    return row.identity if row else None


def _refuse_beside(running: BackupRecord | None, *, drill: bool) -> None:
    """Raises Locked: the orchestrator would record, and mail, that one was skipped; a person is told at once."""
    if running is None or (running.is_drill and not drill):
        return
    raise Locked(
        f"The {kind_of(running)} {running.backup_id} runs, since {local_time(running.start_time)}.",
        "See how far it is: efs-backup stack status. End it: efs-backup stack stop",
    )


def _tell_turn(answer: dict[str, str], *, as_json: bool) -> int:
    if as_json:
        print_json({**answer, "window_stops": None, "backup": None})
    else:
        print_facts([("waits", answer["reason"]), ("see", "efs-backup stack list")])
    return answered()


def _tell_start(answer: dict[str, str], record: BackupRecord, *, as_json: bool) -> None:
    if as_json:
        print_json({**answer, "window_stops": as_time(record.window_stop), "backup": None})
        return
    print_facts([
        ("started", f"{kind_of(record)} {record.backup_id}"), ("because", answer["reason"]),
        ("stops", f"{local_time(record.window_stop)} at the latest"),
        ("see", "efs-backup stack status"),
    ])  # fmt: skip
