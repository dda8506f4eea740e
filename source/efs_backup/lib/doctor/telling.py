"""Who wakes the orchestrator, whether it runs, and whom its reports reach."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from efs_backup.domain.doctor.stack_facts import Function, OldStack, Subscription, Wake
from efs_backup.domain.operations.deployed import MARKS
from efs_backup.lib.aws_errors import code_of, ignored
from efs_backup.lib.doctor.asking import Clients, listed


def subscriptions(sns: Any, topic: str) -> tuple[Subscription, ...]:
    """Whom the topic tells."""
    found = listed(sns, "list_subscriptions_by_topic", "Subscriptions", TopicArn=topic)
    return tuple(
        Subscription(one["Protocol"], one["Endpoint"], one["SubscriptionArn"].startswith("arn:")) for one in found
    )


def key_of_topic(sns: Any, topic: str) -> str:
    """The key that encrypts its messages; "" for none."""
    return str(sns.get_topic_attributes(TopicArn=topic)["Attributes"].get("KmsMasterKeyId", ""))


def wakes(clients: Clients, function: str) -> tuple[Wake, ...]:
    """The rules and schedules that call the function with this ARN."""
    return (*_rules(clients("events"), function), *_schedules(clients("scheduler"), function))


def _rules(events: Any, function: str) -> Iterator[Wake]:
    for name in listed(events, "list_rule_names_by_target", "RuleNames", TargetArn=function):
        found = events.describe_rule(Name=name)
        yield Wake(name, found.get("ScheduleExpression", ""), found["State"] != "DISABLED")


def _schedules(scheduler: Any, function: str) -> Iterator[Wake]:
    for one in listed(scheduler, "list_schedules", "Schedules"):
        if one.get("Target", {}).get("Arn") == function:
            found = scheduler.get_schedule(Name=one["Name"], GroupName=one["GroupName"])
            is_enabled = found["State"] == "ENABLED"
            yield Wake(one["Name"], found["ScheduleExpression"], is_enabled, is_rule=False, group=one["GroupName"])


def configuration(lambda_: Any, name: str) -> Mapping[str, Any]:
    """A function as Lambda describes it; nothing where it is gone."""
    found: Mapping[str, Any] | None = None
    with ignored("ResourceNotFoundException"):
        found = lambda_.get_function_configuration(FunctionName=name)
    return found or {}


def function(clients: Clients, found: Mapping[str, Any], name: str) -> Function:
    """The orchestrator, and how many events it gave up; its state is `gone` where there is none."""
    if not found:
        return Function(name, "gone")
    lambda_ = clients("lambda")
    concurrency = lambda_.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
    queue = ""
    with ignored("ResourceNotFoundException"):
        told = lambda_.get_function_event_invoke_config(FunctionName=name)
        queue = told.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "").rpartition(":")[2]
    return Function(
        name, found.get("State", "Active"), concurrency,
        found.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{name}"), queue,
        _waiting(clients("sqs"), queue) if queue else 0,
    )  # fmt: skip


def _waiting(sqs: Any, queue: str) -> int:
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    return sum(map(int, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"].values()))


def has_bucket(s3: Any, name: str) -> bool:
    """Whether there is a bucket of this name."""
    try:
        s3.head_bucket(Bucket=name)
    except ClientError as error:
        if code_of(error) not in {"404", "NoSuchBucket"}:
            raise
        return False
    return True


def has_table(dynamodb: Any, name: str) -> bool:
    """Whether there is a table of this name."""
    found: Any = None
    with ignored("ResourceNotFoundException"):
        found = dynamodb.describe_table(TableName=name)
    return found is not None


def old_stacks(cloudformation: Any, events: Any) -> tuple[OldStack, ...]:
    """The backup stacks of the former solution: they have its parameter SrcEFS, and not our outputs."""
    return tuple(
        _old(cloudformation, events, stack["StackName"], source)
        for stack in listed(cloudformation, "describe_stacks", "Stacks")
        if (source := _old_source(stack))
    )


def _old_source(stack: Mapping[str, Any]) -> str:
    parameters = {one["ParameterKey"]: one.get("ParameterValue", "") for one in stack.get("Parameters", [])}
    outputs = {one["OutputKey"] for one in stack.get("Outputs", [])}
    is_restore, is_ours = "DstEFS" in parameters, outputs >= MARKS
    return "" if is_restore or is_ours else parameters.get("SrcEFS", "")


def _old(cloudformation: Any, events: Any, name: str, source: str) -> OldStack:
    found = [
        (one["ResourceType"], one.get("PhysicalResourceId", ""))
        for one in listed(cloudformation, "list_stack_resources", "StackResourceSummaries", StackName=name)
    ]
    rules = [each.rpartition("/")[2] for kind, each in found if kind == "AWS::Events::Rule" and each]
    groups = tuple(each for kind, each in found if kind == "AWS::EC2::SecurityGroup")
    return OldStack(name, source, tuple(rule for rule in rules if _fires(events, rule)), groups)


def _fires(events: Any, rule: str) -> bool:
    found: Mapping[str, Any] = {}
    with ignored("ResourceNotFoundException"):
        found = events.describe_rule(Name=rule)
    return found.get("State", "DISABLED") != "DISABLED" and bool(found.get("ScheduleExpression"))
