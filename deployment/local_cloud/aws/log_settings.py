"""How a function writes its log: what its template says, which moto forgets, told to its process as Lambda does."""

from collections.abc import Iterator
from typing import Any

from moto.cloudformation.models import cloudformation_backends

from deployment.local_cloud.place import ACCOUNT, REGION


def log_settings(function: str) -> dict[str, str]:
    """The variables that Lambda sets for a function of this name; none where its template says nothing.

    See the AWS Lambda Developer Guide, "Advanced logging controls".
    """
    for name, given in _functions():
        if name == function and given.get("LogFormat") == "JSON":
            return {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": given.get("ApplicationLogLevel", "INFO")}
    return {}


def _functions() -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, its LoggingConfig) of each function that a template has made."""
    for stack in cloudformation_backends[ACCOUNT][REGION].stacks.values():
        for logical, resource in stack.template_dict["Resources"].items():
            made = stack.resource_map.get(logical) if resource["Type"] == "AWS::Lambda::Function" else None
            if made:
                yield str(made.physical_resource_id), resource["Properties"].get("LoggingConfig", {})
