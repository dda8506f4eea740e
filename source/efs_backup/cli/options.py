"""Arguments and options that several commands share."""

import click

from efs_backup.domain.snapshots import DEFAULT_LABEL, RETENTION_LIMIT, Interval

_INTERVALS = click.Choice([interval.value for interval in Interval])

backup = click.argument("backup", metavar="BACKUP")
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
