"""A cloud for each test, with a file system to be backed up and a stack that does so; synthesized once for all."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployment.local_cloud.assembly import Assembly, synthesize_apart
from deployment.local_cloud.cloud import LocalCloud
from deployment.local_cloud.stacks import bootstrap
from tests.builders import small_tree
from tests.local_cloud.site import Site


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """Both templates; the first process that needs them makes them for all."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with open(shared / "assembly.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (shared / "assembly" / "cdk.out" / "manifest.json").exists():
            return Assembly(shared / "assembly" / "cdk.out")
        return synthesize_apart(shared / "assembly")


@pytest.fixture
def cloud(assembly: Assembly, tmp_path: Path) -> Iterator[LocalCloud]:
    """An account that is ready for the CDK."""
    with LocalCloud(tmp_path / "cloud") as made:
        bootstrap(made, assembly)
        yield made


@pytest.fixture
def site(cloud: LocalCloud, assembly: Assembly) -> Site:
    """A site before its first night."""
    made = Site.build(cloud, assembly)
    small_tree(made.source)
    return made
