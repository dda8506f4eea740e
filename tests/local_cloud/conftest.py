"""A cloud for each test, with a file system to be backed up and a stack that does so; synthesized once for all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployment.local_cloud.assembly import Assembly
from deployment.local_cloud.cloud import LocalCloud
from deployment.local_cloud.place import REGION
from deployment.local_cloud.stacks import bootstrap
from tests.support.assembly import synthesized
from tests.support.builders import small_tree
from tests.support.site import Site


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """Both templates."""
    return Assembly(synthesized(tmp_path_factory) / "cdk.out")


@pytest.fixture
def cloud(assembly: Assembly, tmp_path: Path) -> Iterator[LocalCloud]:
    """An account that is ready for the CDK."""
    with LocalCloud(tmp_path / "cloud") as made:
        bootstrap(made, assembly)
        yield made


@pytest.fixture
def terminal(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of an operator with credentials, who gives commands in this process."""
    for name, value in {
        "AWS_ENDPOINT_URL": cloud.endpoint, "AWS_DEFAULT_REGION": REGION, "AWS_ACCESS_KEY_ID": "operator",
        "AWS_SECRET_ACCESS_KEY": "operator",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)


@pytest.fixture
def site(cloud: LocalCloud, assembly: Assembly) -> Site:
    """A site before its first night."""
    made = Site.build(cloud, assembly)
    small_tree(made.source)
    return made
