"""`efs-backup stack list`, `add` and `remove`: the file systems that a stack backs up."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import click

from efs_backup.cli import options
from efs_backup.cli.output import answered, print_json, print_line, print_notes, print_table
from efs_backup.cli.tables import Column
from efs_backup.domain.errors import NothingThere, WrongUsage
from efs_backup.domain.humanize import as_time
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.snapshots.window import Window, minutes_of
from efs_backup.domain.sources.row import Policy, Source
from efs_backup.domain.sources.table import SourceTable
from efs_backup.stack.account import Account
from efs_backup.stack.deployment import Deployment
from efs_backup.stack.options import as_json, on_stack
from efs_backup.stack.sources import DEFAULT_POLICY, Sources, next_start, policy_as_json, row_as_json

_COLUMNS = (
    Column("Row"), Column("Source"), Column("Next start"), Column("Last"), Column("Schedule"), Column("Rules"),
    Column("Policy"), Column("Why", is_named=False),
)  # fmt: skip
_POLICY_COLUMNS = (Column("Policy"), Column("Interval"), Column("Schedule"), Column("Window"), Column("Rules"))
_LABEL = click.option("--label", metavar="LABEL", help="The folder on the backup file system; one for each source.")
_INTERVAL = click.option(
    "--interval", type=click.Choice([each.value for each in Interval]), help="The series of the label.  [daily]"
)
_NAME = click.option("--policy", metavar="NAME", help="The policy that the file system goes by, or that is meant.")


@click.command("list", cls=options.Command)
@on_stack
@as_json
def list_sources(*, account: Account, name: str | None, as_json: bool) -> int:
    """List the file systems that a stack backs up, with the next start of each, and its policies."""
    sources, now = Sources(Deployment.of(account, name)), datetime.now(UTC)
    table, backups, waiting = sources.read(), sources.backups(), sources.waiting()
    rows = [(sources.first, None), *((row, str(row.label)) for row in table.rows)]
    last = {row.identity: _last(backups, row, label) for row, label in rows}
    if as_json:
        print_json({
            "stack": sources.stack.name, "region": sources.stack.region,
            "rows": [row_as_json(row, now) | _state(last[row.identity], row.identity in waiting) for row, _ in rows],
            "policies": [policy_as_json(policy) for policy in table.policies],
        })  # fmt: skip
        return answered()
    print_table(_COLUMNS, [_cells(row, last[row.identity], row.identity in waiting, now) for row, _ in rows])
    print_notes(table.faults)
    if table.policies:
        print_line("")
        print_table(_POLICY_COLUMNS, [_policy_cells(policy) for policy in table.policies])
    return answered()


@click.command(cls=options.Command)
@on_stack
@click.option("--source", metavar="FILESYSTEM", help="The id of the file system, fs-...; without it, a policy is made.")
@_LABEL
@click.option("--prefix", metavar="DIRECTORY", help="The directory of it that is backed up.  [/]")
@_NAME
@_INTERVAL
@click.option("--schedule", metavar="EXPRESSION", help="When, as EventBridge has it: cron(0 2 * * ? *) or rate(...).")
@click.option("--time-zone", metavar="ZONE", help="By whose clock, such as Europe/Berlin.  [UTC]")
@click.option("--window", metavar="TIME", help="How long a backup may take: 60 minutes to 22 hours.  [3h]")
@click.option("--rules", metavar="RULES", help="What is kept, such as daily=30,weekly=12.  [last=7]")
@as_json
def add(*, account: Account, name: str | None, source: str | None, as_json: bool, **asked: str | None) -> int:
    """Add a file system to what a stack backs up, or, with --policy alone, make or change a policy.

    A file system with the tag efs-backup:policy=NAME is added by itself within half an hour.
    """
    sources = Sources(Deployment.of(account, name))
    if source is None:
        if asked["label"] is not None or asked["prefix"] is not None:
            raise WrongUsage("A label and a directory are of a file system, and none is named.", "Give --source fs-...")
        return _add_policy(sources, _policy_of(asked["policy"], asked, DEFAULT_POLICY), as_json)
    now, label = datetime.now(UTC), asked["label"]
    if label is None:
        raise WrongUsage("A file system needs a label of its own.", "Give one: --label NAME")
    commands = sources.commands_for(source)

    def with_row(table: SourceTable) -> SourceTable:
        row = Source(FolderLabel(label), source, asked["prefix"] or "/", _policy_for(table, asked), now)
        return table.with_row(row, sources.taken, sources.stack.output("BackupEFS"))

    row = sources.change(with_row).newest(label)
    if as_json:
        print_json({"stack": sources.stack.name, "row": row_as_json(row, now), "commands": commands})
        return answered()
    start = next_start(row, now)
    print_line(f"{row.identity} of {source} is backed up from {_time(start)} on.")
    if commands:
        print_line("Before that, let the instance mount it:")
        for command in commands:
            print_line(f"  {command}")
    return answered()


@click.command(cls=options.Command)
@on_stack
@_LABEL
@_INTERVAL
@_NAME
@as_json
def remove(
    *, account: Account, name: str | None, label: str | None, interval: str | None, policy: str | None, as_json: bool
) -> int:
    """Take a file system out of what a stack backs up, or a policy that nothing goes by.

    Its snapshots and records stay; a backup of it that runs goes on.
    """
    sources = Sources(Deployment.of(account, name))
    if (label is None) == (policy is None):
        raise WrongUsage("Either a file system or a policy is removed.", "Give --label or --policy.")
    removed = [policy or ""]

    def without(table: SourceTable) -> SourceTable:
        if label is None:
            return table.without_policy(removed[0])
        row = _removable(table, sources, label, interval)
        removed[0] = row.identity
        return table.without_row(row)

    sources.change(without)
    if as_json:
        print_json({"stack": sources.stack.name, "removed": removed[0]})
    else:
        print_line(f"{removed[0]} is removed." + (" Its snapshots stay." if label else ""))
    return answered()


def _removable(table: SourceTable, sources: Sources, label: str, interval: str | None) -> Source:
    first = sources.first
    try:
        row = table.row(label, interval)
    except NothingThere:
        if label == str(first.label):
            raise WrongUsage(
                f"The row {first.identity} is that of the stack's parameters.", "Delete the stack to end it."
            ) from None
        raise
    if row.is_active and row.is_discovered:
        raise WrongUsage(
            f"The tag of {row.file_system} would bring the row {row.identity} back.",
            f"Remove the tag: aws efs untag-resource --resource-id {row.file_system} --tag-keys efs-backup:policy",
        )
    return row


def _add_policy(sources: Sources, policy: Policy, as_json: bool) -> int:
    made = sources.change(lambda table: table.with_policy(policy)).policy(policy.name)
    if as_json:
        print_json({"stack": sources.stack.name, "policy": policy_as_json(made)})
    else:
        print_line(f"File systems with the tag efs-backup:policy={made.name} are backed up by it.")
    return answered()


def _policy_for(table: SourceTable, asked: Mapping[str, str | None]) -> Policy:
    """The policy that a new row goes by: one of the table, or what is said for it alone."""
    if not asked["policy"]:
        return _policy_of("", asked, DEFAULT_POLICY)
    if any(asked[each] for each in _OF_POLICIES):
        raise WrongUsage(
            f"What the policy {asked['policy']} says cannot be said for one file system.", "Leave one of both out."
        )
    return table.policy(asked["policy"])


_OF_POLICIES = ("interval", "schedule", "time_zone", "window", "rules")


def _policy_of(name: str | None, given: Mapping[str, str | None], base: Policy) -> Policy:
    if name is None:
        raise WrongUsage("Nothing is named that could be added.", "Give --source and --label, or --policy.")
    window = Window.of_minutes(minutes_of(given["window"])).seconds if given["window"] else None
    return replace(
        base, name=name, interval=Interval(given["interval"] or base.interval), rules=given["rules"] or base.rules,
        schedule=given["schedule"] or base.schedule, zone=given["time_zone"] or base.zone,
        window_minutes=round(window / 60) if window else base.window_minutes,
    )  # fmt: skip


def _last(backups: list[BackupRecord], row: Source, label: str | None) -> BackupRecord | None:
    own = [each for each in backups if each.label == label and each.interval is row.interval and each.is_backup]
    return own[-1] if own else None


def _state(last: BackupRecord | None, waits: bool) -> dict[str, object]:
    return {
        "last_status": last.status.value if last else None, "last_start": as_time(last.start_time) if last else None,
        "waits": waits,
    }  # fmt: skip


def _cells(row: Source, last: BackupRecord | None, waits: bool, now: datetime) -> list[str]:
    start = "waits for its turn" if waits else _time(next_start(row, now)) if row.is_active else "inactive"
    where = row.file_system + ("" if row.prefix == "/" else f":{row.prefix}")
    told = f"{last.status} {last.start_time:%Y-%m-%d %H:%M}" if last else ""
    return [row.identity, where, start, told, row.policy.schedule, row.policy.rules, row.policy.name, row.why]


def _policy_cells(policy: Policy) -> list[str]:
    window = f"{policy.window_minutes} minutes"
    return [policy.name, policy.interval.value, policy.schedule, window, policy.rules]


def _time(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC" if time else "never"
