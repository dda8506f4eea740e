"""`efs-backup stack doctor`."""

from datetime import UTC, datetime

import click

from efs_backup.cli import options
from efs_backup.cli.findings import only, tell
from efs_backup.domain.doctor.finding import chosen, examine
from efs_backup.domain.doctor.stack_checks import STACK_CHECKS
from efs_backup.stack.account import Account
from efs_backup.stack.options import as_json, on_stack


@click.command(cls=options.Command)
@on_stack
@only
@options.quiet
@as_json
def doctor(*, account: Account, name: str | None, only: tuple[str, ...], as_json: bool) -> int:
    """Find what is wrong with a stack, before its first night or after a failed one, and what mends it.

    Nothing is changed. Exit codes: 0 nothing is wrong, warnings aside; 6 something is; 3 something could not be seen.
    """
    from efs_backup.lib.doctor.facts import gather  # noqa: PLC0415 - of an extra, which the account has found

    checks = chosen(STACK_CHECKS, only)
    stack = account.stack(name)
    findings = examine(checks, gather(account.client, stack, datetime.now(UTC)))
    return tell(findings, {"stack": stack.name, "region": stack.region}, as_json=as_json)
