"""A stack that answers its operator: its function is called in this process, by the clock of the story."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import boto3
from moto.awslambda_simple.models import LambdaSimpleBackend
from time_machine import travel

from tests.stack.described import NAME, Ask, describe, outputs_of
from tests.support.cli import Ended
from tests.support.cloud import REGION, Cloud

LOG = "/aws/lambda/efs-backup-orchestrator"
PARAMETERS = {
    "BackupSchedule": "cron(0 2 * * ? *)", "ScheduleTimeZone": "Europe/Berlin", "BackupWindow": "180",
    "FolderLabel": "efs-backup", "IntervalTag": "daily", "Retain": "7", "RetentionRules": "", "BackupPrefix": "/",
    "DrillSchedule": "",
}  # fmt: skip


@dataclass
class Operator:
    """Somebody with credentials; `steps` is what happens while the command waits, a step each time that it pauses."""

    cloud: Cloud
    ask: Ask
    steps: list[Callable[[], object]] = field(default_factory=list)

    def __call__(self, *arguments: object, code: int = 0) -> Ended:
        """Call `efs-backup stack` when the clock of the story says so; fails unless it exits with `code`."""
        with travel(self.cloud.now(), tick=False), mock.patch("time.sleep", self._wait):
            return self.ask(*arguments, code=code)

    def _wait(self, _seconds: float) -> None:
        self.steps.pop(0)()


@contextmanager
def answering(cloud: Cloud) -> Iterator[list[dict[str, Any]]]:
    """While this lasts, whoever invokes the function is answered by the handler; gives the events."""
    events = list[dict[str, Any]]()

    def invoke(
        _backend: object, _name: str, _qualifier: str | None, body: str, _headers: Any, answer: dict[str, str]
    ) -> bytes:
        event = json.loads(body)
        events.append(event)
        try:
            return json.dumps(cloud.call(event)).encode()
        except Exception as error:  # noqa: BLE001 - as Lambda tells of what a handler raises
            answer["x-amz-function-error"] = "Unhandled"
            return json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)}).encode()

    with mock.patch.object(LambdaSimpleBackend, "invoke", invoke):
        yield events


def describe_all(cloud: Cloud) -> None:
    """Let CloudFormation know the stack with its parameters, the name of its topic, and its log."""
    boto3.client("logs", region_name=REGION).create_log_group(logGroupName=LOG)
    describe(NAME, outputs_of(cloud) | {"SNSTopic": "reports", "LogGroup": LOG}, **PARAMETERS)
