"""One stack on an emulated AWS, and the people and machines around it, for tests that tell of nights."""

import io
import json
import logging
import zipfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.utils import EVENT_ALIASES
from moto.autoscaling.models import autoscaling_backends
from moto.ssm.models import ssm_backends
from time_machine import travel

from deployment.local_cloud.aws.bus import heard_by_patterns
from deployment.local_cloud.aws.lifecycle import Lifecycle
from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.operations.settings import OrchestratorSettings
from efs_backup.domain.operations.triggers import reconcile_event
from efs_backup.domain.results import BackupStatus
from efs_backup.lib.ddb import RecordTable
from efs_backup.lib.events import TARGET_ID
from efs_backup.orchestrator import handler
from efs_backup.orchestrator.logs import tell_no_backups
from tests.support.emulation import emulated, refused_by

ACCOUNT, REGION = "123456789012", "us-east-1"
GROUP, RULE, FUNCTION, TABLE = "efs-backup-worker", "efs-backup-stop", "efs-backup-orchestrator", "efs-backup-records"
EVENTS = Path(__file__).with_name("events")

FIRST_NIGHT = "2026-11-22T02:00:00Z"
"""When the schedule of a stack fires first; no clock of these tests knows the date of the day on which they run."""


def event_from_file(name: str, **detail: str) -> dict[str, Any]:
    """A real event; what is given replaces entries of its detail, or of itself where it has none."""
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    (event.get("detail", event)).update(detail)
    return event


