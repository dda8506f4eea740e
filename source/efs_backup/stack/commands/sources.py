"""`efs-backup stack list`, `add` and `remove`: the file systems that a stack backs up."""

from datetime import UTC, datetime

import click

from efs_backup.cli import options
from efs_backup.cli.output import answered, print_json, print_line, print_notes, print_table
from efs_backup.cli.tables import Column
from efs_backup.domain.errors import NothingThere, WrongUsage
from efs_backup.domain.humanize import as_time
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.snapshots.names import Interval
from efs_backup.domain.sources.row import Policy, Source
from efs_backup.domain.sources.table import SourceTable
from efs_backup.stack.account import Account
from efs_backup.stack.adding import Said, add_policy, add_source, change_row
from efs_backup.stack.deployment import Deployment
from efs_backup.stack.options import as_json, on_stack
from efs_backup.stack.sources import Sources, next_start, policy_as_json, row_as_json

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
@click.option(
    "--exclude", metavar="PATTERN", multiple=True,
    help="Leave out what this matches, as in a .gitignore; repeatable; instead of what was left out before.",
)  # fmt: skip
@click.option("--no-exclude", is_flag=True, help="Leave nothing out any more.")
@as_json
def add(
    *, account: Account, name: str | None, source: str | None, exclude: tuple[str, ...], no_exclude: bool,
    as_json: bool, **asked: str | None,
) -> int:  # fmt: skip
    """Add a file system to what a stack backs up, or, with --policy alone, make or change a policy.

    Without --source, --label and --policy mean what is there: only what is said changes, and the rest stays. A file
    system with the tag efs-backup:policy=NAME is added by itself within half an hour.
    """
    sources, now = Sources(Deployment.of(account, name)), datetime.now(UTC)
    if exclude and no_exclude:
        raise WrongUsage("Give only one of --exclude and --no-exclude.")
    said = Said(**asked, excludes=exclude if exclude or no_exclude else None)
    if source is None:
        return _change(sources, said, now, as_json=as_json)
    commands = sources.commands_for(source)
    row = add_source(sources, source, said, now)
    if as_json:
        print_json({"stack": sources.stack.name, "row": row_as_json(row, now), "commands": commands})
        return answered()
    print_line(f"{row.identity} of {source} is backed up from {_time(next_start(row, now))} on.")
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


def _change(sources: Sources, said: Said, now: datetime, *, as_json: bool) -> int:
    """Change a row, or make or change a policy."""
    if said.prefix is not None:
        raise WrongUsage("A directory is of a file system, and none is named.", "Give --source fs-...")
    if said.label is None:
        return _tell_policy(sources, add_policy(sources, said), as_json=as_json)
    row = change_row(sources, said.label, said)
    if as_json:
        print_json({"stack": sources.stack.name, "row": row_as_json(row, now), "commands": list[str]()})
    else:
        own, left_out = row.policy, f", leaves out {', '.join(row.excludes)}" if row.excludes else ""
        print_line(
            f"{row.identity} of {row.file_system}: {own.schedule} {own.zone or 'UTC'}, window {own.window_minutes}"
            f" minutes, keeps {own.rules}{left_out}; next start {_time(next_start(row, now))}."
        )
    return answered()


def _tell_policy(sources: Sources, made: Policy, *, as_json: bool) -> int:
    if as_json:
        print_json({"stack": sources.stack.name, "policy": policy_as_json(made)})
    else:
        print_line(f"File systems with the tag efs-backup:policy={made.name} are backed up by it.")
    return answered()


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
