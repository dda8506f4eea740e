"""Each case is a script, which ends well where a user gets what they expect."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.support.cli import COMMAND
from tests.support.processes import end_all_on, unmeasured

pytestmark = pytest.mark.root

_HERE = Path(__file__).parent
_REPOSITORY = _HERE.parents[1]
_GUARD = _HERE / "attack" / "guard.sh"
_SECONDS = 200
_NOT_TRIED = 77


def _scripts(*patterns: str) -> list[Path]:
    return sorted(path for pattern in patterns for path in _HERE.glob(pattern))


def _name(script: Path) -> str:
    return str(script.relative_to(_HERE).with_suffix(""))


_LONG = (
    "a02_", "a04_", "a06_", "a10_", "a13_", "a14_", "a17_", "a20_",
    "01-", "02-", "03-", "06-", "10-", "11-", "13-", "14-", "18-", "19-", "22-", "24-", "25-", "31-", "32-",
)  # fmt: skip
"""Cases that take a second of processor time and more; what they found has tests of its own, which are short."""


def _cases(*patterns: str) -> list[object]:
    """The scripts, as parameters."""
    return [
        pytest.param(script, id=_name(script), marks=pytest.mark.long if script.name.startswith(_LONG) else ())
        for script in _scripts(*patterns)
    ]


@pytest.fixture
def room() -> Iterator[Path]:
    """A directory that any user can reach, as below pytest's own they cannot; what works in it ends with the test."""
    place = Path(tempfile.mkdtemp(prefix="efs-backup-case-", dir="/tmp"))
    place.chmod(0o755)
    yield place
    end_all_on(place)
    subprocess.run(["rm", "-rf", place], check=True)  # trees that are too deep for Python


@pytest.fixture(scope="module", autouse=True)
def _namespaces() -> None:
    if not shutil.which("unshare") or subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        pytest.skip("needs unshare, and mounts of its own")


@pytest.fixture
def guarded(room: Path) -> list[str | Path]:
    """The beginning of a command that can write in the room alone, which is tried first."""
    guard: list[str | Path] = ["bash", _GUARD, room]
    outside = room.with_name(f"{room.name}-outside")
    tried = subprocess.run(
        [*guard, "touch", outside, _HERE / "outside", room / "inside"], capture_output=True, check=False
    )
    assert tried.returncode == 1, tried
    assert (room / "inside").exists(), tried
    assert not outside.exists()
    assert not (_HERE / "outside").exists()
    return guard


@contextmanager
def _started(command: list[str | Path], environment: dict[str, str], output: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a session of its own, all of which ends with it."""
    with output.open("wb") as file:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, cwd=_REPOSITORY,
            start_new_session=True, env={**unmeasured(), "EFS_BACKUP_RUN_INIT": "1", **environment},
        )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _run(command: list[str | Path], environment: dict[str, str], output: Path) -> None:
    with _started(command, environment, output) as process:
        try:
            code: int | None = process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            code = None
    said = output.read_text(errors="replace")
    if code == _NOT_TRIED:
        pytest.skip(said.strip().splitlines()[-1])
    assert code == 0, f"exit {code}: {said}"


@pytest.mark.parametrize("script", _cases("field/[0-9]*.sh"))
def test_a_user_gets_what_they_expect(script: Path, room: Path, tmp_path: Path) -> None:
    """A fault of their machine or their own, as others have reported it of backup tools."""
    command: list[str | Path] = ["unshare", "--mount", "--propagation", "private", "bash", script, COMMAND]
    _run(command, {"TMPDIR": str(room)}, tmp_path / "output")


@pytest.mark.parametrize("script", _cases("attack/a[0-9]*"))
def test_an_unprivileged_user_gains_nothing_and_costs_nobody_a_night(
    script: Path, guarded: list[str | Path], tmp_path: Path
) -> None:
    """Root backs up, prunes and restores what they write to meanwhile."""
    program = "bash" if script.suffix == ".sh" else sys.executable
    _run([*guarded, program, script, COMMAND], {"PYTHONPATH": str(_REPOSITORY)}, tmp_path / "output")
