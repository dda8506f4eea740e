"""The rule that stops a backup when its window closes: the template has made it, the orchestrator sets it."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from efs_backup.domain.errors import EfsBackupError, RuleMissing
from efs_backup.domain.operations.record import BackupId
from efs_backup.domain.operations.triggers import Reconcile, StopBackup, read_trigger, reconcile_event
from efs_backup.lib.events import TARGET_ID, StopRule
from tests.lib.refusals import Refuse

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

RULE, NEVER = "nightly-stop", "cron(0 0 1 1 ? 2199)"
FUNCTION_ARN = "arn:aws:lambda:us-east-1:123456789012:function:nightly-orchestrator"
RETRIES = {"MaximumEventAgeInSeconds": 3600}
TIME = datetime(2026, 11, 22, 4, 45, tzinfo=UTC)
ONE, OTHER = BackupId("0badcafe"), BackupId("0000beef")


@dataclass
class Cloud:
    """EventBridge with a rule as the template makes it."""

    events: "EventBridgeClient"

    def rule(self) -> tuple[str, str]:
        """When the rule fires, and whether it is enabled."""
        found = self.events.describe_rule(Name=RULE)
        return found["ScheduleExpression"], found["State"]

    def target(self) -> Any:
        """The target that the rule wakes; there is one."""
        (target,) = self.events.list_targets_by_rule(Rule=RULE)["Targets"]
        return target

    def put_input(self, text: str, target_id: str = TARGET_ID) -> None:
        """Somebody writes this into the target."""
        target = {"Id": target_id, "Arn": FUNCTION_ARN, "Input": text}
        self.events.put_targets(Rule=RULE, Targets=[target])  # type: ignore[list-item]


@pytest.fixture(scope="module")
def events(session: boto3.Session) -> "EventBridgeClient":
    """EventBridge."""
    return session.client("events")


@pytest.fixture
def cloud(aws: None, events: "EventBridgeClient") -> Cloud:
    """The rule, disabled, with the function as its target."""
    events.put_rule(Name=RULE, ScheduleExpression=NEVER, State="DISABLED")
    target = {"Id": TARGET_ID, "Arn": FUNCTION_ARN, "Input": json.dumps(reconcile_event()), "RetryPolicy": RETRIES}
    events.put_targets(Rule=RULE, Targets=[target])  # type: ignore[list-item]
    return Cloud(events)


@pytest.fixture
def rule(cloud: Cloud) -> StopRule:
    """The rule of the stack."""
    return StopRule(cloud.events, RULE)


def test_an_armed_rule_fires_at_one_minute_of_one_year_and_names_its_backup(cloud: Cloud, rule: StopRule) -> None:
    """A rate would fire again and again, and at once."""
    rule.arm(ONE, TIME)
    assert cloud.rule() == ("cron(45 4 22 11 ? 2026)", "ENABLED")
    assert read_trigger(json.loads(cloud.target()["Input"])) == StopBackup(ONE, closes_window=True)
    assert rule.describe_target() == ONE


def test_the_rest_of_the_target_stays_as_the_template_has_it(cloud: Cloud, rule: StopRule) -> None:
    """The function that it wakes, and how long an event may be tried."""
    before = cloud.target()
    rule.arm(ONE, TIME)
    rule.disarm()
    assert cloud.target() == before
    assert before["RetryPolicy"] == RETRIES


def test_a_rule_that_is_armed_again_stops_the_newer_backup(cloud: Cloud, rule: StopRule) -> None:
    """One left over from another night is no obstacle, and there is never a second target."""
    rule.arm(ONE, TIME.replace(day=21))
    rule.arm(OTHER, TIME)
    assert (rule.describe_target(), cloud.rule()) == (OTHER, ("cron(45 4 22 11 ? 2026)", "ENABLED"))


@pytest.mark.parametrize("times_armed", [0, 1, 2])
def test_a_disarmed_rule_stops_nothing(cloud: Cloud, rule: StopRule, times_armed: int) -> None:
    """However often it is done; who enables it by hand only has looked for what was forgotten."""
    for _ in range(times_armed):
        rule.arm(ONE, TIME)
    rule.disarm()
    rule.disarm()
    assert cloud.rule()[1] == "DISABLED"
    assert rule.describe_target() is None
    assert read_trigger(json.loads(cloud.target()["Input"])) == Reconcile()


def test_a_disarming_that_is_cut_off_stops_no_backup_either(cloud: Cloud, rule: StopRule) -> None:
    """The target is told first: the rule that is still enabled then looks for what was forgotten, once."""
    known: Any = {"Targets": [cloud.target()]}
    told = {"Rule": RULE, "Targets": [{**cloud.target(), "Input": json.dumps(reconcile_event())}]}
    with Stubber(cloud.events) as answers:
        answers.add_response("list_targets_by_rule", known)
        answers.add_response("put_targets", {"FailedEntryCount": 0, "FailedEntries": []}, told)
        answers.add_client_error("disable_rule", service_error_code="InternalException")
        with pytest.raises(ClientError, match="InternalException"):
            rule.disarm()


def test_a_target_that_eventbridge_does_not_take_is_told(cloud: Cloud, rule: StopRule) -> None:
    """The refusal comes in a good answer; to overlook it would cost a backup whose window never closed."""
    entry = {"TargetId": TARGET_ID, "ErrorCode": "ConcurrentModificationException", "ErrorMessage": "Changed."}
    known: Any = {"Targets": [cloud.target()]}
    with Stubber(cloud.events) as answers:
        answers.add_response("list_targets_by_rule", known)
        answers.add_response("put_targets", {"FailedEntryCount": 1, "FailedEntries": [entry]})
        with pytest.raises(EfsBackupError, match="Changed"):
            rule.arm(ONE, TIME)


def test_targets_of_others_are_not_ours(cloud: Cloud, rule: StopRule) -> None:
    """An operator may hang one more on the rule; it stays."""
    cloud.put_input('{"mode": "backup", "action": "stop", "backup_id": "0000beef"}', "pager")
    assert rule.describe_target() is None
    rule.arm(ONE, TIME)
    assert rule.describe_target() == ONE
    targets = cloud.events.list_targets_by_rule(Rule=RULE)["Targets"]
    assert {target["Id"] for target in targets} == {TARGET_ID, "pager"}


@pytest.mark.parametrize("given", ['{"mode": "backup", "action": "start"}', "{}", '"text"'])
def test_an_input_that_is_no_stop_names_no_backup(cloud: Cloud, rule: StopRule, given: str) -> None:
    """Nothing is guessed from it."""
    cloud.put_input(given)
    assert rule.describe_target() is None


@pytest.mark.parametrize("whole", [True, False])
def test_a_rule_that_is_gone_cannot_be_armed_and_needs_no_disarming(cloud: Cloud, rule: StopRule, whole: bool) -> None:
    """Nor can one without its target: a backup whose window never closes is not begun."""
    cloud.events.remove_targets(Rule=RULE, Ids=[TARGET_ID])
    if whole:
        cloud.events.delete_rule(Name=RULE)
    assert rule.describe_target() is None
    with pytest.raises(RuleMissing, match=RULE) as refused:
        rule.arm(ONE, TIME)
    assert "Deploy" in refused.value.next_step
    rule.disarm()


@pytest.mark.parametrize("operation", ["describe_target", "arm", "disarm"])
def test_what_nobody_expected_of_eventbridge_is_told_as_it_is(
    cloud: Cloud, rule: StopRule, refuse: Refuse, operation: str
) -> None:
    """Only `gone already` is fine."""
    calls = {"describe_target": rule.describe_target, "arm": lambda: rule.arm(ONE, TIME), "disarm": rule.disarm}
    refuse(cloud.events, "list_targets_by_rule", "AccessDeniedException", "Not authorized.")
    with pytest.raises(ClientError, match="Not authorized"):
        calls[operation]()
