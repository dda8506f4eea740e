"""A restore, or an undo, that a person asks a stack for: shown, sent, followed."""

from dataclasses import dataclass
from typing import Any

from efs_backup.cli.output import print_error, print_facts, print_json
from efs_backup.cli.question import Question, is_asked
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.errors import ExitCode, WrongUsage
from efs_backup.domain.humanize import as_time, sized
from efs_backup.domain.operations.deployed import DeployedStack
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.restore_record import first_paths, order_if_any, restore_id_of
from efs_backup.domain.operations.triggers import restore_event
from efs_backup.domain.operations.workflow import decide_restore_start
from efs_backup.domain.requests.restore_order import RestoreOrder
from efs_backup.domain.results import BackupStatus, exit_code_of
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.stop import Stop
from efs_backup.stack.deployment import HOLD_MINUTES, Deployment, new_event_id
from efs_backup.stack.watching import INTERRUPTED, refuse_beside, started, utc_now, watch

PARAMETER = "RestoreInPlace"
_ELSEWHERE = "Or restore by the restore stack (docs/how-to/restore.md)."


@dataclass(frozen=True)
class Asking:
    """How a person asks: follow, no question, JSON."""

    follow: bool = False
    yes: bool = False
    as_json: bool = False


def ask_for(found: Deployment, order: RestoreOrder, asking: Asking) -> int:
    """Show an order, ask whether to go on, send it, and follow it if wanted. Raises what refuses it."""
    stack, now = found.stack, utc_now()
    _refuse_impossible(stack, order)
    refuse_beside(decide_restore_start(found.in_the_way(now), now, HOLD_MINUTES), _ELSEWHERE)
    facts = _facts(stack, order)
    if order.writes and not asking.yes and is_asked() and not _question().ask(facts):
        print_error("Nothing was asked for.")
        return ExitCode.INCOMPLETE
    event_id = new_event_id()
    restore_id = restore_id_of(event_id)
    answer = found.ask(restore_event(order, event_id))
    record = started(found, restore_id, answer["reason"])
    if asking.follow or order.dry_run or record.has_ended:
        ended = record if record.has_ended else watch(found, record)
        return INTERRUPTED if ended is None else _tell_end(stack, ended, as_json=asking.as_json)
    if asking.as_json:
        print_json(restore_as_json(stack, record))
    else:
        print_facts([*facts, ("restore", restore_id), ("ends", "with a mail; --follow would have told how far it is")])
    return ExitCode.DONE


def quarantine_of(found: Deployment, restore_id: str | None) -> str:
    """Where what a restore replaced lies: the named one, or the newest that can be taken back. Raises WrongUsage."""
    known = sorted(found.store.backups(), key=lambda record: record.start_time, reverse=True)
    undone = {_undone_by(record) for record in known} if restore_id is None else {None}
    chosen = (
        record.restore_quarantine for record in known
        if record.is_restore and record.restore_quarantine and record.restore_quarantine not in undone
        and restore_id in (None, record.backup_id)
    )  # fmt: skip
    if quarantine := next(chosen, None):
        return quarantine
    none = "No restore of this stack is on record that has a quarantine"
    which = none if restore_id is None else f"The restore {restore_id} has no quarantine"
    raise WrongUsage(
        f"{which}: there is nothing to take back.",
        "A dry run, and a restore that replaced and made nothing, leave none. What one has left that died is taken back"
        " by --quarantine and the directory into which it went.",
    )


def _undone_by(record: BackupRecord) -> str | None:
    """The quarantine that this undo has put back; None where its record does not say."""
    order = order_if_any(record) if record.is_restore and record.status is BackupStatus.SUCCESS else None
    return None if order is None or order.dry_run else order.undoes


def _refuse_impossible(stack: DeployedStack, order: RestoreOrder) -> None:
    if not order.writes or stack.parameters.get(PARAMETER) == "Yes":
        return
    raise WrongUsage(
        f"The stack {stack.name} does not restore into its source: its parameter {PARAMETER} is No.",
        f"See what would be done with --dry-run. Update the stack with {PARAMETER}=Yes, or use the restore stack"
        " (docs/how-to/restore.md).",
    )


def _question() -> Question:
    return Question(_Quiet(), Stop(Window()))


def _tell_end(stack: DeployedStack, ended: BackupRecord, *, as_json: bool) -> int:
    if as_json:
        print_json(restore_as_json(stack, ended))
    else:
        print_facts(_end_facts(ended))
    code = exit_code_of(ended.status)
    if code is not ExitCode.DONE:
        print_error(f"{ended.status}: {ended.message}", ended.next_step or "")
    return code


def _facts(stack: DeployedStack, order: RestoreOrder) -> list[tuple[str, str]]:
    named = [] if order.undoes else [("snapshot", order.told_snapshot()), ("paths", ", ".join(order.paths))]
    kept = [
        ("changed", "is moved to a quarantine of its own" if order.moves_changed else "is left alone, and named")
    ] if order.undoes else [
        ("replaced", "nothing is kept of it" if order.keeps_replaced is False else "is kept in a quarantine")
    ]  # fmt: skip
    place = (
        f"{stack.outputs.get('SourceEFS', 'the source')}:"
        + (order.undoes or order.into or stack.parameters.get("BackupPrefix", "/"))
    )  # fmt: skip
    return [
        ("stack", f"{stack.name} in {stack.region}"),
        ("to do", "an undo" if order.undoes else f"a restore ({order.mode})"),
        *named,
        ("undoes" if order.undoes else "into", place),
        *kept,
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


def restore_as_json(stack: DeployedStack, record: BackupRecord) -> dict[str, Any]:
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
