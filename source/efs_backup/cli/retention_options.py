"""The options of how many snapshots a series keeps."""

from collections.abc import Callable, Mapping

import click

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.snapshots.duration import Duration
from efs_backup.domain.snapshots.retention import DEFAULT_RETENTION, RETENTION_LIMIT, Retention, Rule

_COUNTED = {
    Rule.LAST: "Keep the N newest; the same as --retain.",
    Rule.HOURLY: "Keep the newest of each of the last N hours that have any.",
    Rule.DAILY: "The same with days, which begin in UTC.",
    Rule.WEEKLY: "The same with weeks, which begin on Mondays.",
    Rule.MONTHLY: "The same with months.",
    Rule.YEARLY: "The same with years.",
}
_WITHIN = "Keep all that are younger than the newest by less than this, such as 14d or 1y2m."

confirm = click.option("--confirm", is_flag=True, help="Another rule than before may drop more than half of them.")


def retention(command: Callable[..., int]) -> Callable[..., int]:
    """--retain and --keep-...; the command gets them as the keywords of `retention_of`."""
    options = [
        click.option("--retain", type=int, metavar="N", help=_retain_help()),
        *(click.option(f"--keep-{rule}", type=int, metavar="N", help=text) for rule, text in _COUNTED.items()),
        click.option("--keep-within", metavar="DURATION", help=_WITHIN),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def is_about_retention(name: str) -> bool:
    """Whether the keyword of a command is one of those options."""
    return name == "retain" or name.startswith("keep_")


def _retain_help() -> str:
    return (
        f"How many snapshots the series keeps, 1 to {RETENTION_LIMIT}: its own rule if not given, and"
        f" {DEFAULT_RETENTION.last} for a new one. Other rules below keep more beside them."
    )


def retention_of(
    *, retain: int | None, keep_last: int | None, keep_within: str | None, **counts: int | None
) -> Retention | None:
    """Read the rules from the options; None where nothing was given. Raises WrongUsage."""
    if retain is not None and keep_last is not None:
        raise WrongUsage("--retain and --keep-last are the same; give one of them.")
    last = keep_last if retain is None else retain
    given: Mapping[str, int] = {
        name.removeprefix("keep_"): count for name, count in counts.items() if count is not None
    }
    if last is None and not given and keep_within is None:
        return None
    return Retention(last=last, **given, within=None if keep_within is None else Duration.parse(keep_within))
