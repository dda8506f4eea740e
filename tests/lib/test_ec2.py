"""Since when an instance has been there, and whether it still is."""

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from efs_backup.domain.operations.instances import Instance
from efs_backup.lib.ec2 import Instances
from tests.lib.refusals import Refuse

UNKNOWN = "i-00000000000000000"


@pytest.fixture(scope="module")
def client(session: boto3.Session) -> Any:
    """Compute without instances."""
    return session.client("ec2")


def launch(client: Any) -> str:
    """Launch an instance; gives its id."""
    launched = client.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    return str(launched["Instances"][0]["InstanceId"])


def test_an_instance_tells_when_it_was_launched_and_that_it_runs(client: Any) -> None:
    """In UTC."""
    before = datetime.now(UTC).replace(microsecond=0)
    found = Instances(client).find(launch(client))
    assert found.is_running
    assert found.launched
    assert before <= found.launched <= datetime.now(UTC)


def test_an_instance_that_is_terminated_still_tells_when_it_was_launched(client: Any) -> None:
    """For an hour; that is when it is asked for."""
    name = launch(client)
    client.terminate_instances(InstanceIds=[name])
    found = Instances(client).find(name)
    assert (found.is_running, found.launched is None) == (False, False)


def test_of_an_instance_that_nobody_knows_nothing_is_known(client: Any) -> None:
    """An unknown instance is no error, and hides no other."""
    name = launch(client)
    unknown, known = Instances(client).find_all((UNKNOWN, name))
    assert unknown == Instance(UNKNOWN, None, is_running=False)
    assert known.instance_id == name
    assert Instances(client).find_all(()) == ()


def test_what_nobody_expected_of_ec2_is_told_as_it_is(client: Any, refuse: Refuse) -> None:
    """A missing right is no missing instance."""
    refuse(client, "describe_instances", "UnauthorizedOperation", "Not authorized.")
    with pytest.raises(ClientError, match="Not authorized"):
        Instances(client).find(UNKNOWN)
