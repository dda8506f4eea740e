"""The one-time rule that stops a backup when its window closes."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from efs_backup.domain.errors import EfsBackupError, FunctionMissing
from efs_backup.domain.operations.record import BackupId
from efs_backup.domain.operations.triggers import StopBackup, read_trigger
from efs_backup.lib.events import STATEMENT_ID, TARGET_ID, StopRule
from tests.lib.conftest import Refuse

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient

RULE, FUNCTION = "nightly-stop", "nightly-orchestrator"
TIME = datetime(2026, 11, 22, 4, 45, tzinfo=UTC)
ONE, OTHER = BackupId("0badcafe"), BackupId("0000beef")


@dataclass
class Cloud:
    """EventBridge, and Lambda with one function."""

    events: "EventBridgeClient"
    functions: "LambdaClient"
    function_arn: str

    def rules(self) -> list[str]:
        """The names of all rules."""
        return [rule["Name"] for rule in self.events.list_rules()["Rules"]]

    def inputs(self) -> dict[str, str]:
        """What each target of the rule is given."""
        targets = self.events.list_targets_by_rule(Rule=RULE)["Targets"]
        return {target["Id"]: target.get("Input", "") for target in targets}

    def permissions(self) -> list[tuple[str, str, str]]:
        """Who may call the function: statement, service and rule."""
        try:
            policy = json.loads(self.functions.get_policy(FunctionName=FUNCTION)["Policy"])
        except self.functions.exceptions.ResourceNotFoundException:
            return []
        return [
            (entry["Sid"], entry["Principal"]["Service"], entry["Condition"]["ArnLike"]["AWS:SourceArn"])
            for entry in policy["Statement"]
        ]


def _program() -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        archive.writestr("program.py", "")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def events(session: boto3.Session) -> "EventBridgeClient":
    """EventBridge."""
    return session.client("events")


@pytest.fixture(scope="module")
def functions(session: boto3.Session) -> "LambdaClient":
    """Lambda."""
    return session.client("lambda")


@pytest.fixture(scope="module")
def identities(session: boto3.Session) -> Any:
    """Identity and Access Management."""
    return session.client("iam")


@pytest.fixture
def cloud(aws: None, events: "EventBridgeClient", functions: "LambdaClient", identities: Any) -> Cloud:
    """A function, and no rule."""
    role = identities.create_role(RoleName="role", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    created = functions.create_function(
        FunctionName=FUNCTION, Runtime="python3.13", Role=role, Handler="program.handler", Code={"ZipFile": _program()}
    )
    return Cloud(events, functions, created["FunctionArn"])


@pytest.fixture
def rule(cloud: Cloud) -> StopRule:
    """The rule of the stack."""
    return StopRule(cloud.events, cloud.functions, RULE, FUNCTION)


def test_a_rule_fires_at_one_minute_of_one_year(cloud: Cloud, rule: StopRule) -> None:
    """A rate would fire again and again, and at once."""
    arn = rule.create_event(TIME)
    found = cloud.events.describe_rule(Name=RULE)
    assert (found["ScheduleExpression"], found["State"], found["Arn"]) == ("cron(45 4 22 11 ? 2026)", "ENABLED", arn)


def test_a_rule_that_is_there_gets_the_new_minute(cloud: Cloud, rule: StopRule) -> None:
    """One left over from another night is no obstacle."""
    rule.create_event(TIME.replace(day=21))
    rule.create_event(TIME)
    assert cloud.rules() == [RULE]
    assert cloud.events.describe_rule(Name=RULE)["ScheduleExpression"] == "cron(45 4 22 11 ? 2026)"


def test_the_target_is_told_which_backup_to_stop(cloud: Cloud, rule: StopRule) -> None:
    """The orchestrator reads the input as a stop."""
    rule.create_event(TIME)
    rule.add_target(ONE)
    assert read_trigger(json.loads(cloud.inputs()[TARGET_ID])) == StopBackup(ONE)
    assert cloud.events.list_targets_by_rule(Rule=RULE)["Targets"][0]["Arn"] == cloud.function_arn


def test_a_target_that_is_added_again_stops_the_newer_backup(rule: StopRule) -> None:
    """There is one target, never two."""
    rule.create_event(TIME)
    rule.add_target(ONE)
    rule.add_target(OTHER)
    assert rule.describe_target() == OTHER


def test_a_target_that_eventbridge_does_not_take_is_told(cloud: Cloud, rule: StopRule) -> None:
    """It says so in a good answer; a backup whose window never closed would be the price of not reading it."""
    entry = {"TargetId": TARGET_ID, "ErrorCode": "ConcurrentModificationException", "ErrorMessage": "Changed."}
    with Stubber(cloud.events) as answers:
        answers.add_response("put_targets", {"FailedEntryCount": 1, "FailedEntries": [entry]})
        with pytest.raises(EfsBackupError, match="Changed"):
            rule.add_target(ONE)


def test_without_a_rule_no_backup_is_running(rule: StopRule) -> None:
    """That is known without an error."""
    assert rule.describe_target() is None


def test_a_rule_without_a_target_stops_no_backup(rule: StopRule) -> None:
    """A start that broke off in between leaves one."""
    rule.create_event(TIME)
    assert rule.describe_target() is None


def test_targets_of_others_are_not_ours(cloud: Cloud, rule: StopRule) -> None:
    """An operator may hang one more on the rule."""
    rule.create_event(TIME)
    other = {"Id": "pager", "Arn": cloud.function_arn, "Input": '{"mode": "backup", "action": "stop"}'}
    cloud.events.put_targets(Rule=RULE, Targets=[other])  # type: ignore[list-item]
    assert rule.describe_target() is None
    rule.add_target(ONE)
    assert rule.describe_target() == ONE


@pytest.mark.parametrize("given", ['{"mode": "backup", "action": "start"}', "{}", '"text"'])
def test_an_input_that_is_no_stop_names_no_backup(cloud: Cloud, rule: StopRule, given: str) -> None:
    """Nothing is guessed from it."""
    rule.create_event(TIME)
    target = {"Id": TARGET_ID, "Arn": cloud.function_arn, "Input": given}
    cloud.events.put_targets(Rule=RULE, Targets=[target])  # type: ignore[list-item]
    assert rule.describe_target() is None


def test_a_target_can_be_taken_away(cloud: Cloud, rule: StopRule) -> None:
    """The rule stays."""
    rule.create_event(TIME)
    rule.add_target(ONE)
    rule.remove_target()
    assert (cloud.inputs(), cloud.rules()) == ({}, [RULE])


@pytest.mark.parametrize("with_rule", [True, False])
def test_a_target_that_is_gone_may_be_taken_away(rule: StopRule, with_rule: bool) -> None:
    """And so may one whose rule is gone."""
    if with_rule:
        rule.create_event(TIME)
    rule.remove_target()
    assert rule.describe_target() is None


def test_a_rule_can_be_deleted(cloud: Cloud, rule: StopRule) -> None:
    """Nothing of it is left."""
    rule.create_event(TIME)
    rule.delete_event()
    assert cloud.rules() == []


def test_a_rule_that_is_gone_may_be_deleted(cloud: Cloud, rule: StopRule, refuse: Refuse) -> None:
    """Whether EventBridge is silent about it or says so."""
    rule.delete_event()
    refuse(cloud.events, "delete_rule", "ResourceNotFoundException")
    rule.delete_event()


def test_a_rule_that_still_has_a_target_is_not_deleted(cloud: Cloud, rule: StopRule) -> None:
    """EventBridge's own refusal is told."""
    rule.create_event(TIME)
    rule.add_target(ONE)
    with pytest.raises(ClientError, match="has targets"):
        rule.delete_event()
    assert cloud.rules() == [RULE]


