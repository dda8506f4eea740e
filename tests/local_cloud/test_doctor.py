"""The doctor of a stack that was deployed from its template, as an operator calls it."""

import json
import os
import subprocess
from typing import Any

import pytest
from moto.kms.models import kms_backends

from deployment.local_cloud.place import ACCOUNT, REGION
from tests.support.cli import COMMAND
from tests.support.schemas import complaint
from tests.support.site import Site

pytestmark = [
    pytest.mark.root,
    pytest.mark.filterwarnings("ignore:Tried to parse"),  # moto leaves out what it does not know
]


def _wrong(site: Site, *only: str) -> dict[str, dict[str, Any]]:
    login = {
        "AWS_ACCESS_KEY_ID": "operator", "AWS_SECRET_ACCESS_KEY": "operator", "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": site.cloud.endpoint,
    }  # fmt: skip
    line = [str(COMMAND), "stack", "doctor", "--json", *(word for check in only for word in ("--only", check))]
    done = subprocess.run(line, env={**os.environ, **login}, capture_output=True, check=False, timeout=120)
    answer = json.loads(done.stdout)
    assert complaint("stack-doctor", answer) is None
    return {one["id"]: one for one in answer["findings"] if one["level"] != "ok"}


IN_NO_NETWORK = {"mount-targets", "nfs-rules", "way-to-aws", "packages", "ami"}
"""True of the emulated account: its subnets lead nowhere, its source has one mount target without a group, and there
are no AMIs."""


def _let_policies_of_keys_be_text() -> None:
    """Moto answers no question about a key that a template has made: it keeps its policy as a dictionary."""
    for key in kms_backends[ACCOUNT][REGION].keys.values():
        key.policy = key.policy if isinstance(key.policy, str) else json.dumps(key.policy)


@pytest.mark.long
def test_a_stack_from_the_template_has_what_its_own_doctor_asks_for(site: Site) -> None:
    """The calls of both roles above all, by the policies that the template makes; and one that was taken away."""
    _let_policies_of_keys_be_text()
    assert _wrong(site).keys() == IN_NO_NETWORK
    iam = site.cloud.client("iam")
    (role,) = (one["RoleName"] for one in iam.list_roles()["Roles"] if "Worker" in one["RoleName"])
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=policy)
    wrong = _wrong(site, "instance-role", "orchestrator-role")
    assert wrong.keys() == {"instance-role"}
    assert "may not" in wrong["instance-role"]["what"]
