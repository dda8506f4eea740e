"""`efs-backup stack status`."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from efs_backup.cli import options
from efs_backup.cli.output import answered, print_facts, print_json, print_notes
from efs_backup.domain.humanize import aged, as_time
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.record_fields import backup_fields
from efs_backup.domain.operations.review import is_silent
from efs_backup.domain.operations.status import Activity, Asked, Status, Surroundings, status_of
from efs_backup.stack.account import Account
from efs_backup.stack.deployment import Deployment
from efs_backup.stack.options import as_json, on_stack
from efs_backup.stack.words import ended_line, kind_of, next_line, progress_line, schedule_line, why_line, workers_lines
from efs_backup.stack.zones import local_time

_Answer = TypeVar("_Answer")


@click.command(cls=options.Command)
@on_stack
@as_json
def status(*, account: Account, name: str | None, as_json: bool) -> int:
    """Show how the backups of a stack stand: the last one, what runs, the next one, alarms, holds and drills.

    What your credentials may not read is said, and the rest is shown.
    """
    found, notes = Deployment.of(account, name), list[str]()
    shown = status_of(found.plan, found.store.backups(), datetime.now(UTC), _around(found, notes.append))
    if as_json:
        print_json({**_fields(found, shown), "notes": notes})
    else:
        print_facts([
            ("stack", f"{found.stack.name} ({found.stack.region}, {found.stack.status})"), *_facts(shown),
            ("further", "efs-backup stack list" if found.stack.has_further_sources else ""),
        ])  # fmt: skip
        print_notes(notes)
    return answered()


def _around(found: Deployment, note: Callable[[str], None]) -> Surroundings:
    from efs_backup.lib.looks import alarms_of, unconfirmed  # noqa: PLC0415 - of an extra

    account, stack = found.account, found.stack
    alarms = _tried(
        "Alarms", note, lambda: alarms_of(account.client("cloudformation"), account.client("cloudwatch"), stack.name)
    )
    topic = stack.outputs.get("SNSTopic")
    waiting = _tried(
        "Subscriptions", note,
        lambda: unconfirmed(account.client("sns"), found.caller.topic(topic, stack.region)) if topic else [],
    )  # fmt: skip
    return Surroundings(alarms, waiting, found.asked())


def _tried(what: str, note: Callable[[str], None], look: Callable[[], _Answer]) -> _Answer | None:
    """A look that may be refused; None with a note where it was."""
    from efs_backup.lib.aws_errors import refused_because  # noqa: PLC0415 - of an extra

    answers = list[_Answer]()
    with refused_because(lambda because: note(f"{what} are not known: {because}")):
        answers.append(look())
    return answers[0] if answers else None


def _facts(shown: Status) -> list[tuple[str, str]]:
    plan, now, around = shown.plan, shown.now, shown.around
    last_failed = shown.last and shown.success and shown.last.backup_id != shown.success.backup_id
    return [
        ("source", f"{plan.source} {plan.prefix}"),
        ("target", f"{plan.backup}, label {plan.label}, {plan.interval}"),
        ("schedule", schedule_line(plan)),
        ("last", ended_line(shown.last, now) if shown.last else "no backup has ended yet"),
        ("", why_line(shown.last) if shown.last else ""),
        ("success", ended_line(shown.success, now) if shown.success and last_failed else ""),
        ("now", _activity(shown)),
        *(("", line) for line in (workers_lines(shown.running, now) if shown.running else ())),
        *(("", _line(one, now)) for one in shown.beside),
        ("next", next_line(shown.next_start, now, shown.forecast_seconds)),
        ("alarms", _alarms(shown)),
        ("hold", f"nothing older than {shown.hold} is dropped" if shown.hold else "none"),
        *_pins(shown),
        *(("waits", _asked(one, now)) for one in around.asked),
        ("drill", _drill(shown)),
        ("mails", "".join(f"{one} has not confirmed that it wants them; " for one in around.unconfirmed or ())),
    ]


def _activity(shown: Status) -> str:
    if shown.running is None:
        return Activity.IDLE
    return _line(shown.running, shown.now)


def _line(record: BackupRecord, now: datetime) -> str:
    said = progress_line(record, now)
    return f"SILENT  {said}" if is_silent(record, now) else said


def _alarms(shown: Status) -> str:
    if shown.around.alarms is None:
        return "not known"
    return "; ".join(f"{one.name} (for {aged(shown.now - one.since)})" for one in shown.around.alarms) or "none"


def _pins(shown: Status) -> list[tuple[str, str]]:
    """A line for each pin; the records of an older agent do not say whether there are any."""
    pins = shown.pins
    if not pins:
        return [("pins", "not known" if pins is None else "none")]
    return [("" if at else "pins", f"{snapshot} {said}") for at, (snapshot, said) in enumerate(pins)]


def _asked(one: Asked, now: datetime) -> str:
    of = "".join(f" of {what}" for what in (one.snapshot, one.row) if what)
    return f"{one.action}{of}, asked for by {one.by} {aged(now - one.at)} ago: {one.reason} (the next backup does it)"


def _drill(shown: Status) -> str:
    told = ""
    if shown.drill and shown.drill.drill_result:
        when = shown.drill.stop_time or shown.drill.start_time
        told = f"{shown.drill.drill_result}  {local_time(when)} ({aged(shown.now - when)} ago)"
    if shown.plan.drill_schedule:
        told = f"{told or 'none yet'}; next {next_line(shown.next_drill, shown.now, None)}"
    return told or "none is scheduled"


def _fields(found: Deployment, shown: Status) -> dict[str, Any]:
    plan, around = shown.plan, shown.around
    return {
        "stack": found.stack.name, "region": found.stack.region, "stack_status": found.stack.status,
        "source": plan.source, "source_path": plan.prefix, "backup": plan.backup,
        "label": plan.label, "interval": plan.interval,
        "schedule": plan.schedule, "time_zone": plan.zone_name, "window_minutes": plan.window_minutes,
        "rules": plan.keeps,
        "is_well": shown.is_well,
        "last": _record(plan.label, shown.last), "newest_success": _record(plan.label, shown.success),
        "activity": shown.activity, "running": _running(plan.label, shown.running),
        "beside": [_running(plan.label, one) for one in shown.beside],
        "next_start": shown.next_start and as_time(shown.next_start), "forecast_seconds": shown.forecast_seconds,
        "alarms": None if around.alarms is None else [
            {"name": one.name, "since": as_time(one.since), "reason": one.reason} for one in around.alarms
        ],
        "hold": shown.hold,
        "pins": None if shown.pins is None else [{"snapshot": name, "told": said} for name, said in shown.pins],
        "asked": [
            {
                "action": one.action, "row": one.row or None, "snapshot": one.snapshot, "reason": one.reason,
                "by": one.by, "at": as_time(one.at),
            }
            for one in around.asked
        ],
        "drill": _last_drill(shown.drill), "next_drill": shown.next_drill and as_time(shown.next_drill),
        "unconfirmed": None if around.unconfirmed is None else [*around.unconfirmed],
    }  # fmt: skip


def _record(label: str, record: BackupRecord | None) -> dict[str, Any] | None:
    return backup_fields(label, record) if record else None


def _running(label: str, record: BackupRecord | None) -> dict[str, Any] | None:
    if record is None:
        return None
    return {
        "kind": kind_of(record), "phase": record.phase, "instance_id": record.instance_id,
        "heartbeat": record.heartbeat_time and as_time(record.heartbeat_time),
        "wanted_workers": record.wanted_workers, "workers": [
            {"instance_id": name, "work": sign.work, "files": sign.files, "alive": as_time(sign.alive)}
            for name, sign in sorted((record.workers or {}).items())
        ],
        "window_stops": as_time(record.window_stop), "record": backup_fields(record.label or label, record),
    }  # fmt: skip


def _last_drill(record: BackupRecord | None) -> dict[str, Any] | None:
    if record is None:
        return None
    return {
        "result": record.drill_result, "ended": record.stop_time and as_time(record.stop_time),
        "snapshot": record.snapshot, "files": record.drill_files, "different_files": record.drill_different,
        "estimated_restore_seconds": record.estimated_restore_seconds, "evidence": record.drill_evidence,
        "message": record.message or "",
    }  # fmt: skip