def test_the_function_is_found_by_name(cloud: Cloud, rule: StopRule) -> None:
    """Its ARN needs no setting of its own."""
    assert rule.get_lambda_arn() == cloud.function_arn


def test_a_function_that_does_not_exist_is_named(cloud: Cloud) -> None:
    """Neither an ARN nor a target can be had for it."""
    orphan = StopRule(cloud.events, cloud.functions, RULE, "nowhere")
    orphan.create_event(TIME)
    for call in (orphan.get_lambda_arn, lambda: orphan.add_target(ONE)):
        with pytest.raises(FunctionMissing, match="no Lambda function nowhere"):
            call()


def test_a_permission_lets_this_rule_and_no_other_call_the_function(cloud: Cloud, rule: StopRule) -> None:
    """It names the rule."""
    arn = rule.create_event(TIME)
    rule.add_permission(arn)
    assert cloud.permissions() == [(STATEMENT_ID, "events.amazonaws.com", arn)]


def test_a_permission_that_is_there_stays(cloud: Cloud, rule: StopRule, refuse: Refuse) -> None:
    """The rule's ARN is the same each night, so the old one serves as well."""
    said = f"The statement id ({STATEMENT_ID}) provided already exists. Please provide a new statement id."
    refuse(cloud.functions, "add_permission", "ResourceConflictException", said)
    rule.add_permission("arn:aws:events:us-east-1:123456789012:rule/nightly-stop")


