"""An operator with the permissions that the how-to gives, who works with a stack from a terminal."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deployment.local_cloud.assembly import REPOSITORY
from deployment.local_cloud.place import ACCOUNT, REGION
from efs_backup.domain.results import BackupStatus
from tests.support.builders import write
from tests.support.cli import COMMAND
from tests.support.site import Site

pytestmark = pytest.mark.root

_HOW_TO = REPOSITORY / "docs/how-to/operate-a-stack.md"
_FILES = 1500


def _policy(outputs: Mapping[str, str]) -> str:
    """The policy of the how-to, for this stack."""
    (text,) = re.findall(r"```json\n(.*?)```", _HOW_TO.read_text(), re.DOTALL)
    words = {
        "ORCHESTRATOR_LOG": outputs["LogGroup"], "ORCHESTRATOR": outputs["Orchestrator"],
        "RECORD_TABLE": outputs["RecordTable"], "LOG_BUCKET": outputs["LogBucket"], "SNS_TOPIC": outputs["SNSTopic"],
        "REGION": REGION, "ACCOUNT": ACCOUNT, "STACK": "backups",
    }  # fmt: skip
    for word, value in words.items():
        text = re.sub(rf"\b{word}\b", value, text)
    return str(text)


def _login(site: Site) -> dict[str, str]:
    """Credentials of a role with that policy, as a process finds them."""
    roles, trust = site.cloud.client("iam"), json.dumps({"Version": "2012-10-17", "Statement": []})
    role = roles.create_role(RoleName="operators", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    roles.put_role_policy(RoleName="operators", PolicyName="operate", PolicyDocument=_policy(site.stack.outputs))
    taken = site.cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="ann")["Credentials"]
    return {
        **os.environ, "AWS_ENDPOINT_URL": site.cloud.endpoint, "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": taken["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": taken["SecretAccessKey"],
        "AWS_SESSION_TOKEN": taken["SessionToken"],
    }  # fmt: skip


def _line(*arguments: str) -> tuple[str | Path, ...]:
    return (COMMAND, "stack", arguments[0], *arguments[1:], "backups")


def _asked(login: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(_line(*arguments), env=login, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    return done.stdout


@pytest.mark.long
def test_a_backup_is_started_followed_looked_at_and_stopped_by_an_operator(site: Site) -> None:
    """With no more than the how-to's permissions; who follows ends as the backup does, and the runbooks are there."""
    for number in range(_FILES):
        write(site.source / f"many {number}", "x")
    site.cloud.fleet.environment["LOCAL_CLOUD_OPERATIONS"] = "60"
    login = _login(site)
    with subprocess.Popen(
        _line("start", "--follow", "--json"), env=login, stdout=-1, stderr=-1, text=True
    ) as following:
        running = site.wait_for_copy()
        status: dict[str, Any] = json.loads(_asked(login, "status", "--json"))
        assert (status["activity"], status["notes"], status["alarms"]) == ("running", [], [])
        assert status["running"]["record"]["backup_id"] == running.backup_id
        assert running.backup_id in _asked(login, "stop")
        ended = site.end_of_night()
        said, told = following.communicate(timeout=site.patience)
    assert ended.status is BackupStatus.INCOMPLETE
    assert following.returncode == 3, told
    assert json.loads(said)["backup"]["status"] == "Incomplete"
    assert f"backup {running.backup_id}" in told
    assert json.loads(_asked(login, "hold", "--reason", "because", "--json"))["by"] == "assumed-role/operators/ann"
    assert "Step: copy" in _asked(login, "logs") or ended.logs is None
    names = [each["Name"] for each in site.cloud.client("ssm").list_documents()["DocumentIdentifiers"]]
    assert "EfsBackup-backups-StartBackup" in names
