"""The page of a stack: found by its output, asked with the operator's credentials, served on this machine."""

from collections.abc import Callable

from efs_backup.browse.serve import serve_elsewhere
from efs_backup.domain.errors import NothingThere, ServiceFault
from efs_backup.domain.forwarding import Fetch, refusal_of
from efs_backup.domain.operations.deployed import DeployedStack
from efs_backup.lib.aws_errors import explained
from efs_backup.lib.clients import Session
from efs_backup.lib.function_url import FunctionUrl
from efs_backup.stack.account import Account

_URL = "BrowseUrl"


def browse_stack(
    name: str, region: str | None, profile: str | None, *, address: str, port: int, tell: Callable[[str], None]
) -> None:
    """Serve the page of a stack until SIGINT or SIGTERM, once it has answered. Raises EfsBackupError."""
    account = Account.of(region, profile)
    with explained():
        stack = account.stack(name)
        url = url_of(stack)
        session = Session.of(region, profile)
        fetch = FunctionUrl(url, session.session, session.region).get
    try_it(fetch)
    serve_elsewhere(fetch, address, port, tell=tell)


def url_of(stack: DeployedStack) -> str:
    """The address of the page's function. Raises NothingThere."""
    if not stack.outputs.get(_URL):
        raise NothingThere(f"The stack {stack.name} has no page.", "Update it with the parameter Browse=Yes.")
    return stack.output(_URL)


def try_it(fetch: Fetch) -> None:
    """Ask once, so that what does not work is told here, and a function that slept is awake. Raises ServiceFault."""
    if refusal := refusal_of(fetch("/")):
        raise ServiceFault(refusal.message, refusal.next_step)
