"""Restores into the source by the backup stack: a leave that nobody has, and who may pass it on."""

import json
import re
from typing import Any

import pytest

from efs_backup.domain.operations.triggers import AskRestore, read_trigger
from efs_backup.domain.requests.restore_order import RestoreOrder
from tests.support.iam import Role
from tests.support.template import ACCOUNT, Template

_SOURCE = f"arn:aws:elasticfilesystem:us-east-1:{ACCOUNT}:file-system/fs-11111111"
_INSTANCE, _FUNCTION = "ec2.amazonaws.com", "lambda.amazonaws.com"


@pytest.fixture
def restoring(backup: Template) -> Template:
    """The backup stack that may restore into its source."""
    return backup.having(RestoreInPlace="Yes")


def _environment(template: Template) -> dict[str, str]:
    variables: dict[str, str] = template.properties("AWS::Lambda::Function")["Environment"]["Variables"]
    return variables


def test_a_stack_does_not_restore_into_its_source_unless_it_is_wanted(backup: Template) -> None:
    """No policy, no right of the orchestrator in IAM, no document; and the function knows that."""
    assert not backup.resources("AWS::IAM::ManagedPolicy")
    assert not [action for action in Role(backup, _FUNCTION).actions if action.startswith("iam:")]
    assert not [name for name in backup.resources("AWS::SSM::Document") if "Restore" in name]
    assert _environment(backup)["RESTORE_POLICY"] == ""


def test_the_leave_is_one_action_on_one_file_system_and_nobody_has_it(restoring: Template) -> None:
    """Not the instance: its own policies only read the source."""
    name, leave = restoring.one("AWS::IAM::ManagedPolicy")
    (statement,) = restoring.resolve(leave["Properties"]["PolicyDocument"]["Statement"])
    assert statement == {"Action": "elasticfilesystem:ClientWrite", "Effect": "Allow", "Resource": _SOURCE}
    assert not {"Roles", "Users", "Groups"} & set(leave["Properties"])
    assert not Role(restoring, _INSTANCE).may("elasticfilesystem:ClientWrite", _SOURCE)
    assert f"<{name}>" not in json.dumps(
        [restoring.resolve(each) for each in restoring.resources("AWS::IAM::Role").values()]
    )


def test_the_orchestrator_passes_that_leave_to_that_role_and_nothing_else(restoring: Template) -> None:
    """Neither another policy to it, nor the leave to another role, nor a policy of its own making to anybody."""
    orchestrator, (leave, _) = Role(restoring, _FUNCTION), restoring.one("AWS::IAM::ManagedPolicy")
    (worker,) = (name for name in restoring.resources("AWS::IAM::Role") if name.startswith("Worker"))
    policy = f"<{leave}>"
    for action in ("iam:AttachRolePolicy", "iam:DetachRolePolicy"):
        assert orchestrator.may(action, f"<{worker}.Arn>", iam_PolicyARN=policy)
        assert not orchestrator.may(
            action, f"<{worker}.Arn>", iam_PolicyARN="arn:aws:iam::aws:policy/AdministratorAccess"
        )
        assert not orchestrator.may(action, f"<{worker}.Arn>")
        assert not orchestrator.may(action, f"arn:aws:iam::{ACCOUNT}:role/admin", iam_PolicyARN=policy)
    assert {action for action in orchestrator.actions if action.startswith("iam:")} == {
        "iam:AttachRolePolicy", "iam:DetachRolePolicy",
    }  # fmt: skip
    assert not orchestrator.may("elasticfilesystem:ClientWrite", _SOURCE)
    assert not [action for action in Role(restoring, _INSTANCE).actions if action.startswith("iam:")]


def test_the_function_knows_the_role_and_the_policy(restoring: Template) -> None:
    """By the name of the one and the ARN of the other, as the calls want them."""
    (worker,) = (name for name in restoring.resources("AWS::IAM::Role") if name.startswith("Worker"))
    (leave, _) = restoring.one("AWS::IAM::ManagedPolicy")
    told = _environment(restoring)
    assert (told["WORKER_ROLE"], told["RESTORE_POLICY"]) == (f"<{worker}>", f"<{leave}>")


def test_the_instance_keeps_the_logs_of_restores(backup: Template) -> None:
    """Also of a dry run, which needs no leave."""
    (logs,) = (name for name in backup.resources("AWS::S3::Bucket") if "Logs" in name)
    assert Role(backup, _INSTANCE).may("s3:PutObject", f"arn:aws:s3:::<{logs}>/efs-restore-logs/a.log")


def _documents(template: Template) -> dict[str, Any]:
    found = {name: each for name, each in template.resources("AWS::SSM::Document").items() if "RestoreDoc" in name}
    return {name: template.resolve(each["Properties"]) for name, each in found.items()}


def _event(document: dict[str, Any], **given: str) -> dict[str, str]:
    """The event that the orchestrator gets where these parameters are given, each held against its pattern."""
    content = document["Content"]
    known = {name: given.get(name, slot.get("default")) for name, slot in content["parameters"].items()}
    for name, value in known.items():
        assert re.fullmatch(content["parameters"][name]["allowedPattern"], value), (name, value)
    known["automation:EXECUTION_ID"] = "e1"
    payload = content["mainSteps"][0]["inputs"]["InputPayload"]
    return {
        name: re.sub(r"\{\{ (\S+) \}\}", lambda found: str(known[found[1]]), text) for name, text in payload.items()
    }  # fmt: skip


def test_the_documents_ask_for_what_they_say(restoring: Template) -> None:
    """A restore and an undo; unless told otherwise they only plan."""
    undo, restore = sorted(_documents(restoring).values(), key=lambda each: "UndoRestore" not in each["Name"])
    by = "the automation e1"
    asked = _event(restore, Path="/home/alice/a b.tex", ToOriginal="Yes")
    assert read_trigger(asked) == AskRestore(
        RestoreOrder(("/home/alice/a b.tex",), None, True, dry_run=True, by=by), "e1"
    )
    into = read_trigger(_event(restore, Path="/", Into="/r", AsOf="2026-11-20T12:00:00Z", Mode="new", DryRun="No"))
    assert isinstance(into, AskRestore)
    assert (into.order.into, into.order.mode, into.order.writes) == ("/r", "new", True)
    named = read_trigger(_event(restore, Path="/", ToOriginal="Yes", Snapshot="20261122T020000Z"))
    assert isinstance(named, AskRestore)
    assert named.order.selection.name == "20261122T020000Z"
    taken = _event(undo, Quarantine="/.quarantine-T", DryRun="No")
    assert read_trigger(taken) == AskRestore(RestoreOrder(undoes="/.quarantine-T", by=by), "e1")


@pytest.mark.parametrize("path", ['/a", "into": "/', "/{{ global:DATE }}", "/a\\", "/a\nb", "/a\u202eb", ""])
def test_no_path_of_a_document_is_taken_for_anything_else(restoring: Template, path: str) -> None:
    """Neither for the rest of the event, nor for a parameter."""
    for document in _documents(restoring).values():
        for name in {"Path", "Quarantine"} & set(document["Content"]["parameters"]):
            assert not re.fullmatch(document["Content"]["parameters"][name]["allowedPattern"], path)
