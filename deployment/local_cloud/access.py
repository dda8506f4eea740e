"""What the policies of a role allow. It stands in for moto's check, which knows the resource `*` alone."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.sns.models import sns_backends
from moto.sts.models import sts_backends

from deployment.local_cloud.calls import Call
from deployment.local_cloud.gate import Refusal
from deployment.local_cloud.place import ACCOUNT, REGION

_OF_ANYBODY = ("sts",)
_PREFIXES = {"monitoring": "cloudwatch"}


@dataclass(frozen=True)
class Need:
    """A permission that a call needs, with what conditions may ask for."""

    action: str
    resource: str = "*"
    context: Mapping[str, str] = field(default_factory=dict)


def check_access(call: Call) -> Refusal | None:
    """Refuse what the caller's role does not allow. Who calls without a role is the operator, and may do all."""
    role = role_of(call.access_key)
    if role is None or call.service in _OF_ANYBODY:
        return None
    statements = list(statements_of(role))
    lacking = next((need for need in needs_of(call) if not is_allowed(statements, need)), None)
    if lacking is None:
        return None
    message = f"{role.arn} is not authorized to perform: {lacking.action} on resource: {lacking.resource}"
    if call.form == "json":
        return Refusal("AccessDeniedException", message)
    return Refusal("AccessDenied", message, "403 Forbidden")


def is_allowed(statements: list[dict[str, Any]], need: Need) -> bool:
    """Whether one statement allows it and none denies it."""
    effects = {statement["Effect"] for statement in statements if _speaks_of(statement, need)}
    return effects == {"Allow"}


def needs_of(call: Call) -> list[Need]:
    """The permissions that a call needs."""
    prefix = _PREFIXES.get(call.service, call.service)
    special = _SPECIAL.get((call.service, call.action))
    if special:
        return special(call)
    return [Need(f"{prefix}:{call.action}", _resource(call))]


def role_of(access_key: str) -> Any:
    """The role of whoever has this key; None where it is nobody's."""
    session = sts_backends[ACCOUNT]["aws"].get_assumed_role_from_access_key(access_key)
    return iam_backends[ACCOUNT]["aws"].get_role_by_arn(session.role_arn) if session else None


def statements_of(role: Any) -> Iterator[dict[str, Any]]:
    """The statements of all policies of a role."""
    for document in role.policies.values():
        found = json.loads(document) if isinstance(document, str) else document
        yield from found["Statement"]


def _speaks_of(statement: Mapping[str, Any], need: Need) -> bool:
    return (
        any(fnmatchcase(need.action, action) for action in _as_list(statement["Action"]))
        and any(fnmatchcase(need.resource, resource) for resource in _as_list(statement["Resource"]))
        and _holds(statement.get("Condition", {}), need.context)
    )


def _holds(condition: Mapping[str, Mapping[str, str]], context: Mapping[str, str]) -> bool:
    if not set(condition) <= {"StringEquals"}:
        raise NotImplementedError(f"Only StringEquals is evaluated, not {', '.join(condition)}")
    return all(context.get(key) == value for key, value in condition.get("StringEquals", {}).items())


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _resource(call: Call) -> str:
    find = _RESOURCES.get(call.service)
    return find(call.given) if find else "*"


def _arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def _group(given: Mapping[str, Any]) -> str:
    group = autoscaling_backends[ACCOUNT][REGION].autoscaling_groups.get(given.get("AutoScalingGroupName", ""))
    return group.arn if group else "*"


def _rule(given: Mapping[str, Any]) -> str:
    return _arn("events", f"rule/{given.get('Rule', given.get('Name'))}")


_RESOURCES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "autoscaling": _group,
    "dynamodb": lambda given: _arn("dynamodb", f"table/{given.get('TableName')}"),
    "elasticfilesystem": lambda given: _arn("elasticfilesystem", f"file-system/{given.get('FileSystemId')}"),
    "events": _rule,
    "lambda": lambda given: _arn("lambda", f"function:{given['FunctionName']}"),
    "s3": lambda given: f"arn:aws:s3::{given['path'].replace('/', ':', 1)}",
    "sns": lambda given: str(given.get("TopicArn")),
}


def _transaction(call: Call) -> list[Need]:
    """Each item needs what it would need by itself."""
    steps = [(kind, step) for item in call.given["TransactItems"] for kind, step in item.items()]
    actions = {"ConditionCheck": "ConditionCheckItem"}
    return [
        Need(f"dynamodb:{actions.get(kind, f'{kind}Item')}", _arn("dynamodb", f"table/{step['TableName']}"))
        for kind, step in steps
    ]


def _publish(call: Call) -> list[Need]:
    """A topic that is encrypted needs its key too."""
    topic = str(call.given.get("TopicArn"))
    found = sns_backends[ACCOUNT][REGION].topics.get(topic)
    key = getattr(found, "kms_master_key_id", None)
    of_key = [Need(f"kms:{action}", str(key)) for action in ("GenerateDataKey", "Decrypt")] if key else []
    return [Need("sns:Publish", topic), *of_key]


def _send_command(call: Call) -> list[Need]:
    """The document, each instance with its tags, and the bucket of the output."""
    document = f"arn:aws:ssm:{REGION}::document/{call.given['DocumentName']}"
    bucket = call.given.get("OutputS3BucketName")
    return [
        Need("ssm:SendCommand", document),
        *(Need("ssm:SendCommand", _arn("ec2", f"instance/{name}"), _tags(name)) for name in call.given["InstanceIds"]),
        *([Need("ssm:SendCommand", f"arn:aws:s3:::{bucket}")] if bucket else []),
    ]


def _tags(instance: str) -> dict[str, str]:
    tags = ec2_backends[ACCOUNT][REGION].describe_tags(filters={"resource-id": [instance]})
    return {f"ssm:resourceTag/{tag['key']}": tag["value"] for tag in tags}


def _put_metrics(call: Call) -> list[Need]:
    return [Need("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": str(call.given.get("Namespace"))})]


_SPECIAL: dict[tuple[str, str], Callable[[Call], list[Need]]] = {
    ("dynamodb", "TransactWriteItems"): _transaction,
    ("sns", "Publish"): _publish,
    ("ssm", "SendCommand"): _send_command,
    ("monitoring", "PutMetricData"): _put_metrics,
}
