"""`efs-backup stack outputs`."""

import click

from efs_backup.cli import options
from efs_backup.cli.output import answered, print_facts, print_json
from efs_backup.stack.account import Account
from efs_backup.stack.options import as_json, on_stack


@click.command(cls=options.Command)
@on_stack
@as_json
def outputs(*, account: Account, name: str | None, as_json: bool) -> int:
    """Print the outputs of a stack: ids of file systems, names of its function, table, bucket and topic."""
    stack = account.stack(name)
    if as_json:
        rows = [{"name": key, "value": value} for key, value in sorted(stack.outputs.items())]
        print_json({"stack": stack.name, "region": stack.region, "outputs": rows})
    else:
        print_facts(sorted(stack.outputs.items()))
    return answered()
