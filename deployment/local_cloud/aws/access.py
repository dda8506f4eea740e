"""The permissions of a role by its policies, in the place of moto's check, which knows the resource `*` alone."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.ec2.models import ec2_backends
from moto.efs.models import efs_backends
from moto.iam.models import iam_backends
from moto.sns.models import sns_backends
from moto.sts.models import sts_backends

from deployment.local_cloud.aws.calls import Call
from deployment.local_cloud.aws.gate import Refusal
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
    return [Need(f"{prefix}:{call.action}", _resource(call), _context(call))]


def role_of(access_key: str) -> Any:
    """The role of whoever has this key; None where it is nobody's."""
    session = sts_backends[ACCOUNT]["aws"].get_assumed_role_from_access_key(access_key)
    return iam_backends[ACCOUNT]["aws"].get_role_by_arn(session.role_arn) if session else None


def may(access_key: str, action: str, resource: str) -> bool:
    """Whether the role of whoever has this key allows this at this moment."""
    role = role_of(access_key)
    return role is not None and is_allowed(list(statements_of(role)), Need(action, resource))


def statements_of(role: Any) -> Iterator[dict[str, Any]]:
    """The statements of a role's policies: its own, and those that are attached to it."""
    attached = (policy.versions[0].document for policy in role.managed_policies.values())
    for document in (*role.policies.values(), *attached):
        found = json.loads(document) if isinstance(document, str) else document
        yield from found["Statement"]


def _speaks_of(statement: Mapping[str, Any], need: Need) -> bool:
    return (
        any(fnmatchcase(need.action, action) for action in _as_list(statement["Action"]))
        and any(fnmatchcase(need.resource, resource) for resource in _as_list(statement["Resource"]))
        and _holds(statement.get("Condition", {}), need.context)
    )


def _holds(condition: Mapping[str, Mapping[str, str | list[str]]], context: Mapping[str, str]) -> bool:
    """ARNs are compared as they are: none in our conditions has a wildcard."""
    if not set(condition) <= {"StringEquals", "ArnEquals", "StringLike"}:
        raise NotImplementedError(f"This is not evaluated: {', '.join(condition)}")
    like = condition.get("StringLike", {})
    equal = [wanted for operator, wanted in condition.items() if operator != "StringLike"]
    return all(context.get(key) in _as_list(value) for wanted in equal for key, value in wanted.items()) and all(
        any(fnmatchcase(context.get(key, ""), pattern) for pattern in _as_list(value)) for key, value in like.items()
    )


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _context(call: Call) -> dict[str, str]:
    """The tags of the file system that is asked for; those of others are asked about nowhere."""
    found = efs_backends[ACCOUNT][REGION].file_systems_by_id.get(call.given.get("FileSystemId", ""))
    tags = found.info_json().get("Tags", []) if call.service == "elasticfilesystem" and found else []
    return {f"aws:ResourceTag/{tag['Key']}": tag["Value"] for tag in tags}


def _resource(call: Call) -> str:
    find = _RESOURCES.get(call.service)
    return find(call.given) if find else "*"


def _arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def _group(given: Mapping[str, Any]) -> str:
    backend = autoscaling_backends[ACCOUNT][REGION]
    group = backend.autoscaling_groups.get(given.get("AutoScalingGroupName", ""))
    by_instance = backend.describe_auto_scaling_instances([given["InstanceId"]]) if given.get("InstanceId") else []
    found = group or next((state.auto_scaling_group for state in by_instance), None)
    return str(found.arn) if found else "*"


def _rule(given: Mapping[str, Any]) -> str:
    return _arn("events", f"rule/{given.get('Rule', given.get('Name'))}")


def _stack(given: Mapping[str, Any]) -> str:
    return _arn("cloudformation", f"stack/{given['StackName']}/*") if given.get("StackName") else "*"


_RESOURCES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "autoscaling": _group,
    "cloudformation": _stack,
    "dynamodb": lambda given: _arn("dynamodb", f"table/{given.get('TableName')}"),
    "elasticfilesystem": lambda given: _arn("elasticfilesystem", f"file-system/{given.get('FileSystemId', '*')}"),
    "events": _rule,
    "lambda": lambda given: _arn("lambda", f"function:{given['FunctionName']}"),
    "logs": lambda given: _arn("logs", f"log-group:{given.get('logGroupName')}:*"),
    "s3": lambda given: f"arn:aws:s3::{given['path'].replace('/', ':', 1)}",
    "sns": lambda given: str(given.get("TopicArn")),
    "sqs": lambda given: _arn("sqs", str(given.get("QueueUrl")).rpartition("/")[2]),
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
    through = {"kms:ViaService": f"sns.{REGION}.amazonaws.com"}
    of_key = [Need(f"kms:{action}", str(key), through) for action in ("GenerateDataKey", "Decrypt")] if key else []
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


def _pass_policy(call: Call) -> list[Need]:
    """On the role, with the policy as a condition may ask for it."""
    role = f"arn:aws:iam::{ACCOUNT}:role/{call.given.get('RoleName')}"
    return [Need(f"iam:{call.action}", role, {"iam:PolicyARN": str(call.given.get("PolicyArn"))})]


def _put_metrics(call: Call) -> list[Need]:
    return [Need("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": str(call.given.get("Namespace"))})]


_SPECIAL: dict[tuple[str, str], Callable[[Call], list[Need]]] = {
    ("dynamodb", "TransactWriteItems"): _transaction,
    ("events", "PutEvents"): lambda _: [Need("events:PutEvents", _arn("events", "event-bus/default"))],
    ("iam", "AttachRolePolicy"): _pass_policy,
    ("iam", "DetachRolePolicy"): _pass_policy,
    ("sns", "Publish"): _publish,
    ("sqs", "SendMessageBatch"): lambda call: [Need("sqs:SendMessage", _resource(call))],
    ("ssm", "SendCommand"): _send_command,
    ("monitoring", "PutMetricData"): _put_metrics,
}