@dataclass
class Cloud:
    """A stack whose Lambda is called in this process. `time` is what every clock says."""

    environment: dict[str, str]
    events: deque[dict[str, Any]] = field(default_factory=deque)
    time: str = FIRST_NIGHT
    answers: list[dict[str, str]] = field(default_factory=list)
    requests: int = 0
    lifecycle: Lifecycle = field(init=False)

    def __post_init__(self) -> None:
        """Put its events where they wait, by its own clock."""
        self.lifecycle = Lifecycle(self.events.append, self.now)

    @property
    def settings(self) -> OrchestratorSettings:
        """The settings that the stack gives the Lambda."""
        return OrchestratorSettings.from_env(self.environment)

    @property
    def store(self) -> RecordTable:
        """The records."""
        return RecordTable(boto3.client("dynamodb"), TABLE)

    def call(self, event: dict[str, Any]) -> dict[str, str]:
        """Deliver one event to the Lambda."""
        self.requests += 1
        with travel(self.now(), tick=False):
            answer = handler.handler(event, SimpleNamespace(aws_request_id=f"request-{self.requests}"))
        self.answers.append(answer)
        return answer

    def schedule_fires(self, event_id: str | None = None) -> BackupRecord:
        """The schedule asks for a backup; gives its record."""
        self.requests += 1
        self.call({"mode": "backup", "action": "start", "event_id": event_id or f"firing-{self.time}-{self.requests}"})
        return self.newest()

    def stop_rule_fires(self) -> dict[str, str]:
        """The stop rule delivers its input."""
        targets = boto3.client("events").list_targets_by_rule(Rule=RULE)["Targets"]
        return self.call(json.loads(targets[0]["Input"]))

    def reconcile(self) -> dict[str, str]:
        """The reconcile rule fires."""
        return self.call(event_from_file("reconcile"))

    def deliver(self) -> list[dict[str, str]]:
        """Deliver the events of the group that wait, and those that follow from them; gives the answers."""
        answers = []
        while self.events:
            answers.append(self.call(self.events.popleft()))
        return answers

    def newest(self) -> BackupRecord:
        """The record of the backup that was recorded last."""
        return max(self.store.backups(), key=lambda backup: (backup.start_time, backup.status != "Running"))

    def instances(self) -> list[str]:
        """The instances of the group that serve or are held."""
        found = boto3.client("autoscaling").describe_auto_scaling_instances()["AutoScalingInstances"]
        return [instance["InstanceId"] for instance in found]

    def capacity(self) -> int:
        """How many instances are wanted."""
        groups = boto3.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])
        return groups["AutoScalingGroups"][0]["DesiredCapacity"]

    def rules(self) -> list[str]:
        """The rules that would fire."""
        return [rule["Name"] for rule in boto3.client("events").list_rules()["Rules"] if rule["State"] == "ENABLED"]

    def mails(self) -> list[tuple[str, str]]:
        """Subject and text of each report, oldest first."""
        client = boto3.client("sqs")
        url = client.get_queue_url(QueueName="mail-box")["QueueUrl"]
        found = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
        letters = [json.loads(message["Body"]) for message in found]
        return [(letter["Subject"], letter["Message"]) for letter in letters]

    def agent_reports(self, backup_id: BackupId, status: BackupStatus, **known: Any) -> None:
        """The agent writes how the backup ended."""
        before = self.store.get(backup_id)
        ended = before.ended(status, now=self.now(), message=known.pop("message", f"It ended as {status}."))
        self.store.update(before, replace(ended, **known))

    def agent_claims(self, backup_id: BackupId) -> str:
        """The agent on the newest instance says that it serves this backup, and lives; gives the instance's id."""
        instance_id = self.instances()[-1]
        before = self.store.get(backup_id)
        self.store.update(before, replace(before, instance_id=instance_id, heartbeat_time=self.now()))
        return instance_id

    def agent_lets_go(self) -> None:
        """The agent completes its lifecycle action as it was asked to by the Lambda's command."""
        command = self.commands()[-1]
        arguments = dict(word.lstrip("-").split("=", 1) for word in command.split()[2:])
        boto3.client("autoscaling").complete_lifecycle_action(
            AutoScalingGroupName=arguments["group"],
            LifecycleHookName=arguments["hook"],
            LifecycleActionToken=arguments["token"],
            InstanceId=arguments["instance-id"],
            LifecycleActionResult="CONTINUE",
        )

    def agent_goes_home(self) -> None:
        """The agent is done and wants no instance any more."""
        boto3.client("autoscaling").set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=0)

    def instance_is_lost(self) -> None:
        """The hardware fails; the group wants to replace the instance."""
        self.lifecycle.lose(autoscaling_backends[ACCOUNT][REGION], self.instances()[0])

    def group_tries_to_launch(self) -> None:
        """The group tries again to launch what it lacks; what that comes to waits as an event."""
        self.lifecycle.try_to_launch(autoscaling_backends[ACCOUNT][REGION])

    def hold_times_out(self) -> None:
        """Nobody completes the lifecycle action."""
        self.lifecycle.time_out(autoscaling_backends[ACCOUNT][REGION], self.instances()[0])

    def commands(self) -> list[str]:
        """The shell lines that were sent to instances, oldest first."""
        found = boto3.client("ssm").list_commands()["Commands"]
        return [line for command in found for line in command["Parameters"]["commands"]]

    def finish_fails(self, code: int, output: str, status: str = "Failed", details: str = "") -> dict[str, str]:
        """The command that asks the agent to finish ends like that; gives the answer to Systems Manager's event."""
        return self.call(self.failed_finish(code, output, status, details))

    def failed_finish(self, code: int, output: str, status: str = "Failed", details: str = "") -> dict[str, Any]:
        """The command that asks the agent to finish ends like that; gives Systems Manager's event."""
        (command,) = ssm_backends[ACCOUNT][REGION].list_commands(None, None)[-1:]
        ended = {"Status": status, "StatusDetails": details or status, "ResponseCode": code}
        for invocation in command.invocations:
            invocation |= {**ended, "StandardOutputContent": output}
        event = event_from_file("command_failed", status=status)
        event["detail"] |= {"command-id": command.command_id, "parameters": command.parameters}
        return event

    def now(self) -> datetime:
        """The time of the cloud's clock, in UTC."""
        return datetime.fromisoformat(self.time).astimezone(UTC)


