"""EventBridge: the rule that stops a backup when its window closes. The template owns it, the orchestrator sets it."""

import json
from datetime import datetime
from typing import TYPE_CHECKING

from efs_backup.domain.errors import RuleMissing, ServiceFault
from efs_backup.domain.operations.record import BackupId
from efs_backup.domain.operations.triggers import StopBackup, read_trigger, reconcile_event, window_event
from efs_backup.domain.snapshots.window import one_time_cron
from efs_backup.lib.aws_errors import ignored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import TargetOutputTypeDef

TARGET_ID = "Target0"
"""The CDK's name for the first target of a rule."""

_DESCRIPTION = "Stops the backup that is running before its window closes; set by the orchestrator"


class StopRule:
    """The rule of one stack, by name. It has the function as its target from the template, and is never removed.

    Each call is safe to repeat.
    """

    def __init__(self, events: "EventBridgeClient", name: str) -> None:
        self._events = events
        self._name = name

    def arm(self, backup_id: BackupId, time: datetime) -> None:
        """Let the function be told once, at this minute, to stop this backup. Raises RuleMissing, ServiceFault.

        The target comes first: were it the last, a rule of tonight could fire with the backup of yesterday.
        """
        self._tell_target(window_event(backup_id))
        self._events.put_rule(
            Name=self._name, ScheduleExpression=one_time_cron(time), State="ENABLED", Description=_DESCRIPTION
        )

    def disarm(self) -> None:
        """Let it stop nothing: not even if it were enabled, for its target is told to look for what was forgotten."""
        try:
            self._tell_target(reconcile_event())
        except RuleMissing:
            return
        with ignored("ResourceNotFoundException"):
            self._events.disable_rule(Name=self._name)

    def describe_target(self) -> BackupId | None:
        """The backup that the rule would stop; None where it is not armed, or not there."""
        event = read_trigger(json.loads(str(target["Input"]))) if (target := self._target()) else None
        return BackupId(event.backup_id) if isinstance(event, StopBackup) else None

    def _target(self) -> "Mapping[str, object] | None":
        targets: Sequence[TargetOutputTypeDef] = ()
        with ignored("ResourceNotFoundException"):
            targets = self._events.list_targets_by_rule(Rule=self._name)["Targets"]
        return next(({"Input": "{}", **target} for target in targets if target["Id"] == TARGET_ID), None)

    def _tell_target(self, event: "Mapping[str, str]") -> None:
        """The rest of the target stays as the template has it."""
        known = self._target()
        if known is None:
            raise RuleMissing(f"The rule {self._name} or its target {TARGET_ID} is gone.", "Deploy the stack again.")
        target = {**known, "Input": json.dumps(event)}
        answer = self._events.put_targets(Rule=self._name, Targets=[target])  # type: ignore[list-item]
        if answer["FailedEntryCount"]:
            raise ServiceFault(f"EventBridge did not take the target of {self._name}: {answer['FailedEntries']}.")
