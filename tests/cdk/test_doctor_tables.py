"""The doctor asks about a stack what its template makes."""

import pytest

from cdk.parameters.field import fields_of
from cdk.parameters.series import When
from efs_backup.domain.doctor.network_checks import GATEWAYS, INTERFACES
from efs_backup.domain.doctor.permissions import INSTANCE, NEEDS, ORCHESTRATOR
from efs_backup.domain.doctor.running_checks import WINDOWS
from tests.support.iam import Role
from tests.support.template import Template

NOT_ASKED = {
    INSTANCE: {
        "s3:GetObject",  # of the bundle, whose name no output tells
        "ssm:ListAssociations", "ssm:ListInstanceAssociations", "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenDataChannel", "ec2messages:AcknowledgeMessage", "ec2messages:DeleteMessage",
        "ec2messages:FailMessage", "ec2messages:GetEndpoint",  # of one statement with those that are asked
    },
    ORCHESTRATOR: {"logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage"},  # seen by log and queue
}  # fmt: skip


@pytest.mark.parametrize(
    ("which", "service"), [(INSTANCE, "ec2.amazonaws.com"), (ORCHESTRATOR, "lambda.amazonaws.com")]
)
def test_the_simulated_calls_are_those_that_the_template_allows(backup: Template, which: str, service: str) -> None:
    """A call of which nobody asks would be missed on the night when it is refused."""
    asked = {action for need in NEEDS[which] for action in need.actions}
    allowed = Role(backup.having(DrillSchedule="", SealBucketLockDays="0"), service).actions
    assert asked <= allowed
    assert {action for action in allowed - asked if not _is_of_a_parameter(action)} <= NOT_ASKED[which]


def _is_of_a_parameter(action: str) -> bool:
    """Whether it is allowed only where a parameter asks for it: conditions are no matter to the list of actions."""
    return action in {
        "sts:AssumeRole", "ssm:GetParameter", "ssm:SendCommand", "ssm:GetCommandInvocation", "ssm:CancelCommand",
        "ssm:ListCommandInvocations", "ec2:DescribeInstances", "s3:PutObjectRetention", "kms:Decrypt",
    }  # fmt: skip


def test_the_endpoints_and_windows_are_those_of_the_template() -> None:
    """But for the endpoint that a restore alone needs, and that of drills."""
    from cdk.constructs.endpoints import _GATEWAYS, _INTERFACES

    assert {*INTERFACES} == {*_INTERFACES.values()} - {"sns"}
    assert {*GATEWAYS} == {*_GATEWAYS.values()}
    window = dict(fields_of(When))["window"]
    assert tuple(map(str, WINDOWS)) == window.choices


def test_the_stack_tells_whether_its_bundle_mounts_encrypted(backup: Template) -> None:
    """Without it the doctor cannot judge the policy of a source."""
    assert backup.content["Outputs"]["MountsEncrypted"]["Value"] in {"Yes", "No"}