class Faults:
    """Lets AWS refuse requests."""

    @contextmanager
    def refusing(
        self, service: str, operation: str, code: str, times: int | None = None,
        when: Callable[[], bool] = lambda: True,
    ) -> Iterator[list[str]]:  # fmt: skip
        """While this lasts, the first `times` requests (None: all) get this code; gives the list of those refused.

        `when` says of a request whether it counts.
        """
        refused: list[str] = []

        def refuse(event_name: str) -> AWSResponse | None:
            is_meant = event_name == f"before-send.{EVENT_ALIASES.get(service, service)}.{operation}"
            if not is_meant or (times is not None and len(refused) >= times) or not when():
                return None
            refused.append(operation)
            return _refusal(service, code)

        with refused_by(refuse):
            yield refused


@contextmanager
def _emulation_reads(clock: Callable[[], datetime]) -> Iterator[None]:
    """While this lasts, moto's clock is this one; by today's, a queue drops the mails of a test, which are too old."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return clock().astimezone(tz)

    with mock.patch("moto.core.utils.datetime", SimpleNamespace(datetime=Clock)):
        yield


def _refusal(service: str, code: str) -> AWSResponse:
    body = json.dumps({"__type": code, "message": "as the test wants"}).encode()
    if service in ("sns", "autoscaling", "ec2", "iam"):
        text = f"<ErrorResponse><Error><Code>{code}</Code><Message>as the test wants</Message></Error></ErrorResponse>"
        body = text.encode()
    if service == "s3":
        body = f"<Error><Code>{code}</Code><Message>as the test wants</Message></Error>".encode()
    raw = SimpleNamespace(stream=lambda **_: iter([body]))
    return AWSResponse("https://test", 400, HTTPHeaders(), raw)


@contextmanager
def _logs_as_before() -> Iterator[None]:
    """Lambda's root logger writes from INFO on, and the handler names backups in it; afterwards it is as it was."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.INFO)
    yield
    tell_no_backups()
    root.setLevel(level)


@contextmanager
def a_stack(set_variable: Callable[[str, str], None]) -> Iterator[Cloud]:
    """A stack as its template would make it, with a mail box subscribed to its topic."""
    cloud = Cloud(plain_environment())
    _set_all(set_variable, cloud.environment)
    with (
        _logs_as_before(),
        emulated(),
        _emulation_reads(cloud.now),
        heard_by_patterns(),
        cloud.lifecycle.in_force(),
    ):
        cloud.environment |= _resources()
        _set_all(set_variable, cloud.environment)
        handler.services.cache_clear()
        yield cloud
    handler.services.cache_clear()


def _set_all(set_variable: Callable[[str, str], None], environment: dict[str, str]) -> None:
    for name, value in environment.items():
        set_variable(name, value)


def _resources() -> dict[str, str]:
    _stop_rule(_function())
    _table()
    _group()
    topic = boto3.client("sns").create_topic(Name="reports")["TopicArn"]
    boto3.client("sqs").create_queue(QueueName="mail-box")
    boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:mail-box")
    file_systems = [
        boto3.client("efs").create_file_system(CreationToken=token)["FileSystemId"] for token in ("source", "backup")
    ]
    return {"TOPIC_ARN": topic, "SOURCE_FILE_SYSTEM": file_systems[0], "BACKUP_FILE_SYSTEM": file_systems[1]}


