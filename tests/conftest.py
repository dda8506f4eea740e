"""Fixtures of all tests: the command as a user runs it, and directories to run it on."""

import gc
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import settings

from efs_backup.domain.requests.tuning import Copier
from tests.support.builders import small_tree
from tests.support.cli import A_FIRST_BACKUP_IS_MEANT, NOTHING_IS_SCRUBBED, Cli
from tests.support.mounts import Mounts
from tests.support.simulator import Simulator
from tests.support.skips import NothingIsSkipped
from tests.support.warm import WarmProgram

_MADE_BY_PROGRAMS = frozenset({"cli", "mounts", "simulator"})
_SYNTHESIZED = frozenset({"cdk", "deployment"})

settings.register_profile("project", deadline=None, max_examples=15)
settings.register_profile("nightly", deadline=None, max_examples=100)
settings.register_profile("fast", deadline=None, max_examples=5)  # of `make fast`
settings.load_profile("project")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Know the option of runs that count."""
    parser.addoption("--nothing-skipped", action="store_true", help="fail if a test is skipped that has to run")


def pytest_configure(config: pytest.Config) -> None:
    """Follow it where all reports come together; spare emulated accounts the images that no test asks for."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in a script's background it is ignored
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
    if config.getoption("--nothing-skipped") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(NothingIsSkipped())


def pytest_collection_finish() -> None:
    """Keep what lives to the end out of each collection of garbage: it was a twentieth of all that the tests take."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what this machine cannot do, and say so; what shares a slow synthesis runs in one process."""
    for item in items:
        if _MADE_BY_PROGRAMS.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.programs)
        if _SYNTHESIZED.intersection(item.path.parts):
            item.add_marker(pytest.mark.xdist_group("synthesized"))
    assert "jsii" not in sys.modules, "a test module imports the CDK, which starts node in each process of the tests"
    lacks_root = os.geteuid() != 0
    lacks_fuse = lacks_root or not Path("/dev/fuse").exists()
    for item in items:
        if lacks_root and item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason="needs root rights"))
        if lacks_fuse and {"simulator", "mounts"}.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.skip(reason="needs /dev/fuse and root rights"))


@pytest.fixture(scope="session")
def warm_program() -> Iterator[WarmProgram]:
    """The program, imported once."""
    with closing(WarmProgram()) as warm:
        yield warm


@pytest.fixture
def cli(tmp_path: Path, warm_program: WarmProgram) -> Cli:
    """The command, with a temporary directory of its own."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    return Cli({**os.environ, "TMPDIR": str(temporary), **A_FIRST_BACKUP_IS_MEANT, **NOTHING_IS_SCRUBBED}, warm_program)


@pytest.fixture(params=[Copier.LINKS, pytest.param(Copier.RSYNC, marks=pytest.mark.former)])
def each_copier(request: pytest.FixtureRequest, cli: Cli) -> Copier:
    """Run the test once for each copier."""
    cli.copier = Copier(request.param)
    return cli.copier


@pytest.fixture
def slow_rsync(cli: Cli, tmp_path: Path) -> None:
    """An rsync before the real one in PATH that takes its time over each part, and small parts.

    It slows the links copier too where there are several things that it leaves to rsync, as in `many_parts`: each of
    them is a part then.
    """
    programs = cli.slow_programs = tmp_path / "slow"
    programs.mkdir()
    wrapper = programs / "rsync"
    wrapper.write_text(
        '#!/bin/sh\nseconds=$(cat "${0%/*}/seconds")\n/usr/bin/rsync "$@"; code=$?\n'
        'case "$*" in *--files-from*) sleep "$seconds";; esac\nexit $code\n'
    )
    wrapper.chmod(0o755)
    cli.environment["PATH"] = f"{programs}:{cli.environment['PATH']}"
    cli.let_rsync_be_slow()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A small source tree."""
    return small_tree(tmp_path / "source")


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """An empty backup directory."""
    path = tmp_path / "backup"
    path.mkdir()
    return path


@pytest.fixture
def place_for_depth(tmp_path: Path) -> Iterator[Path]:
    """A directory for trees that are too deep for Python to remove."""
    path = tmp_path / "deep"
    path.mkdir()
    yield path
    subprocess.run(["rm", "-rf", path], check=True)


@pytest.fixture(scope="session")
def simulator_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulator of Amazon EFS, built from bench/efs_sim."""
    sources = Path(__file__).parents[1] / "bench" / "efs_sim"
    place = tmp_path_factory.mktemp("efs_sim")
    for name in ("efs_sim.c", "Makefile"):
        shutil.copy(sources / name, place)
    subprocess.run(["make", "-s", "-C", place], check=True)
    return place / "efs_sim"


@pytest.fixture
def simulator(simulator_program: Path, tmp_path: Path) -> Iterator[Simulator]:
    """File systems that behave like EFS without its latencies; unmounted at the end."""
    made = Simulator(simulator_program, tmp_path / "simulated")
    yield made
    made.unmount_all()


@pytest.fixture
def mounts() -> Iterator[Mounts]:
    """Mounts, gone at the end."""
    made = Mounts()
    yield made
    made.unmount_all()


@pytest.fixture
def backup_on_efs(simulator: Simulator) -> Path:
    """A backup over a network, as the engine sees it: it works in many small parts there."""
    return simulator.mount("efs")
