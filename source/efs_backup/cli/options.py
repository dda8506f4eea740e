"""Arguments and options that several commands share."""

import click

from efs_backup.domain.snapshots import DEFAULT_LABEL, RETENTION_LIMIT, Interval

_INTERVALS = click.Choice([interval.value for interval in Interval])


def _not_empty(_context: click.Context, parameter: click.Parameter, value: str) -> str:
    """An unset variable of a script must not mean the working directory."""
    if not value:
        raise click.BadParameter(f"{parameter.human_readable_name} is empty.")
    return value


source = click.argument("source", metavar="SOURCE", callback=_not_empty)
backup = click.argument("backup", metavar="BACKUP", callback=_not_empty)
target = click.argument("target", metavar="TARGET", callback=_not_empty)
label = click.option("--label", default=DEFAULT_LABEL, show_default=True, help="The folder of one source's snapshots.")
any_label = click.option("--label", help="Only this label.")
interval = click.option(
    "--interval", type=_INTERVALS, default=Interval.DAILY.value, show_default=True, help="The series."
)
any_interval = click.option("--interval", type=_INTERVALS, help="Only this series.")
jobs = click.option("--jobs", type=int, metavar="N", help="Copies at a time; chosen from the machine if not given.")
dry_run = click.option("--dry-run", is_flag=True, help="Show what would be done, and touch nothing.")
as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON value on standard output; logs go to standard error."
)
RETAIN_HELP = f"How many snapshots the series keeps, 1 to {RETENTION_LIMIT}."