def test_a_permission_that_was_not_given_is_told(cloud: Cloud, rule: StopRule, refuse: Refuse) -> None:
    """Lambda uses the same code while the function is being updated; then there is no permission yet."""
    said = "The operation cannot be performed at this time. An update is in progress for resource."
    refuse(cloud.functions, "add_permission", "ResourceConflictException", said)
    with pytest.raises(ClientError, match="update is in progress"):
        rule.add_permission("arn:aws:events:us-east-1:123456789012:rule/nightly-stop")


def test_a_permission_can_be_taken_away(cloud: Cloud, rule: StopRule) -> None:
    """Nothing can call the function in its name afterwards."""
    rule.add_permission(rule.create_event(TIME))
    rule.remove_permission()
    assert cloud.permissions() == []


def test_a_permission_that_is_gone_may_be_taken_away(cloud: Cloud, rule: StopRule) -> None:
    """And so may one of a function that is gone."""
    rule.remove_permission()
    StopRule(cloud.events, cloud.functions, RULE, "nowhere").remove_permission()
    assert cloud.permissions() == []


def test_an_armed_rule_has_all_that_it_takes_to_stop_a_backup(cloud: Cloud, rule: StopRule) -> None:
    """Minute, permission and target."""
    rule.arm(ONE, TIME)
    assert (cloud.rules(), len(cloud.permissions()), rule.describe_target()) == ([RULE], 1, ONE)


@pytest.mark.parametrize("times_armed", [0, 1, 2])
def test_a_disarmed_rule_leaves_nothing(cloud: Cloud, rule: StopRule, times_armed: int) -> None:
    """However often it is done, and whatever of it was there."""
    for _ in range(times_armed):
        rule.remove_permission()
        rule.arm(ONE, TIME)
    rule.disarm()
    rule.disarm()
    assert (cloud.rules(), cloud.permissions()) == ([], [])


@pytest.mark.parametrize("leftover", ["rule", "target", "permission"])
def test_whatever_a_broken_start_has_left_is_disarmed(cloud: Cloud, rule: StopRule, leftover: str) -> None:
    """Each of the three may be there alone."""
    arn = rule.create_event(TIME)
    if leftover == "target":
        rule.add_target(ONE)
    if leftover == "permission":
        rule.add_permission(arn)
        rule.delete_event()
    rule.disarm()
    assert (cloud.rules(), cloud.permissions()) == ([], [])


@pytest.mark.parametrize("operation", ["list_targets_by_rule", "remove_targets", "delete_rule"])
def test_what_nobody_expected_of_eventbridge_is_told_as_it_is(
    cloud: Cloud, rule: StopRule, refuse: Refuse, operation: str
) -> None:
    """Only `gone already` is fine."""
    calls = {
        "list_targets_by_rule": rule.describe_target, "remove_targets": rule.remove_target,
        "delete_rule": rule.delete_event,
    }  # fmt: skip
    refuse(cloud.events, operation, "AccessDeniedException", "Not authorized.")
    with pytest.raises(ClientError, match="Not authorized"):
        calls[operation]()
