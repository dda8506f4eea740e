"""Backups of a deployed stack: started as the schedule would, cut off as the window would, waited for."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.triggers import start_event, window_event
from efs_backup.lib.ddb import RecordTable
from tests.aws.account import Account, RunFailed

_SOON = timedelta(minutes=2)


@dataclass(frozen=True)
class Backups:
    """The backups of a stack, whose name and outputs are given."""

    account: Account
    stack: str
    outputs: Mapping[str, str]

    @property
    def group(self) -> str:
        """The Auto Scaling group."""
        return f"{self.stack}-worker"

    def start(self) -> None:
        """The function is told what the schedule tells it, as asynchronously."""
        before, event = len(self.records()), start_event() | {"event_id": str(uuid.uuid4())}
        self.account.client("lambda").invoke(
            FunctionName=self.outputs["Orchestrator"], InvocationType="Event", Payload=json.dumps(event)
        )
        self.account.wait("the backup is recorded", lambda: len(self.records()) > before, minutes=5)

    def night(self) -> BackupRecord:
        """A whole backup; gives its record."""
        self.start()
        return self.end()

    def end(self) -> BackupRecord:
        """Wait until the newest backup is reported and its instance gone; gives its record. Raises RunFailed."""
        self.account.wait("the backup is reported, and its instance gone", self._is_over, minutes=60)
        ended = self.records()[-1]
        self.account.tell(f"{ended.status}: {ended.message}")
        return ended

    def close_window_soon(self) -> None:
        """Let the rule that would stop the backup at its window's end fire in two minutes. Raises RunFailed."""
        events, backup_id = self.account.client("events"), self.records()[-1].backup_id
        rule = self._stop_rule(window_event(backup_id))
        at = datetime.now(UTC) + _SOON
        events.put_rule(Name=rule, ScheduleExpression=f"cron({at.minute} {at.hour} {at.day} {at.month} ? {at.year})")
        self.account.tell(f"The rule {rule} fires at {at:%H:%M} UTC")

    def records(self) -> list[BackupRecord]:
        """All records, oldest first."""
        table = RecordTable(self.account.client("dynamodb"), self.outputs["RecordTable"])
        return sorted(table.backups(), key=lambda backup: backup.start_time)

    def give_up(self) -> None:
        """Want no instance, and wait until none is left. Raises RunFailed."""
        self.account.client("autoscaling").set_desired_capacity(
            AutoScalingGroupName=self.group, DesiredCapacity=0, HonorCooldown=False
        )
        self.account.wait(f"{self.group} has no instance", lambda: not instances(self.account, self.group), minutes=70)

    def _is_over(self) -> bool:
        newest = self.records()[-1]
        is_told = newest.has_ended and newest.report_time is not None
        return is_told and not instances(self.account, self.group)

    def _stop_rule(self, event: Mapping[str, str]) -> str:
        """The rule whose target tells the function to stop this backup."""
        function = self.account.client("lambda").get_function(FunctionName=self.outputs["Orchestrator"])
        events, arn = self.account.client("events"), function["Configuration"]["FunctionArn"]
        for rule in events.list_rule_names_by_target(TargetArn=arn)["RuleNames"]:
            for target in events.list_targets_by_rule(Rule=rule)["Targets"]:
                if json.loads(target.get("Input", "{}")) == event:
                    return str(rule)
        raise RunFailed(f"No rule would stop the backup {event['backup_id']}.")


def instances(account: Account, group: str) -> list[str]:
    """The instances of a group, in whatever state; none where there is no group."""
    found = account.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group])
    return [each["InstanceId"] for one in found["AutoScalingGroups"] for each in one["Instances"]]


def restore_is_over(account: Account, stack: str) -> bool:
    """Whether a restore has given its instance back: it wants none any more, and has none."""
    found: Any = account.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[f"{stack}-worker"])
    (group,) = found["AutoScalingGroups"]
    return not group["DesiredCapacity"] and not group["Instances"]