def plain_environment() -> dict[str, str]:
    """The environment of the Lambda's process: its settings, its region and its credentials."""
    return {
        "STACK_NAME": "efs-backup", "SOLUTION_UUID": "7a1c9b52-8f1e-4f57-9d6b-1f0a3f5b0c11", "TABLE_NAME": TABLE,
        "TOPIC_ARN": f"arn:aws:sns:{REGION}:{ACCOUNT}:reports", "LOG_BUCKET": "efs-backup-logs", "GROUP_NAME": GROUP,
        "STOP_RULE_NAME": RULE, "SOURCE_FILE_SYSTEM": "fs-11111111", "BACKUP_FILE_SYSTEM": "fs-22222222",
        "BACKUP_PREFIX": "/", "FOLDER_LABEL": "efs-backup", "INTERVAL": "daily", "RETENTION": "7",
        "RETENTION_RULES": "",
        "WINDOW_MINUTES": "180", "LIFECYCLE_HOLD_MINUTES": "60", "INSTANCE_TYPE": "c7g.large",
        "SUCCESS_NOTIFICATION": "Yes", "METRICS_ENDPOINT": "", "MAX_OPERATIONS_PER_SECOND": "0", "KEEP_SPARE": "Yes",
        "BACKUP_ACCESS_POINT": "", "SEAL_BUCKET": "", "DRILL_ROLE": "", "DRILL_SCHEDULE": "",
        "RESTORE_POLICY": "", "WORKER_ROLE": "worker",
        "SCRUB_DAYS": "0", "SCRUB_GIGABYTES": "0", "QUIESCE_DOCUMENT": "", "QUIESCE_TAG": "efs-backup",
        "PING_URL_PARAMETER": "", "BACKUP_SCHEDULE": "cron(0 2 * * ? *)", "SCHEDULE_TIME_ZONE": "", "DASHBOARD": "",
        "CHAT_TOPIC_ARN": "", "RESTORE_TEMPLATE": "", "VPC_ID": "vpc-1", "SUBNETS": "subnet-1",
        "SECURITY_GROUP": "sg-1",
        "FURTHER_SOURCES": "No", "CONCURRENT_BACKUPS": "1", "WORKERS": "1",
        "SHARE_QUEUE_URL": "", "DEAD_SHARE_QUEUE_URL": "",
        "AWS_LAMBDA_FUNCTION_NAME": FUNCTION, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
    }  # fmt: skip


def _stop_rule(function: str) -> None:
    """As the template makes it."""
    scheduler, told = boto3.client("events"), json.dumps(reconcile_event())
    scheduler.put_rule(Name=RULE, ScheduleExpression="cron(0 0 1 1 ? 2199)", State="DISABLED")
    scheduler.put_targets(Rule=RULE, Targets=[{"Id": TARGET_ID, "Arn": function, "Input": told}])


def _function() -> str:
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = boto3.client("iam").create_role(RoleName="orchestrator", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("nothing.py", "")
    made = boto3.client("lambda").create_function(
        FunctionName=FUNCTION, Runtime="python3.13", Role=role, Handler="efs_backup.orchestrator.handler.handler",
        Code={"ZipFile": package.getvalue()},
    )  # fmt: skip
    return str(made["FunctionArn"])


def _table() -> None:
    boto3.client("dynamodb").create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "BackupId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "BackupId", "AttributeType": "S"}],
    )


def _group() -> None:
    compute = boto3.client("ec2")
    subnet = compute.describe_subnets()["Subnets"][0]["SubnetId"]
    image = "ami-1234567890abcdef0"
    compute.create_launch_template(
        LaunchTemplateName="worker", LaunchTemplateData={"ImageId": image, "InstanceType": "c7g.large"}
    )
    scaling = boto3.client("autoscaling")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=GROUP, MinSize=0, MaxSize=1, DesiredCapacity=0, VPCZoneIdentifier=subnet,
        LaunchTemplate={"LaunchTemplateName": "worker", "Version": "$Latest"},
    )  # fmt: skip
    scaling.put_lifecycle_hook(
        AutoScalingGroupName=GROUP, LifecycleHookName="efs-backup-farewell",
        LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING", HeartbeatTimeout=3600, DefaultResult="CONTINUE",
    )  # fmt: skip
