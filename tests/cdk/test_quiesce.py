"""The surroundings of a backup, in the backup stack: nothing of them unless they are named."""

import pytest

from tests.support.iam import Role
from tests.support.template import ACCOUNT, Template, environment_file

_HERE = f"us-east-1:{ACCOUNT}"
_INSTANCE = f"arn:aws:ec2:{_HERE}:instance/i-1"
_WORKER = "ec2.amazonaws.com"


@pytest.fixture
def quiescing(backup: Template) -> Template:
    """The backup stack with a document and a tag."""
    return backup.having(QuiesceDocument="quiesce-db", QuiesceTag="orders")


def test_nothing_is_allowed_and_nothing_told_unless_it_is_named(backup: Template) -> None:
    """No permission of Systems Manager beyond its channels, and empty settings."""
    actions = Role(backup, _WORKER).actions
    for action in ("SendCommand", "ListCommands", "ListCommandInvocations", "GetParameter"):
        assert f"ssm:{action}" not in actions
    told = environment_file(backup)
    assert (told["QUIESCE_DOCUMENT"], told["PING_URL_PARAMETER"]) == ("", "")


def test_the_instance_may_run_that_document_on_instances_with_that_tag_and_no_other(quiescing: Template) -> None:
    """Neither another document, nor on an instance without the tag, nor one of another stack; and it cancels none."""
    worker = Role(quiescing, _WORKER)
    assert worker.may("ssm:SendCommand", f"arn:aws:ssm:{_HERE}:document/quiesce-db")
    assert worker.may("ssm:SendCommand", _INSTANCE, **{"ssm_resourceTag_efs-backup-quiesce": "orders"})
    assert worker.may("ssm:ListCommands")
    assert worker.may("ssm:ListCommandInvocations")
    assert not worker.may("ssm:SendCommand", _INSTANCE)
    assert not worker.may("ssm:SendCommand", _INSTANCE, **{"ssm_resourceTag_efs-backup-quiesce": "web"})
    assert not worker.may("ssm:SendCommand", f"arn:aws:ssm:{_HERE}:document/other")
    assert not worker.may("ssm:SendCommand", "arn:aws:ssm:us-east-1::document/AWS-RunShellScript")
    assert "ssm:CancelCommand" not in worker.actions
    assert "ssm:SendCommand" not in Role(quiescing.having(QuiesceDocument=""), _WORKER).actions


def test_without_a_value_the_tag_has_the_name_of_the_stack(quiescing: Template) -> None:
    """For the permission and for the agent alike."""
    told = environment_file(quiescing)
    assert (told["QUIESCE_DOCUMENT"], told["QUIESCE_TAG"]) == ("quiesce-db", "orders")
    asked = quiescing.having(QuiesceTag="")
    name = environment_file(asked)["QUIESCE_TAG"]
    assert name == environment_file(asked)["STACK_NAME"]
    assert Role(asked, _WORKER).may("ssm:SendCommand", _INSTANCE, **{"ssm_resourceTag_efs-backup-quiesce": name})


def test_the_instance_may_read_the_parameter_with_the_ping_and_no_other(backup: Template) -> None:
    """The address itself is in no template, and in no user data."""
    asked = backup.having(PingUrlParameter="/team/ping")
    worker, parameters = Role(asked, _WORKER), f"arn:aws:ssm:{_HERE}:parameter"
    assert worker.may("ssm:GetParameter", f"{parameters}/team/ping")
    assert not worker.may("ssm:GetParameter", f"{parameters}/team/other")
    assert environment_file(asked)["PING_URL_PARAMETER"] == "/team/ping"


def test_how_much_is_scrubbed_is_told(backup: Template) -> None:
    """As much as by the command, unless told."""
    told = environment_file(backup)
    assert (told["SCRUB_DAYS"], told["SCRUB_GIGABYTES"]) == ("90", "0")
    told = environment_file(backup.having(ScrubDays="0", ScrubGigabytes="50"))
    assert (told["SCRUB_DAYS"], told["SCRUB_GIGABYTES"]) == ("0", "50")
