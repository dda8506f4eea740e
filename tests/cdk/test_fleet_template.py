"""Several instances of one backup in the stack: a queue, and what its instances then may; only if wanted."""

import pytest

from efs_backup.domain.doctor.permissions import OF_SEVERAL
from tests.support.iam import Role
from tests.support.template import ACCOUNT, Template, environment_file

_HERE = f"us-east-1:{ACCOUNT}"
_WORKER = "ec2.amazonaws.com"
_GROUP = f"arn:aws:autoscaling:{_HERE}:autoScalingGroup:0a1b:autoScalingGroupName"
_QUEUE = "AWS::SQS::Queue"


@pytest.fixture
def fleet(backup: Template) -> Template:
    """The backup stack with four instances for a backup."""
    return backup.having(Workers="4", CreateEndpoints="Yes")


def _queues(template: Template) -> dict[str, str]:
    """The logical ids of the queues of the shares, by what they hold."""
    found = (name for name in template.resources(_QUEUE) if name.startswith("Shares"))
    return {"dead" if "Dead" in name else "shares": name for name in found}


def test_a_backup_of_one_instance_has_no_queue(backup: Template) -> None:
    """A backup of one instance pays for no queue, and nothing more is allowed."""
    assert _queues(backup) == {}
    environment = environment_file(backup)
    assert (environment["WORKERS"], environment["SHARE_QUEUE_URL"], environment["DEAD_SHARE_QUEUE_URL"]) == (
        "1",
        "",
        "",
    )
    assert backup.properties("AWS::AutoScaling::AutoScalingGroup")["MaxSize"] == "1"
    assert not [action for action in Role(backup, _WORKER).actions if action.startswith(("sqs:", "ec2:Describe"))]
    assert "autoscaling:SetInstanceProtection" not in Role(backup, _WORKER).actions


def test_several_instances_share_by_a_queue(fleet: Template) -> None:
    """A share that came to no end three times is dead; those of an old night are gone after a day."""
    queues = _queues(fleet)
    shares, dead = (fleet.resolve(fleet.resources(_QUEUE)[queues[kind]]["Properties"]) for kind in ("shares", "dead"))
    assert shares["RedrivePolicy"] == {"deadLetterTargetArn": f"<{queues['dead']}.Arn>", "maxReceiveCount": 3}
    assert (shares["VisibilityTimeout"], shares["MessageRetentionPeriod"]) == (300, 86_400)
    assert dead["MessageRetentionPeriod"] > shares["MessageRetentionPeriod"]
    assert shares["SqsManagedSseEnabled"] is dead["SqsManagedSseEnabled"] is True
    environment = environment_file(fleet)
    assert environment["SHARE_QUEUE_URL"] == f"<{queues['shares']}>"
    assert environment["DEAD_SHARE_QUEUE_URL"] == f"<{queues['dead']}>"
    assert environment["WORKERS"] == "4"
    assert fleet.properties("AWS::AutoScaling::AutoScalingGroup")["MaxSize"] == "4"


def test_the_doctor_asks_for_what_several_instances_may_beside_one(fleet: Template, backup: Template) -> None:
    """Neither more nor less."""
    asked = {action for need in OF_SEVERAL for action in need.actions}
    assert Role(fleet, _WORKER).actions - Role(backup, _WORKER).actions == asked
    assert fleet.resolve(fleet.content["Outputs"]["ShareQueue"]["Value"]) == f"<{_queues(fleet)['shares']}.Arn>"


def test_nobody_speaks_to_the_queues_in_clear(fleet: Template) -> None:
    """Both refuse what comes without TLS."""
    policies = {name: each for name, each in fleet.resources("AWS::SQS::QueuePolicy").items() if "Shares" in name}
    assert len(policies) == 2
    for policy in policies.values():
        (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
        assert statement["Effect"] == "Deny"
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize("action", ["ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "SendMessage"])
def test_an_instance_works_with_its_own_queue_alone(fleet: Template, action: str) -> None:
    """And takes dead shares out of theirs."""
    role, queues = Role(fleet, _WORKER), _queues(fleet)
    assert role.may(f"sqs:{action}", f"<{queues['shares']}.Arn>")
    assert role.may(f"sqs:{action}", f"<{queues['dead']}.Arn>") is (action in ("ReceiveMessage", "DeleteMessage"))
    assert not role.may(f"sqs:{action}", f"arn:aws:sqs:{_HERE}:other")


@pytest.mark.parametrize("action", ["SetInstanceProtection", "TerminateInstanceInAutoScalingGroup"])
def test_an_instance_fences_its_own_group_alone(fleet: Template, action: str) -> None:
    """The leader protects itself, and has the others terminated."""
    role = Role(fleet, _WORKER)
    (group,) = fleet.resources("AWS::AutoScaling::AutoScalingGroup")
    assert role.may(f"autoscaling:{action}", f"{_GROUP}/<{group}>")
    assert not role.may(f"autoscaling:{action}", f"{_GROUP}/web")
    assert role.may("ec2:DescribeInstances")
    assert not role.may("ec2:TerminateInstances", f"arn:aws:ec2:{_HERE}:instance/i-1")


def test_private_subnets_get_endpoints_for_the_queue_and_the_fence(fleet: Template, backup: Template) -> None:
    """Where the stack makes endpoints at all, and several instances work."""

    def found(template: Template) -> set[str]:
        ends = template.resources("AWS::EC2::VPCEndpoint").values()
        names = {template.resolve(each["Properties"]["ServiceName"]).rpartition(".")[2] for each in ends}
        return names & {"sqs", "ec2"}

    assert found(fleet) == {"sqs", "ec2"}
    assert not found(backup.having(CreateEndpoints="Yes"))
    assert not found(fleet.having(CreateEndpoints="No"))


def test_several_instances_make_one_backup_at_a_time(backup: Template) -> None:
    """The group's capacity says how many are wanted for one."""
    rule = backup.content["Rules"]["SeveralWorkersOfOneBackup"]
    assert rule["RuleCondition"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "Workers"}, "1"]}]}
    (assertion,) = rule["Assertions"]
    assert assertion["Assert"] == {"Fn::Equals": [{"Ref": "ConcurrentBackups"}, "1"]}
