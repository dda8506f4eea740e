"""A restore, or an undo, that a person asks a stack for: shown, sent, followed."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from efs_backup.cli.output import print_error, print_facts, print_json, print_notes
from efs_backup.cli.question import Question, is_asked
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.errors import ExitCode, Locked, RecordGone, ServiceFault, WrongUsage
from efs_backup.domain.humanize import as_time, counted, sized
from efs_backup.domain.operations.deployed import DeployedStack
from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.operations.restore_record import first_paths, order_of, restore_id_of
from efs_backup.domain.operations.triggers import restore_event
from efs_backup.domain.operations.workflow import Action, decide_restore_start
from efs_backup.domain.requests.restore_order import RestoreOrder
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.stop import Stop
from efs_backup.stack.account import Account
from efs_backup.stack.following import follow

if TYPE_CHECKING:
    from efs_backup.lib.ddb import RecordTable

PARAMETER = "RestoreInPlace"
INTERRUPTED = 130
"""As a shell tells of a program that SIGINT has ended."""

_HOLD_MINUTES = 60
_EXIT_CODES = {
    BackupStatus.SUCCESS: ExitCode.DONE,
    BackupStatus.INCOMPLETE: ExitCode.INCOMPLETE,
    BackupStatus.SKIPPED: ExitCode.LOCKED,
}


@dataclass(frozen=True)
class Asking:
    """How a person asks: follow, no question, JSON."""

    follow: bool = False
    yes: bool = False
    as_json: bool = False


def ask_for(account: Account, stack: DeployedStack, order: RestoreOrder, asking: Asking) -> int:
    """Show an order, ask whether to go on, send it, and follow it if wanted. Raises what refuses it."""
    _refuse_impossible(stack, order)
    store = _records(account, stack)
    _refuse_beside(store)
    facts = _facts(stack, order)
    if order.writes and not asking.yes and is_asked() and not _question().ask(facts):
        print_error("Nothing was asked for.")
        return ExitCode.INCOMPLETE
    restore_id = _send(account, stack, order, store)
    record = store.get(restore_id)
    if asking.follow or order.dry_run or record.has_ended:
        ended = record if record.has_ended else _watch(store, restore_id)
        return INTERRUPTED if ended is None else _tell_end(stack, ended, as_json=asking.as_json)
    if asking.as_json:
        print_json(_as_json(stack, record))
    else:
        print_facts([*facts, ("restore", restore_id), ("ends", "with a mail; --follow would have told how far it is")])
    return ExitCode.DONE


def undo_of(account: Account, stack: DeployedStack, restore_id: str | None, *, dry_run: bool, by: str) -> RestoreOrder:
    """The order that takes a restore back: the named one, or the newest that can be. Raises WrongUsage."""
    store = _records(account, stack)
    known = sorted(store.backups(), key=lambda record: record.start_time, reverse=True)
    undone = {_undone_by(record) for record in known} if restore_id is None else {None}
    chosen = [
        record for record in known
        if record.is_restore and record.restore_quarantine and record.restore_quarantine not in undone
        and restore_id in (None, record.backup_id)
    ]  # fmt: skip
    if not chosen:
        which = f"The restore {restore_id}" if restore_id else "No restore of this stack"
        raise WrongUsage(
            f"{which} {'has' if restore_id else 'is on record that has'} no quarantine: there is nothing to take back.",
            "A dry run, and a restore that replaced and made nothing, leave none.",
        )
    return RestoreOrder(undoes=chosen[0].restore_quarantine, dry_run=dry_run, by=by)


def _undone_by(record: BackupRecord) -> str | None:
    """The quarantine that this undo has put back."""
    if not record.is_restore or record.status is not BackupStatus.SUCCESS:
        return None
    order = order_of(record)
    return None if order.dry_run else order.undoes


def caller_of(account: Account) -> str:
    """Who asks, for the record: the ARN of the credentials."""
    return str(account.client("sts").get_caller_identity()["Arn"])


def _refuse_impossible(stack: DeployedStack, order: RestoreOrder) -> None:
    if not order.writes or stack.parameters.get(PARAMETER) == "Yes":
        return
    raise WrongUsage(
        f"The stack {stack.name} does not restore into its source: its parameter {PARAMETER} is No.",
        f"See what would be done with --dry-run. Update the stack with {PARAMETER}=Yes, or use the restore stack"
        " (docs/restore.md).",
    )


def _refuse_beside(store: "RecordTable") -> None:
    """Raises Locked: the orchestrator would record, and mail, that it was not started; a person is told at once."""
    latest_id = store.latest()
    try:
        latest = store.get(latest_id) if latest_id else None
    except RecordGone:
        return
    decided = decide_restore_start(latest, datetime.now(UTC), _HOLD_MINUTES)
    if decided.action is Action.SKIP:
        raise Locked(f"Nothing was asked for: {decided.reason}.", "Or restore by the restore stack (docs/restore.md).")


def _send(account: Account, stack: DeployedStack, order: RestoreOrder, store: "RecordTable") -> BackupId:
    from efs_backup.lib.functions import Function  # noqa: PLC0415 - of an extra, which the account has found

    event_id = f"by hand {uuid4()}"
    answer = Function(account.client("lambda"), stack.output("Orchestrator")).ask(restore_event(order, event_id))
    restore_id = restore_id_of(event_id)
    try:
        store.get(restore_id)
    except RecordGone as gone:
        raise ServiceFault(f"Nothing was asked for: {answer.get('reason', 'nobody says why')}.") from gone
    return restore_id


def _records(account: Account, stack: DeployedStack) -> "RecordTable":
    from efs_backup.lib.ddb import RecordTable  # noqa: PLC0415 - as above

    return RecordTable(account.client("dynamodb"), stack.output("RecordTable"))


def _question() -> Question:
    return Question(_Quiet(), Stop(Window()))


def _watch(
    store: "RecordTable", restore_id: BackupId, pause: Callable[[float], None] | None = None
) -> BackupRecord | None:
    """Tell on standard error how far it is; None where SIGINT has ended the watching, which ends no restore."""
    try:
        for record in follow(lambda: store.get(restore_id), lambda: datetime.now(UTC), pause or time.sleep):
            if record.has_ended:
                last = record
            else:
                print_notes([_progress(record)])
    except KeyboardInterrupt:
        print_notes([f"Nobody follows any more; the restore {restore_id} goes on, and ends with a mail."])
        return None
    return last


def _progress(record: BackupRecord) -> str:
    phase = record.phase or ("begins" if record.instance_id else "its instance boots")
    files = f", {counted(record.number_of_files, 'file')}" if record.number_of_files else ""
    return f"The restore {record.backup_id}: {phase}{files}."


def _tell_end(stack: DeployedStack, ended: BackupRecord, *, as_json: bool) -> int:
    if as_json:
        print_json(_as_json(stack, ended))
    else:
        print_facts(_end_facts(ended))
    code = _EXIT_CODES.get(ended.status, ExitCode.FAILED)
    if code is not ExitCode.DONE:
        print_error(f"{ended.status}: {ended.message}", ended.next_step or "")
    return code


def _facts(stack: DeployedStack, order: RestoreOrder) -> list[tuple[str, str]]:
    named = [] if order.undoes else [("snapshot", order.told_snapshot()), ("paths", ", ".join(order.paths))]
    place = (
        f"{stack.outputs.get('SourceEFS', 'the source')}:"
        + (order.undoes or order.into or stack.parameters.get("BackupPrefix", "/"))
    )  # fmt: skip
    return [
        ("stack", f"{stack.name} in {stack.region}"),
        ("to do", "an undo" if order.undoes else f"a restore ({order.mode})"),
        *named,
        ("undoes" if order.undoes else "into", place),
        ("replaced", "nothing is kept of it" if order.keeps_replaced is False else "is kept in a quarantine"),
        ("only plan", "yes, nothing is touched" if order.dry_run else "no; --dry-run would tell what changes"),
    ]


def _end_facts(ended: BackupRecord) -> list[tuple[str, str]]:
    numbers = {
        "created": ended.restore_created, "replaced": ended.restore_replaced, "extra": ended.restore_extra,
    }  # fmt: skip
    return [
        ("status", ended.status),
        ("restore", ended.backup_id),
        ("snapshot", ended.snapshot or ""),
        *((name, f"{number:,}") for name, number in numbers.items() if number is not None),
        *((name, path) for name, paths in first_paths(ended).items() for path in paths),
        ("to bring", "" if ended.restore_bytes is None else sized(ended.restore_bytes)),
        ("quarantine", f"{ended.source}:{ended.restore_quarantine}" if ended.restore_quarantine else ""),
        ("log", ended.logs or ""),
        ("message", ended.message or ""),
        ("next", ended.next_step or ""),
    ]


def _as_json(stack: DeployedStack, record: BackupRecord) -> dict[str, Any]:
    """A restore as its record has it: of one that runs, what is not known yet is null."""
    first = first_paths(record)
    return {
        "stack": stack.name,
        "restore_id": record.backup_id,
        "status": record.status,
        "started": as_time(record.start_time),
        "ended": as_time(record.stop_time) if record.stop_time else None,
        "snapshot": record.snapshot,
        "created": record.restore_created,
        "replaced": record.restore_replaced,
        "extra": record.restore_extra,
        "bytes": record.restore_bytes,
        "first": {name: first.get(name, []) for name in ("created", "replaced", "extra")},
        "file_system": record.source,
        "quarantine": record.restore_quarantine,
        "logs": record.logs,
        "message": record.message,
        "next_step": record.next_step,
    }


class _Quiet:
    """A watcher with nothing to draw, around a question."""

    def step(self, name: str) -> None:
        """See Watcher."""

    def expect(self, files: int, size: int) -> None:
        """See Watcher."""

    def progress(self, done: CopyStatistics) -> None:
        """See Watcher."""

    def note(self, text: str) -> None:
        """See Watcher."""
