"""The document that makes the source quiet: to whom it goes, and what is known of it."""

from typing import TYPE_CHECKING

import boto3
import pytest
from moto.ssm.models import ssm_backends

from efs_backup.domain.errors import HookFailed
from efs_backup.domain.operations.quiescing import QUIESCE_TAG, CommandProgress, InstanceWords, fault_of
from efs_backup.domain.requests.hooks import Phase
from efs_backup.lib.quiesce import QuiesceDocument
from tests.lib.refusals import Refuse

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


@pytest.fixture
def client(session: boto3.Session) -> "SSMClient":
    """Systems Manager."""
    return session.client("ssm")


def _instance(session: boto3.Session, tag: str) -> str:
    client = session.client("ec2")
    (made,) = client.run_instances(
        ImageId="ami-12345678", MinCount=1, MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": QUIESCE_TAG, "Value": tag}]}],
    )["Instances"]  # fmt: skip
    return str(made["InstanceId"])


def test_the_document_goes_to_the_instances_with_the_tag(session: boto3.Session, client: "SSMClient") -> None:
    """With its phase; all at once, whatever becomes of the others, and never later than it is waited for."""
    ours, _ = _instance(session, "orders"), _instance(session, "web")
    document = QuiesceDocument(client, "quiesce-db", "orders")
    command_id = document.send(Phase.BEFORE)
    (sent,) = ssm_backends["123456789012"]["us-east-1"].list_commands(command_id, None)
    assert (sent.document_name, sent.instance_ids, sent.parameters) == ("quiesce-db", [ours], {"Phase": ["before"]})
    assert (sent.max_concurrency, sent.max_errors, sent.timeout_seconds) == ("100%", "100%", 120)
    progress = document.progress(command_id)
    assert progress == CommandProgress("Success", "Details placeholder", 1)
    assert progress.has_ended


def test_where_no_instance_has_the_tag_nothing_was_made_quiet(client: "SSMClient") -> None:
    """Which is a fault, whatever the status says."""
    document = QuiesceDocument(client, "quiesce-db", "nobody")
    progress = document.progress(document.send(Phase.BEFORE))
    assert progress is not None
    assert "reached no instance" in fault_of(progress, ())


@pytest.mark.parametrize("code", ["InvalidDocument", "AccessDeniedException", "InvalidParameters"])
def test_a_document_that_is_refused_is_a_hook_that_failed(client: "SSMClient", refuse: Refuse, code: str) -> None:
    """With its name, the reason, and where to look."""
    refuse(client, "send_command", code, "No such thing.")
    with pytest.raises(HookFailed, match=f"quiesce-db could not be run .after.: .*{code}.*No such thing") as failed:
        QuiesceDocument(client, "quiesce-db", "orders").send(Phase.AFTER)
    assert "Run Command" in failed.value.next_step


def test_what_is_not_known_now_is_no_end(client: "SSMClient", refuse: Refuse) -> None:
    """Progress that is not known is asked for again; words that nobody gets are none."""
    refuse(client, "list_commands", "ThrottlingException")
    assert QuiesceDocument(client, "quiesce-db", "orders").progress("0" * 36) is None


def test_words_that_cannot_be_had_are_none(client: "SSMClient", refuse: Refuse) -> None:
    """That it failed is known all the same."""
    refuse(client, "list_command_invocations", "AccessDeniedException")
    assert QuiesceDocument(client, "quiesce-db", "orders").words("0" * 36) == []


@pytest.mark.parametrize(
    ("status", "has_ended"),
    [("Pending", False), ("InProgress", False), ("Delayed", False), ("Cancelling", False), ("Success", True),
     ("Failed", True), ("TimedOut", True), ("Cancelled", True)],
)  # fmt: skip
def test_a_command_has_ended_where_nothing_more_comes_of_it(status: str, has_ended: bool) -> None:
    """By the statuses of Systems Manager."""
    assert CommandProgress(status, "", 1).has_ended is has_ended


def test_a_fault_names_the_instances_that_failed_and_what_they_said() -> None:
    """Three of them, each with the end of its words, and none that succeeded."""
    words = [InstanceWords("i-0", "Success", "fine")]
    words += [InstanceWords(f"i-{number}", "Failed", "x" * 5000 + "\nno database\n") for number in range(1, 6)]
    fault = fault_of(CommandProgress("Failed", "Failed", 6), words)
    assert fault.startswith('ended as Failed (i-1: Failed, it said last: "xxx')
    assert fault.count('| no database"') == 3
    assert "and 2 more" in fault
    assert "i-0" not in fault
    assert len(fault) < 3000
    assert "no instance says why" in fault_of(CommandProgress("TimedOut", "", 1), ())
    assert fault_of(CommandProgress("Success", "Success", 1), words) == ""
