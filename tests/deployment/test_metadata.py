"""The emulated metadata service, as cloud-init walks it."""

import pytest

from deployment.local_cloud.machines.metadata import Metadata

_FACTS = {"instance-id": "i-1", "placement/region": "us-east-1", "network/interfaces/macs/02:00/device-number": "0"}


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/latest/meta-data/instance-id", "i-1"),
        ("/2021-03-23/meta-data/", "instance-id\nnetwork/\nplacement/"),
        ("/2021-03-23/meta-data/network/interfaces/macs", "02:00/"),
        ("/latest/user-data", "#!/bin/sh"),
        ("/latest/meta-data/iam/security-credentials/", "role"),
        ("/latest/dynamic/instance-identity/document", '{"instanceId": "i-1", "region": "us-east-1"}'),
        ("/latest/meta-data/nothing", None),
        ("/latest/meta-data/instance", None),
    ],
)
def test_facts_and_names_are_told_in_each_version(path: str, told: str | None) -> None:
    """A directory is a list of names, those of directories with a slash."""
    assert Metadata(_FACTS, "role", dict, "#!/bin/sh").read(path) == told
