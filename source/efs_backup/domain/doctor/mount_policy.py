"""Whether the policy of a file system lets the instance mount it."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from efs_backup.domain.doctor.stack_facts import Policy

MOUNT, WRITE = "elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"
_SECURE = "aws:securetransport"


def wants_encryption(policy: Policy | None) -> bool:
    """Whether it refuses a mount without TLS and without a role, as by NFS alone; without a policy none is refused."""
    if policy is None:
        return False
    statements = [one for one in _each(policy.get("Statement")) if isinstance(one, Mapping)]
    mounts = [one for one in statements if _speaks_of(one, MOUNT)]
    if any(one.get("Effect") == "Deny" and _is_about_everybody(one) and _asks_insecure(one) for one in mounts):
        return True
    return not any(one.get("Effect") == "Allow" and _is_about_everybody(one) and _holds_plainly(one) for one in mounts)


def _speaks_of(statement: Mapping[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not any(fnmatchcase(action.lower(), str(one).lower()) for one in _each(statement["NotAction"]))
    return any(fnmatchcase(action.lower(), str(one).lower()) for one in _each(statement.get("Action")))


def _is_about_everybody(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    return principal == "*" or (isinstance(principal, Mapping) and "*" in _each(principal.get("AWS")))


def _asks_insecure(statement: Mapping[str, Any]) -> bool:
    """Whether it holds for a mount without TLS: under that condition, or under none."""
    conditions = _conditions(statement)
    return not conditions or conditions.get(_SECURE) == "false"


def _holds_plainly(statement: Mapping[str, Any]) -> bool:
    """Whether an anonymous mount without TLS fulfils its conditions, as far as they are known here."""
    known = {_SECURE: "false", "elasticfilesystem:accessedviamounttarget": "true"}
    return all(known.get(key) == value for key, value in _conditions(statement).items())


def _conditions(statement: Mapping[str, Any]) -> dict[str, str]:
    """Keys, in lower case, and what they must be; of whatever is no simple comparison no plain value fulfils it."""
    found = dict[str, str]()
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, value in keys.items():
            is_simple = operator.lower() in {"bool", "boolifexists"}
            found[key.lower()] = str(next(iter(_each(value)), "")).lower() if is_simple else f"{operator} {value}"
    return found


def _each(value: Any) -> Iterable[Any]:
    if value is None:
        return ()
    return value if isinstance(value, list | tuple) else (value,)
