"""Requests that the next agent carries out."""

from collections.abc import Iterable
from datetime import datetime

from efs_backup.cli.output import answered, print_facts, print_json, print_notes
from efs_backup.domain.errors import ServiceFault, WrongUsage
from efs_backup.domain.humanize import as_time
from efs_backup.domain.operations.pin_requests import Wish
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.workflow import Action
from efs_backup.domain.snapshots.names import Interval, SnapshotName
from efs_backup.domain.snapshots.selection import LATEST, Words
from efs_backup.domain.snapshots.when import Reading
from efs_backup.domain.sources.row import Source
from efs_backup.stack.deployment import Deployment, new_event_id
from efs_backup.stack.rows import event_of, running_of, start_of
from efs_backup.stack.words import next_line
from efs_backup.stack.zones import local_time


def ask_for(
    found: Deployment, event: dict[str, str], facts: dict[str, str | None], now: datetime, row: Source | None, *,
    as_json: bool,
) -> int:  # fmt: skip
    """Send a request, and say when it is carried out. facts: of what was asked. row: None for the first.

    Raises ServiceFault.
    """
    running = running_of(found, row)
    told = found.ask({**event, **event_of(row), "event_id": new_event_id()})
    if told["action"] != Action.NOTE:
        raise ServiceFault(f"Nothing was asked for: {told['reason']}.")
    start = start_of(found, row, now)
    if as_json:
        at = {"next_start": as_time(start) if start else None}
        print_json({"stack": found.stack.name, "action": event["action"], **facts, "by": event["by"], **at})
        return answered()
    print_facts([
        ("asked", event["action"]), ("of", row.identity if row else ""),
        *((name, value) for name, value in facts.items() if value), ("by", event["by"]),
        ("done", f"by the next backup: {next_line(start, now, None)}"),
    ])  # fmt: skip
    if running:
        print_notes([f"The backup {running.backup_id}, which runs, has begun before: it does not carry this out."])
    return answered()


def snapshot_named(found: Deployment, text: str, reading: Reading, row: Source | None) -> SnapshotName:
    """The snapshot of these words, among those that records tell of; a whole name is taken as it is.

    Raises WrongUsage, and NothingThere.
    """
    if name := SnapshotName.parse(text):
        return name
    interval = row.interval if row else Interval(found.plan.interval)
    selection = Words(interval, reading, {}).selection(text)
    if selection.number is not None and text.lower() != LATEST:
        raise WrongUsage("The records of a stack tell of no numbers.", "Give the name of the snapshot, or a time.")
    name = selection.choose(_names(found.store.backups(), interval, str(row.label) if row else None))
    read = f", for {text!r} is read as {local_time(selection.as_of)}" if selection.as_of else ""
    print_notes([f"The snapshot is {name}{read}."])
    return name


def _names(records: Iterable[BackupRecord], interval: Interval, label: str | None) -> list[SnapshotName]:
    """Those of successes of a label (None: the stack's own), the newest first: another's may have the same time."""
    backups = (one for one in records if one.mode is None and one.label == label)
    made = (one.snapshot for one in backups if one.interval is interval and one.snapshot)
    return sorted({name for text in made if (name := SnapshotName.parse(text))}, reverse=True)


def facts_of(wish: Wish) -> dict[str, str | None]:
    """The facts of a wish about a snapshot, for people and programs."""
    return {"snapshot": str(wish.snapshot), "reason": wish.text, "until": as_time(wish.until) if wish.until else None}
