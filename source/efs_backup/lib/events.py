"""EventBridge: the one-time rule that stops a backup when its window closes."""

import json
from datetime import datetime
from typing import TYPE_CHECKING

from efs_backup.domain.errors import FunctionMissing, ServiceFault
from efs_backup.domain.operations.record import BackupId
from efs_backup.domain.operations.triggers import StopBackup, read_trigger, stop_event
from efs_backup.domain.snapshots.window import one_time_cron
from efs_backup.lib.aws_errors import ignored, translated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import TargetOutputTypeDef
    from mypy_boto3_lambda import LambdaClient

TARGET_ID = "orchestrator"
STATEMENT_ID = "stop-backup"


class StopRule:
    """The rule of one stack, by name, and the Lambda function that it wakes. Each call is safe to repeat."""

    def __init__(self, events: "EventBridgeClient", functions: "LambdaClient", name: str, function_name: str) -> None:
        self._events = events
        self._functions = functions
        self._name = name
        self._function_name = function_name

    def create_event(self, time: datetime) -> str:
        """Make the rule fire once, at this minute; gives its ARN."""
        return self._events.put_rule(
            Name=self._name,
            ScheduleExpression=one_time_cron(time),
            State="ENABLED",
            Description="Stops the backup that is running before its window closes; removed when the backup ends",
        )["RuleArn"]

    def describe_target(self) -> BackupId | None:
        """The backup that the rule would stop; None where there is no rule, or it has no target."""
        targets: Sequence[TargetOutputTypeDef] = ()
        with ignored("ResourceNotFoundException"):
            targets = self._events.list_targets_by_rule(Rule=self._name)["Targets"]
        events = [read_trigger(json.loads(target["Input"])) for target in targets if target["Id"] == TARGET_ID]
        return next((BackupId(event.backup_id) for event in events if isinstance(event, StopBackup)), None)

    def add_target(self, backup_id: BackupId) -> None:
        """Let the rule tell the function which backup to stop. Raises FunctionMissing."""
        target = {"Id": TARGET_ID, "Arn": self.get_lambda_arn(), "Input": json.dumps(stop_event(backup_id))}
        answer = self._events.put_targets(Rule=self._name, Targets=[target])  # type: ignore[list-item]
        if answer["FailedEntryCount"]:
            raise ServiceFault(f"EventBridge did not take the target of {self._name}: {answer['FailedEntries']}.")

    def remove_target(self) -> None:
        """Take the target away."""
        with ignored("ResourceNotFoundException"):
            self._events.remove_targets(Rule=self._name, Ids=[TARGET_ID])

    def delete_event(self) -> None:
        """Remove the rule; its target must be gone before."""
        with ignored("ResourceNotFoundException"):
            self._events.delete_rule(Name=self._name)

    def get_lambda_arn(self) -> str:
        """The ARN of the function. Raises FunctionMissing."""
        missing = FunctionMissing(f"There is no Lambda function {self._function_name}.", "Deploy the stack again.")
        with translated(missing, "ResourceNotFoundException"):
            return self._functions.get_function(FunctionName=self._function_name)["Configuration"]["FunctionArn"]

    def add_permission(self, rule_arn: str) -> None:
        """Let this rule call the function."""
        with ignored("ResourceConflictException", saying="already exists"):
            self._functions.add_permission(
                FunctionName=self._function_name,
                StatementId=STATEMENT_ID,
                Action="lambda:InvokeFunction",
                Principal="events.amazonaws.com",
                SourceArn=rule_arn,
            )

    def remove_permission(self) -> None:
        """Take that permission away."""
        with ignored("ResourceNotFoundException"):
            self._functions.remove_permission(FunctionName=self._function_name, StatementId=STATEMENT_ID)

    def arm(self, backup_id: BackupId, time: datetime) -> None:
        """Let the function be told at this minute to stop this backup."""
        self.add_permission(self.create_event(time))
        self.add_target(backup_id)

    def disarm(self) -> None:
        """Remove the target, the rule and the permission, as far as they are there."""
        self.remove_target()
        self.delete_event()
        self.remove_permission()
