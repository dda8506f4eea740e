"""Each case is a script, which ends well where a user gets what they expect.

`NOT_MENDED` names those that do not yet, and why. A case that is mended is taken out of it; until then it fails.
"""

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

from tests.conftest import COMMAND
from tests.processes import end_all_on

pytestmark = pytest.mark.root

_HERE = Path(__file__).parent
_REPOSITORY = _HERE.parents[1]
_GUARD = _HERE / "attack" / "guard.sh"
_SECONDS = 200
_NOT_TRIED = 77

NOT_MENDED = {
    "field/01-prune-on-a-full-disk": "a prune writes before it deletes",
    "field/02-mount-inside-a-dropped-snapshot": "a deletion crosses mounts",
    "field/03-symlinked-snapshot-is-pruned": "a deletion follows a symlink that is named like a snapshot",
    "field/05-tmp-is-noexec": "programs of ours are started from TMPDIR",
    "field/06-nohup": "a SIGHUP that was ignored ends a backup",
    "field/07-log-reader-dies": "a log that nobody reads ends a backup",
    "field/08-log-disk-is-full": "a log that cannot be written is taken for a full backup",
    "field/10-backup-is-not-mounted": "a series does not know that it exists",
    "field/11-nested-mount-is-gone": "a series does not know the mounts of its source",
    "field/13-backup-bound-into-the-source": "a backup backs itself up",
    "field/14-backup-with-coarse-times": "times of whole seconds are taken for changes",
    "field/17-damaged-file-is-restored": "a restore compares no contents",
    "field/18-file-longer-than-the-window": "a file that the window cuts off starts anew",
    "field/19-dry-run-of-an-exclude": "a dry run does not tell what an exclude drops",
    "field/21-exported-shell-function": "the environment reaches the shells of fpsync",
    "field/22-undeletable-file-in-the-trash": "one file that cannot be deleted keeps the whole trash",
    "field/24-list-beside-a-private-directory": "a directory that cannot be entered ends a list",
    "field/25-second-series-shares-nothing": "the series of a label share no files",
    "field/31-root-without-chown": "a second try takes files with a wrong owner for done",
    "field/32-read-error-in-a-first-backup": "a second try takes the remains of the first for done",
    "attack/a02_depth_and_path_max": "deep and long paths fail a backup",
    "attack/a04_records_after_a_torn_write": "a torn record ends the recording",
    "attack/a06_trash_follows_symlinks": "a deletion follows symlinks",
    "attack/a10_restore_gives_roots_directory_away": "a restore follows a symlink in the middle of a path",
    "attack/a13_quarantine_name_is_predictable": "a quarantine is made where others can write",
    "attack/a14_no_locks": "a restore needs locks",
    "attack/a17_fifos_and_truncation": "a FIFO in the place of a file hangs rsync",
    "attack/a20_power_loss_and_partials": "files of a partial that were not flushed are believed",
}


def _scripts(*patterns: str) -> list[Path]:
    return sorted(path for pattern in patterns for path in _HERE.glob(pattern))


def _name(script: Path) -> str:
    return str(script.relative_to(_HERE).with_suffix(""))


def _cases(*patterns: str) -> list[object]:
    """The scripts, as parameters; those that are not mended yet have to fail."""
    return [
        pytest.param(
            script, id=_name(script), marks=[pytest.mark.xfail(reason=reason, raises=Unexpected)] if reason else []
        )
        for script in _scripts(*patterns)
        for reason in (NOT_MENDED.get(_name(script)),)
    ]


class Unexpected(AssertionError):
    """A case has ended otherwise than a user expects."""


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
            start_new_session=True, env={**os.environ, "EFS_BACKUP_RUN_INIT": "1", **environment},
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
    if code == 1:
        raise Unexpected(said)
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


def test_what_is_not_mended_is_a_case() -> None:
    """A name in the table that no script has would hide nothing, and mislead."""
    assert set(NOT_MENDED) <= {_name(script) for script in _scripts("field/[0-9]*.sh", "attack/a[0-9]*")}
