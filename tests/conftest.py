"""Fixtures of all tests: the command as a user runs it, and directories to run it on."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from efs_backup.domain.requests.tuning import Copier
from tests.builders import small_tree
from tests.mounts import Mounts
from tests.schemas import command_of, complaint
from tests.simulator import Simulator
from tests.warm import WarmProgram

COMMAND = Path(sys.executable).with_name("efs-backup")

A_FIRST_BACKUP_IS_MEANT = {"EFS_BACKUP_RUN_INIT": "1"}
"""The environment in which every `run` has its `--init`."""

NOTHING_IS_SCRUBBED = {"EFS_BACKUP_RUN_SCRUB_DAYS": "0"}
"""The environment in which no `run` reads what is stored: what is due depends on the date."""

_SYNTHESIZED = frozenset({"cdk", "deployment"})

settings.register_profile("project", deadline=None, max_examples=25)
settings.load_profile("project")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what this machine cannot do, and say so; what shares a slow synthesis runs in one process."""
    for item in items:
        if _SYNTHESIZED.intersection(item.path.parts):
            item.add_marker(pytest.mark.xdist_group("synthesized"))
    lacks_root = os.geteuid() != 0
    lacks_fuse = lacks_root or not Path("/dev/fuse").exists()
    for item in items:
        if lacks_root and item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason="needs root rights"))
        if lacks_fuse and {"simulator", "mounts"}.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.skip(reason="needs /dev/fuse and root rights"))


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str
    command: str | None = None

    @property
    def json(self) -> Any:
        """The output as JSON, which is what its schema allows, where it is known whose."""
        value = json.loads(self.stdout)
        assert self.command is None or complaint(self.command, value) is None, value
        return value


class Cli:
    """The `efs-backup` command in a process of its own."""

    def __init__(self, environment: dict[str, str], warm: WarmProgram | None = None) -> None:
        self.environment = environment
        self._warm = warm
        self.copier: Copier | None = None
        self.slow_programs: Path | None = None

    @property
    def is_slow(self) -> bool:
        """Whether the fixture slow_rsync is in use."""
        return self.slow_programs is not None

    def __call__(self, *arguments: object, code: int | None = 0) -> Ended:
        """Run it; fail unless it exits with this code (None: any)."""
        line = self.line(*arguments)
        if self._warm and self._warm.can_run(self.environment):
            done = self._warm.run(line, self.environment)
        else:
            done = subprocess.run(line, capture_output=True, env=self.environment, check=False, timeout=120)
        ended = Ended(
            done.returncode, os.fsdecode(done.stdout), os.fsdecode(done.stderr), command_of(*arguments)
        )  # fmt: skip
        assert code is None or ended.code == code, ended
        return ended

    def start(self, *arguments: object) -> subprocess.Popen[bytes]:
        """Start it and go on; in a process group of its own, as from a shell."""
        return subprocess.Popen(
            self.line(*arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            start_new_session=True,
        )

    def let_rsync_be_slow(self) -> None:
        """Each part takes some time after it is copied; with the fixture slow_rsync."""
        self.let_rsync_take(1.5)

    def let_rsync_be_fast(self) -> None:
        """As it really is."""
        self.let_rsync_take(0)

    def let_rsync_take(self, seconds: float) -> None:
        """Let each part take so long longer. The wrapper reads a file, for programs get little of the environment."""
        assert self.slow_programs is not None
        (self.slow_programs / "seconds.new").write_text(str(seconds))
        (self.slow_programs / "seconds.new").rename(self.slow_programs / "seconds")

    def line(self, *arguments: object) -> list[bytes]:
        """The command line, with the copier and the small parts that the test's fixtures ask for."""
        more = self._ways() if arguments[0] in {"run", "restore"} else []
        return [os.fsencode(COMMAND), *(os.fsencode(str(argument)) for argument in (*arguments, *more))]

    def _ways(self) -> list[object]:
        copier = self.copier or (Copier.RSYNC if self.is_slow else None)
        files = 1 if copier is Copier.LINKS else 160
        return [*(["--copier", copier] if copier else []), *(["--files-per-part", files] if self.is_slow else [])]


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


both_copiers = pytest.mark.usefixtures("each_copier")


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
