"""Arguments and options that the commands of a stack share."""

from collections.abc import Callable
from typing import Any

import click

from efs_backup.stack.account import Account

Command = Callable[..., int]


def on_stack(command: Command) -> Command:
    """Add STACK, --region and --profile; the command gets an `account` and the `name` (None: the only one)."""

    def called(*, region: str | None, profile: str | None, **given: Any) -> int:
        account = Account.of(region, profile)
        from efs_backup.lib.aws_errors import explained  # noqa: PLC0415 - of an extra, which the account has found

        with explained():
            return command(account=account, **given)

    called.__doc__, called.__name__ = command.__doc__, command.__name__
    called.__dict__.update(command.__dict__)
    for add in (_PROFILE, _REGION, _NAME):
        called = add(called)
    return called


_NAME = click.argument("name", metavar="[STACK]", required=False)
_REGION = click.option("--region", metavar="NAME", help="The region of the stack, if not that of the environment.")
_PROFILE = click.option("--profile", metavar="NAME", help="The profile of the credentials, as the AWS CLI has it.")

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON value on standard output.")
