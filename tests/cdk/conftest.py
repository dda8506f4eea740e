"""The stacks, synthesized once for all tests: it takes seconds."""

import pytest

from tests.support.assembly import Assembly, synthesized
from tests.support.template import Template


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """Both stacks."""
    place = synthesized(tmp_path_factory)
    return Assembly(place / "cdk.out", (place / "complaint").read_text())


@pytest.fixture(scope="session")
def backup(assembly: Assembly) -> Template:
    """The backup stack."""
    return assembly.template("EfsBackup")


@pytest.fixture(scope="session")
def restore(assembly: Assembly) -> Template:
    """The restore stack."""
    return assembly.template("EfsRestore")


@pytest.fixture(params=["backup", "restore"])
def template(request: pytest.FixtureRequest) -> Template:
    """Each of both."""
    found: Template = request.getfixturevalue(request.param)
    return found
