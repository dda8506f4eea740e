"""Four checkers look at the synthesized templates; what each may find is in `tests.support.exemptions`, with reasons.

cdk-nag's exceptions stand where the resource is made (`acknowledge`), for they are part of the synthesis.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.assembly import Assembly
from tests.support.exemptions import CFN_LINT, CHECKOV, PARLIAMENT
from tests.support.linter import rules_broken
from tests.support.template import ACCOUNT, Template

_CHECKERS = Path(sys.prefix) / "checkers" / "bin"
"""A virtual environment of their own: what they need contradicts what we need."""

_needs_checkers = pytest.mark.skipif(
    not (_CHECKERS / "checkov").exists() and "CI" not in os.environ,
    reason="needs `. deployment/setup.sh && need_checkers`",
)

_ARNS = {
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/a",
    "AWS::IAM::ManagedPolicy": f"arn:aws:iam::{ACCOUNT}:policy/a",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/a",
    "AWS::KMS::Key": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/a",
    "AWS::Lambda::Function": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:a",
    "AWS::Logs::LogGroup": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:a:*",
    "AWS::SNS::Topic": f"arn:aws:sns:us-east-1:{ACCOUNT}:a",
    "AWS::SQS::Queue": f"arn:aws:sqs:us-east-1:{ACCOUNT}:a",
}
_AUDIT = """
import json, sys
from parliament import analyze_policy_string
for policy in json.load(sys.stdin):
    for finding in analyze_policy_string(json.dumps(policy)).findings:
        details = finding.detail if isinstance(finding.detail, list) else [finding.detail]
        print(finding.issue, *sorted({each["action"] if "action" in each else str(each) for each in details}))
"""


def _templates(assembly: Assembly) -> list[str]:
    found = sorted(map(str, assembly.place.glob("*.template.json")))
    assert len(found) == 2
    return found


def _run(*command: object, given: str | None = None) -> str:
    line = tuple(map(str, command))
    done = subprocess.run(line, input=given, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode in (0, 1) or not done.stderr, done.stderr
    return done.stdout


def test_cdk_nag_has_nothing_left_to_say(assembly: Assembly) -> None:
    """Each finding of its AwsSolutions rules is mended, or acknowledged with a reason."""
    assert assembly.complaint == ""


def test_cfn_lint_finds_what_is_named_and_nothing_else(assembly: Assembly) -> None:
    """No error, and only these warnings."""
    assert rules_broken(_templates(assembly)) == set(CFN_LINT)


@pytest.mark.long
@_needs_checkers
def test_checkov_finds_what_is_named_and_nothing_else(assembly: Assembly) -> None:
    """A check and the type of a resource that it may find wanting."""
    files = (part for name in _templates(assembly) for part in ("--file", name))
    how = ("--framework", "cloudformation", "--compact", "--quiet", "--skip-download", "--output", "json")
    said = json.loads(_run(_CHECKERS / "checkov", *files, *how))
    failed = said["results"]["failed_checks"]
    assert (said["summary"]["parsing_errors"], said["summary"]["resource_count"] > 30) == (0, True)
    found = {f"{each['check_id']} {each['resource'].split('.')[0]}": each["check_name"] for each in failed}
    assert set(found) == set(CHECKOV), found


@_needs_checkers
def test_parliament_finds_what_is_named_and_nothing_else(backup: Template, restore: Template) -> None:
    """Of the policies of all roles: whether actions exist, and go with their resources and conditions."""
    proving = backup.having(
        SealBucketLockDays="365", DrillSchedule="rate(7 days)", QuiesceDocument="quiesce-db", PingUrlParameter="/ping",
        Browse="Yes", RestoreInPlace="Yes",
    )  # fmt: skip
    policies = [policy for template in (backup, proving, restore) for policy in _policies(template)]
    assert len(policies) >= 3
    said = _run(_CHECKERS / "python", "-c", _AUDIT, given=json.dumps(policies))
    assert set(said.splitlines()) == set(PARLIAMENT)


def _policies(template: Template) -> list[Any]:
    """The documents of all identity policies, with ARNs in the place of references."""
    documents = [each["Properties"]["PolicyDocument"] for each in template.resources("AWS::IAM::Policy").values()]
    for role in template.resources("AWS::IAM::Role").values():
        documents += [each["PolicyDocument"] for each in role["Properties"].get("Policies", ())]
    text = json.dumps([template.resolve(each) for each in documents])
    kinds = {name: each["Type"] for name, each in template.content["Resources"].items()}
    text = re.sub(r"<(\w+)\.Arn>", lambda found: _ARNS[kinds[found[1]]], text)
    resolved: list[Any] = json.loads(re.sub(r"<(\w+)>", lambda found: _ARNS.get(kinds[found[1]], "a"), text))
    return resolved
