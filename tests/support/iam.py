"""Whether the policies of a synthesized role allow a call: the part of IAM's rules that our policies use."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from tests.support.template import Template


class Role:
    """The permissions that the policies of the template's role for a service give."""

    def __init__(self, template: Template, service: str) -> None:
        (name,) = (name for name, role in template.resources("AWS::IAM::Role").items() if service in str(role))
        self.resource = template.resources("AWS::IAM::Role")[name]
        policies = (policy["Properties"] for policy in template.resources("AWS::IAM::Policy").values())
        mine = [policy for policy in policies if {"Ref": name} in policy["Roles"]]
        within = self.resource["Properties"].get("Policies", [])
        self.statements = [
            template.resolve(statement)
            for policy in (*within, *mine)
            for statement in policy["PolicyDocument"]["Statement"]
        ]

    @property
    def actions(self) -> set[str]:
        """All that it may call, on whatever."""
        return {action for statement in self.statements for action in _as_list(statement["Action"])}

    def may(self, action: str, resource: str = "*", **context: str) -> bool:
        """Whether it may call this on that; the context has the keys of conditions with `_` for `:` and `/`."""
        return any(_allows(statement, action, resource, context) for statement in self.statements)


def _allows(statement: Mapping[str, Any], action: str, resource: str, context: Mapping[str, str]) -> bool:
    assert statement["Effect"] == "Allow", "a Deny is not evaluated here"
    return (
        action in _as_list(statement["Action"])
        and any(fnmatchcase(resource, pattern) for pattern in _as_list(statement["Resource"]))
        and _condition_holds(statement.get("Condition", {}), context)
    )


def _condition_holds(condition: Mapping[str, Mapping[str, str | list[str]]], context: Mapping[str, str]) -> bool:
    assert set(condition) <= {"StringEquals", "ArnEquals", "StringLike"}, "no other operator is evaluated here"
    wanted = {**condition.get("StringEquals", {}), **condition.get("ArnEquals", {})}  # of ARNs without a wildcard
    return all(context.get(_plain(key)) in _as_list(value) for key, value in wanted.items()) and all(
        any(fnmatchcase(context.get(_plain(key), ""), pattern) for pattern in _as_list(value))
        for key, value in condition.get("StringLike", {}).items()
    )


def _plain(key: str) -> str:
    return key.replace(":", "_").replace("/", "_")


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
