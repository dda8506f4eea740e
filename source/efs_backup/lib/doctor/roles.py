"""Roles: whether IAM lets them call what they have to."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from efs_backup.domain.doctor.answer import Answer
from efs_backup.domain.doctor.permissions import Need
from efs_backup.domain.doctor.stack_facts import Permission
from efs_backup.lib.doctor.asking import listed


def permissions(
    iam: Any, role: str, needs: Sequence[Need], resources: Mapping[str, Answer[str]]
) -> tuple[Permission, ...]:
    """Ask IAM about each call of a role on its resource; a resource "" is none, and is left out.

    Raises NotKnown where a resource is not known.
    """
    return tuple(
        permission
        for need in needs
        if (resource := resources[need.resource].value)
        for permission in _simulated(iam, role, need, resource)
    )


def _simulated(iam: Any, role: str, need: Need, resource: str) -> Iterator[Permission]:
    region = (resource.split(":") + [""] * 4)[3]
    context = [
        {"ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": [value.format(region=region)]}
        for key, value in need.context.items()
    ]
    found = listed(
        iam, "simulate_principal_policy", "EvaluationResults", PolicySourceArn=role, ActionNames=[*need.actions],
        ResourceArns=[resource], ContextEntries=context,
    )  # fmt: skip
    for one in found:
        yield Permission(role, one["EvalActionName"], resource, one["EvalDecision"], _denied_by(one), need.of)


def _denied_by(found: Mapping[str, Any]) -> str:
    if not found.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations", True):
        return "by a service control policy of the organization"
    if not found.get("PermissionsBoundaryDecisionDetail", {}).get("AllowedByPermissionsBoundary", True):
        return "by the permissions boundary of the role"
    return ""


def role_of_profile(iam: Any, profile: str) -> str:
    """The ARN of the role of an instance profile."""
    return str(iam.get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]["Roles"][0]["Arn"])


def is_attached(iam: Any, role: str, policy: str) -> bool:
    """Whether a managed policy, by its ARN, is attached to a role, by its name."""
    found = listed(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=role)
    return any(one["PolicyArn"] == policy for one in found)
