"""Permissions: on named resources, or with the reason why not."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct


@dataclass(frozen=True)
class Allow:
    """Actions on resources. A wildcard in a resource must carry its `reason`; the synthesis stops where it has none."""

    actions: Sequence[str]
    resources: Sequence[str]
    reason: str = ""
    conditions: Mapping[str, Mapping[str, str | Sequence[str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if any("*" in resource for resource in self.resources) and not self.reason:
            raise ValueError(f"The wildcard for {', '.join(self.actions)} has no reason.")

    def statement(self) -> iam.PolicyStatement:
        """As IAM knows it."""
        return iam.PolicyStatement(
            actions=list(self.actions), resources=list(self.resources), conditions=dict(self.conditions)
        )


def permit(scope: Construct, role: iam.IRole, permissions: Iterable[Allow]) -> iam.Policy:
    """A policy of its own for the role: the role can exist before what the policy names, so nothing is circular."""
    known = tuple(permissions)
    policy = iam.Policy(scope, "Policy", roles=[role], statements=[each.statement() for each in known])
    _acknowledge(policy, known)
    return policy


def _acknowledge(policy: iam.Policy, permissions: Iterable[Allow]) -> None:
    stack = cdk.Stack.of(policy)
    for each in permissions:
        for resource in each.resources:
            if "*" in json.dumps(stack.resolve(resource)):
                acknowledge(policy, f"AwsSolutions-IAM5[Resource::{_as_finding(stack, resource)}]", each.reason)


def _as_finding(stack: cdk.Stack, resource: str) -> str:
    """How cdk-nag writes a resource: `<AWS::Region>` where the template refers to something; a choice as JSON."""
    resolved = stack.resolve(resource)
    if isinstance(resolved, dict) and "Fn::If" in resolved:
        return json.dumps(resolved, separators=(",", ":"))
    parts = resolved["Fn::Join"][1] if isinstance(resolved, dict) else [resolved]
    return "".join(part if isinstance(part, str) else f"<{_name(part)}>" for part in parts)


def _name(reference: Mapping[str, object]) -> str:
    (target,) = reference.values()
    return ".".join(target) if isinstance(target, list) else str(target)


def acknowledge(construct: Construct, rule: str, reason: str) -> None:
    """Tell cdk-nag why a finding is right as it is."""
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=rule, reason=reason))
