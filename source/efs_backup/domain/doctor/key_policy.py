"""Whether the policy of a key lets somebody use it."""

from collections.abc import Iterable, Mapping
from typing import Any

from efs_backup.domain.doctor.stack_facts import Policy


def allows(policy: Policy | None, principal: str, account: str) -> bool:
    """Whether it allows this principal, an ARN or a service, anything.

    account: of the principal, where permissions of its own count because the policy lets the account decide; "" for a
    service, and for a role whose permissions nobody may change.
    """
    partition = principal.split(":")[1] if principal.startswith("arn:") else "aws"
    wanted = {"*", principal, *({account, f"arn:{partition}:iam::{account}:root"} if account else ())}
    return any(one.get("Effect") == "Allow" and wanted & _principals(one) for one in _statements(policy))


def _statements(policy: Policy | None) -> Iterable[Mapping[str, Any]]:
    statements = (policy or {}).get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


def _principals(statement: Mapping[str, Any]) -> set[str]:
    said = statement.get("Principal", {})
    if isinstance(said, str):
        return {said}
    values = (value for value in said.values())
    return {text for value in values for text in (value if isinstance(value, list) else [value])}
