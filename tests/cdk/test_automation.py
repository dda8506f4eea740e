"""The runbooks of the backup stack, asked as Automation would ask: with parameters in the place of their names."""

import json
import re
from typing import Any

import pytest

from efs_backup.domain.operations.hold_requests import HoldAction
from efs_backup.domain.operations.triggers import (
    AskHold,
    AskPin,
    StartBackup,
    StartDrill,
    StopBackup,
    Trigger,
    UnknownTrigger,
    read_trigger,
)
from tests.support.iam import Role
from tests.support.template import ACCOUNT, Template

_EXECUTION = "0a1b2c3d-1111-2222-3333-444455556666"
_GIVEN = {"Snapshot": "20261122T020000Z", "Reason": 'the audit; "no" is refused', "Until": "", "BackupId": "running"}

_OF_RESTORES = {"Restore", "UndoRestore"}
_UNSEEN = ("\x00", "\x1b[31m", "\x7f", "\x85", "\u202e", "\u200b", "\u2028", "\ufeff")
"""A terminal's escape, what ends a line, what turns the direction of writing, and what is not there."""


def _documents(template: Template) -> dict[str, Any]:
    found = (template.resolve(each["Properties"]) for each in template.resources("AWS::SSM::Document").values())
    return {each["Name"].rpartition("-")[2]: each for each in found}


def _ask(content: Any, **given: str) -> Trigger:
    """The trigger that the function gets. Raises ValueError where Automation would not run the document."""
    known = {"automation:EXECUTION_ID": _EXECUTION}
    for name, asked in content["parameters"].items():
        value = given.get(name, asked.get("default"))
        if value is None or not re.search(asked["allowedPattern"], value):
            raise ValueError(f"{name} cannot be {value!r}")
        known[name] = value
    text = json.dumps(content["mainSteps"][0]["inputs"]["InputPayload"])
    return read_trigger(json.loads(re.sub(r"\{\{ ([\w:]+) \}\}", lambda found: known[found[1]], text)))


def test_each_runbook_asks_the_orchestrator_for_what_it_says(backup: Template) -> None:
    """The event that it sends is one that the handler knows, with the execution as what tells deliveries apart."""
    given = _GIVEN | {"Reason": "the audit's year, 100 %", "Note": "größer als sonst"}
    asked = {name: _ask(each["Content"], **given) for name, each in _documents(backup).items()}
    assert asked.pop("StartBackup") == StartBackup(_EXECUTION)
    assert asked.pop("StartDrill") == StartDrill(_EXECUTION)
    assert asked.pop("StopBackup") == StopBackup(
        "running", f"the automation {_EXECUTION}", event_id=_EXECUTION
    )  # fmt: skip
    for name in ("Hold", "Release"):
        trigger = asked.pop(name)
        assert isinstance(trigger, AskHold)
        assert (trigger.action, trigger.reason) == (HoldAction(name.lower()), given["Reason"])
        assert trigger.by == f"the automation {_EXECUTION}"
    for name in ("Pin", "Unpin"):
        trigger = asked.pop(name)
        assert isinstance(trigger, AskPin)
        assert (trigger.wish.action, str(trigger.wish.snapshot)) == (name.lower(), given["Snapshot"])
        assert (trigger.wish.text, trigger.wish.until, trigger.event_id) == (given["Reason"], None, _EXECUTION)
    note = asked.pop("Note")
    assert isinstance(note, AskPin)
    assert (note.wish.action, note.wish.text) == ("note", given["Note"])
    assert not [name for name, trigger in asked.items() if isinstance(trigger, UnknownTrigger)]


def test_each_runbook_of_a_row_can_name_one(backup: Template) -> None:
    """By its label, and by the series of it; what stops names a backup, and a drill is of the first."""
    documents = _documents(backup)
    for name in documents.keys() - {"StartDrill", "StopBackup"} - _OF_RESTORES:
        trigger = _ask(documents[name]["Content"], **_GIVEN | {"Reason": "why", "Label": "web", "Interval": "hourly"})
        assert isinstance(trigger, StartBackup | AskHold | AskPin)
        assert (trigger.label, trigger.interval) == ("web", "hourly")


def test_an_empty_note_takes_a_note_away(backup: Template) -> None:
    """As of the command."""
    trigger = _ask(_documents(backup)["Note"]["Content"], **_GIVEN)
    assert isinstance(trigger, AskPin)
    assert trigger.wish.text == ""


def test_a_pin_of_a_runbook_can_end(backup: Template) -> None:
    """With the last second of a day of UTC."""
    trigger = _ask(_documents(backup)["Pin"]["Content"], **_GIVEN | {"Reason": "why", "Until": "2027-01-31"})
    assert isinstance(trigger, AskPin)
    assert f"{trigger.wish.until:%Y-%m-%dT%H:%M:%S}" == "2027-01-31T23:59:59"


@pytest.mark.parametrize(
    ("runbook", "given"),
    [
        ("Hold", {"Reason": ""}),
        ("Hold", {"Reason": 'x", "action": "release'}),
        ("Hold", {"Reason": "{{ ssm:secret }}"}),
        ("Hold", {"Reason": "two\nlines"}),
        ("Hold", {"Reason": "x\\"}),
        *(("Release", {"Reason": f"a{sign}b"}) for sign in _UNSEEN),
        *(("Note", {"Note": f"a{sign}b"}) for sign in _UNSEEN),
        ("StartBackup", {"Label": "../etc"}),
        ("Pin", {"Reason": "why", "Label": "{{ Reason }}"}),
        ("Hold", {"Reason": "why", "Label": "web", "Interval": "yearly"}),
        ("Pin", {"Reason": "why", "Snapshot": "latest"}),
        ("Pin", {"Reason": "why", "Snapshot": "20261122T020000Z", "Until": "tomorrow"}),
        ("StopBackup", {"BackupId": "every"}),
    ],
)
def test_no_parameter_of_a_runbook_turns_its_event_into_another(
    backup: Template, runbook: str, given: dict[str, str]
) -> None:
    """Whether Automation puts texts into JSON as texts or as JSON: the pattern lets nothing pass that matters."""
    with pytest.raises(ValueError, match="cannot be"):
        _ask(_documents(backup)[runbook]["Content"], **given)


def test_the_names_of_runbooks_have_that_of_the_stack(backup: Template) -> None:
    """Behind ours: Systems Manager refuses names that begin with aws, amazon or amzn. An update is a new version."""
    for name, each in _documents(backup).items():
        assert each["Name"] == f"EfsBackup-EfsBackup-{name}"
        assert (each["DocumentType"], each["UpdateMethod"]) == ("Automation", "NewVersion")
        content = each["Content"]
        assert content["schemaVersion"] == "0.3"
        assert content["mainSteps"][0]["inputs"]["InvocationType"] == "RequestResponse"


def test_the_role_of_runbooks_may_ask_the_orchestrator_and_nothing_else(backup: Template) -> None:
    """And only Automation of this account may take it."""
    function, _ = backup.one("AWS::Lambda::Function")
    role = Role(backup, "ssm.amazonaws.com")
    assert role.actions == {"lambda:InvokeFunction"}
    assert role.may("lambda:InvokeFunction", f"<{function}.Arn>")
    assert not role.may("lambda:InvokeFunction", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:other")
    (trust,) = [
        statement
        for each in backup.resources("AWS::IAM::Role").values()
        for statement in backup.resolve(each["Properties"]["AssumeRolePolicyDocument"])["Statement"]
        if statement["Principal"] == {"Service": "ssm.amazonaws.com"}
    ]
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:ssm:us-east-1:{ACCOUNT}:automation-execution/*"},
    }
