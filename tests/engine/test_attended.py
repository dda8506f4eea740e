"""Commands of the operator: they end, whatever they do, and nobody waits for what they leave behind."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from efs_backup.engine.machine import attended
from efs_backup.engine.machine.attended import LAST_WORDS_BYTES, Attended, Ending, attend
from efs_backup.engine.machine.process import MARK, Runner, end_session


@pytest.fixture
def runner() -> Runner:
    """A runner with a family of its own."""
    return Runner.with_new_family()


@pytest.fixture
def pids(tmp_path: Path) -> Iterator[Path]:
    """A file for the numbers of sessions, which are ended at the end."""
    file = tmp_path / "pids"
    yield file
    for number in file.read_text().split() if file.exists() else []:
        end_session(int(number))


def _attended(runner: Runner, script: str, seconds: float = 20, ends: bool = False) -> Attended:
    process = runner.attended(("/bin/sh", "-c", script), {"TOLD": "yes"})
    return attend(process, seconds, lambda: ends, lambda: None)


def test_what_a_command_says_and_its_exit_code_are_told(runner: Runner) -> None:
    """Both of its streams in their order; it knows what it was told, and has not our mark."""
    done = _attended(runner, f'echo out; echo err >&2; echo "$TOLD ${MARK}"; pwd; exit 7')
    assert done == Attended(Ending.BY_ITSELF, 7, "out\nerr\nyes \n/\n")


def test_of_much_that_is_said_the_end_is_kept(runner: Runner) -> None:
    """However much it is, and whatever bytes."""
    done = _attended(runner, "head -c 100000000 /dev/zero; printf '\\377last'")
    assert done.code == 0
    assert len(os.fsencode(done.words)) == LAST_WORDS_BYTES
    assert done.words.endswith("\udcfflast")


def test_what_is_left_behind_is_neither_waited_for_nor_ended(runner: Runner, pids: Path) -> None:
    """A session that holds a lock is what a hook is for; it may go on printing."""
    done = _attended(runner, f"(while sleep 0.05; do echo x; done) & echo $$ >{pids}; echo ready")
    assert (done.ending, done.code) == (Ending.BY_ITSELF, 0)
    left = int(pids.read_text())
    time.sleep(0.2)
    os.killpg(left, 0)  # raises where nobody is there any more


def test_a_command_that_takes_too_long_is_ended_with_all_it_started(runner: Runner, tmp_path: Path) -> None:
    """By SIGTERM first, so that it can clean up."""
    done = _attended(runner, f"trap 'echo bye; touch {tmp_path}/clean; exit 5' TERM; sleep 60 & wait", seconds=0.3)
    assert (done.ending, done.code, done.words) == (Ending.OVERDUE, 5, "bye\n")
    assert (tmp_path / "clean").exists()


def test_a_command_that_does_not_heed_sigterm_is_killed(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while."""
    monkeypatch.setattr(attended, "GRACE_SECONDS", 0.3)
    done = _attended(runner, "trap '' TERM; exec 0<&-; while :; do sleep 1; done", seconds=0.2)
    assert (done.ending, done.code) == (Ending.OVERDUE, -signal.SIGKILL)


def test_a_command_is_ended_where_that_is_asked_for(runner: Runner) -> None:
    """At once."""
    assert _attended(runner, "sleep 60", ends=True).ending is Ending.ASKED
