"""`efs-backup estimate`."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import click

from efs_backup.cli import options
from efs_backup.cli.output import answered, print_columns, print_facts, print_json, print_lines, print_notes
from efs_backup.cli.price_file import read_prices
from efs_backup.cli.retention_options import retention
from efs_backup.domain.cost.estimate import MONTH_DAYS, Estimate, NightCost, StorageClass, StorageCost
from efs_backup.domain.cost.nights import Night, Operations
from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.forecast import minutes
from efs_backup.domain.humanize import counted, sized
from efs_backup.domain.requests.requests import BackupRequest
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.snapshots.scrubbing import DEFAULT_SCRUB_DAYS, ScrubRule
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.signals import stop_on_signals
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.survey import Survey, survey

_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_MOST_DAYS = 3650
_BACKUPS = ("BACKUP", "READ", "WRITTEN", "TAKES", "THROUGHPUT", "INSTANCE", "TOGETHER")
_STORED = ("STORED FOR A MONTH", "GB", "STORAGE", "MOVED", "SCRUB READS", "TOGETHER", "FIRST MOVE")


@click.command(cls=options.Command)
@options.source
@options.backup
@click.option("--days", type=float, default=MONTH_DAYS, show_default=True, help="The first days, which are added up.")
@click.option("--change", metavar="SHARE", help="How many files change from one backup to the next, as 0.5%.")
@retention
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave out names or paths; repeatable.")
@click.option("--scrub-days", type=int, default=DEFAULT_SCRUB_DAYS, show_default=True, metavar="N", help="As of run.")
@click.option("--scan", is_flag=True, help="Look at SOURCE, even if there is a manifest of it.")
@click.option("--prices", metavar="FILE", help="Your prices, as JSON or TOML.")
@click.option("--region", metavar="NAME", help="Whose list prices; us-east-1 where nothing is said.")
@options.label
@options.interval
@options.as_json
def estimate(
    *,
    source: str,
    backup: str,
    days: float,
    change: str | None,
    exclude: tuple[str, ...],
    scrub_days: int,
    scan: bool,
    prices: str | None,
    region: str | None,
    label: str,
    interval: str,
    as_json: bool,
    **keeping: Any,
) -> int:
    """Say what backups of SOURCE into BACKUP would cost, where both are Amazon EFS with elastic throughput.

    Nothing is asked of AWS, and nothing is touched. The tree is that of the newest manifest, or else SOURCE itself is
    listed once. Beside it stands what AWS Backup would cost for the same data.
    """
    if not 0 < days <= _MOST_DAYS:
        raise WrongUsage(f"A number of days is above 0, and at most {_MOST_DAYS:,}; {days:g} is none.")
    share = None if change is None else _share_of(change)
    asked = options.asked_of(window=None, exclude=exclude, **keeping)
    request = BackupRequest(
        source, backup, FolderLabel(label), Interval(interval), asked=asked, scrub=ScrubRule(scrub_days)
    )
    list_prices, stop = read_prices(prices, region), Stop(Window())
    stop_on_signals(stop)
    known = survey(request, now=datetime.now(UTC), should_stop=stop.is_due, scans=scan)
    if share is not None:
        known = replace(known, habits=replace(known.habits, change=share), change_from="as you say")
    found = Estimate(known.tree, known.habits, list_prices, days, known.seconds)
    _print_json(found, known) if as_json else _print(found, known)
    return answered()


def _share_of(text: str) -> float:
    """A share of the files, from `0.5%`. Raises WrongUsage."""
    found = _SHARE.fullmatch(text.strip())
    if found is None or float(found[1]) > 100:  # noqa: PLR2004 - percent
        raise WrongUsage(f"{text!r} is no share of the files, such as 1% or 0.5%.")
    return float(found[1]) / 100


def _print(found: Estimate, known: Survey) -> None:
    print_notes(known.notes)
    print_facts(_about(found, known))
    print_lines([""])
    print_columns(_BACKUPS, map(_night_row, found.kinds))
    print_lines([""])
    print_columns(_STORED, map(_storage_row, found.storage()))
    print_lines([""])
    print_facts(_sums(found))
    print_lines(["", *_caveats(found)])


def _about(found: Estimate, known: Survey) -> list[tuple[str, str]]:
    tree, habits = found.tree, found.habits
    files = counted(tree.names, "file")
    scrub = f"all in {counted(habits.scrub_days, 'day')}" if habits.scrub_days else "nothing"
    return [
        ("tree", f"{files} ({sized(tree.size)}) in {tree.directories:,} directories, {known.tree_from}"),
        ("change", f"{habits.change:.2%} of the files a backup, {known.change_from}"),
        ("keeps", counted(habits.keeping.retained, "snapshot")),
        ("scrub", scrub),
        ("prices", found.prices.told),
    ]


def _night_row(one: NightCost) -> tuple[str, ...]:
    asked = one.night.both
    return (
        one.name, sized(asked.metered_read), sized(asked.metered_written), minutes(one.seconds),
        _money(one.read + one.written), _money(one.instance), _money(one.total),
    )  # fmt: skip


def _storage_row(one: StorageCost) -> tuple[str, ...]:
    name = one.storage_class if one.storage_class is StorageClass.STANDARD else f"and {one.storage_class}"
    return (
        name, f"{one.gigabytes:,.2f}", _money(one.storage), _money(one.moving), _money(one.reading), _money(one.total),
        _money(one.moving_once),
    )  # fmt: skip


def _sums(found: Estimate) -> list[tuple[str, str]]:
    backups = found.month
    stored = [f"{_money(backups + one.total)} ({one.storage_class})" for one in found.storage()]
    vault = found.aws_backup
    vaulted = f"{_money(vault.storage)} for {vault.gigabytes:,.2f} GB of warm storage"
    return [
        (f"the first {counted(round(found.days), 'day')}", f"{_money(found.period)} for backups, storage apart"),
        ("a month of a full series", f"{_money(backups)} for backups; with storage {', '.join(stored)}"),
        ("AWS Backup, a month", f"{vaulted}; a restore of all {_money(vault.restore)}"),
    ]


def _caveats(found: Estimate) -> list[str]:
    archive = (
        []
        if found.reaches_archive
        else ["Nothing reaches the archive, for the scrub reads each file more often than that takes."]
    )
    return [
        "Read and written are as Amazon EFS meters them with elastic throughput; with bursting they are free.",
        "Linking, listing and unlinking read no contents: they cost the same in every storage class.",
        *archive,
        "What changes is taken to lie anywhere in the tree, and in other files each time, which is the dearest case.",
    ]


def _money(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= 1 else f"{amount:.4f}"


def _print_json(found: Estimate, known: Survey) -> None:
    tree, habits, prices, vault = found.tree, found.habits, found.prices, found.aws_backup
    print_json({
        "tree": {
            "files": tree.names, "bytes": tree.size, "directories": tree.directories, "from": known.tree_from,
        },
        "habits": {
            "change": habits.change, "change_from": known.change_from, "retain": habits.keeping.retained,
            "scrub_days": habits.scrub_days, "backups_a_day": habits.backups_a_day,
        },
        "prices": {
            "region": prices.region, "currency": prices.currency, "date": prices.date.isoformat(),
            "sources": list(prices.sources),
        },
        "backups": [_night_json(one, found.nights().get(one.name, 0)) for one in found.kinds],
        "days": found.days,
        "first_days": found.period,
        "month": found.month,
        "storage": [_storage_json(one) for one in found.storage()],
        "aws_backup": {"gigabytes": vault.gigabytes, "storage": vault.storage, "restore": vault.restore},
        "notes": [*known.notes, *_caveats(found)],
    })  # fmt: skip


def _night_json(one: NightCost, times: float) -> dict[str, object]:
    """times: how many of them the first days have."""
    return {
        "name": one.name, "times": times, "seconds": one.seconds, **_sides(one.night), "read": one.read,
        "written": one.written,
        "instance": one.instance, "total": one.total,
    }  # fmt: skip


def _sides(night: Night) -> dict[str, object]:
    return {"source": _operations(night.source), "backup": _operations(night.backup)}


def _operations(one: Operations) -> dict[str, float]:
    return {
        "metadata_reads": round(one.reads), "metadata_writes": round(one.writes),
        "metered_bytes_read": round(one.metered_read), "metered_bytes_written": round(one.metered_written),
    }  # fmt: skip


def _storage_json(one: StorageCost) -> dict[str, object]:
    return {
        "class": one.storage_class, "gigabytes": one.gigabytes, "storage": one.storage, "moving": one.moving,
        "scrub_reads": one.reading, "total": one.total, "first_move": one.moving_once,
    }  # fmt: skip
