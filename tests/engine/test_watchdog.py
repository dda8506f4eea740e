"""Programs of a copy that hang: real processes that are called rsync, found, ended, and told."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from efs_backup.domain.errors import Hung
from efs_backup.engine.rest.watchdog import GIVE_UP_SECONDS, STALL_SECONDS, Moving, Watchdog

AT_A_FIFO = {"wait_for_partner", "fifo_open"}


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        """Tell the seconds."""
        return self.now


class Programs:
    """Processes of one session, or of others; all are ended after the test."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.started: list[subprocess.Popen[bytes]] = []
        self.rsync = place / "rsync"
        shutil.copy("/bin/bash", self.rsync)
        self.leader = self.start("sleep", "1000")

    def start(self, *command: str | os.PathLike[str], session: bool = True) -> subprocess.Popen[bytes]:
        """Start a program, in a session of its own."""
        process = subprocess.Popen(
            command, cwd=self.place, start_new_session=session, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        self.started.append(process)
        return process

    def end(self) -> None:
        """Kill the sessions of all."""
        for process in self.started:
            for number in _session_of(process.pid):
                with suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
            process.wait()


def _session_of(leader: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "-s", str(leader)], capture_output=True, check=False).stdout
    return [int(number) for number in listed.split()]


def _wait_for(condition: Callable[[], object]) -> None:
    give_up = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def _is_at_a_fifo(leader: int) -> bool:
    with suppress(OSError):
        return len(_session_of(leader)) == 3 and any(
            Path(f"/proc/{number}/wchan").read_text() in AT_A_FIFO for number in _session_of(leader)
        )
    return False


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    """Nobody hangs yet."""
    started = Programs(tmp_path)
    yield started
    started.end()


def _all_ended(numbers: list[int]) -> bool:
    return all(not Path(f"/proc/{number}").exists() or _is_zombie(number) for number in numbers)


def _is_zombie(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.root
def test_an_rsync_that_waits_at_a_fifo_is_ended_at_the_second_look(programs: Programs) -> None:
    """With its whole tree; another session is left alone."""
    os.mkfifo(programs.place / "fifo")
    script = f"{programs.rsync} -c ': <fifo' & sleep 1000 & wait"
    hanging, other = (programs.start(programs.rsync, "-c", script) for _ in range(2))

    for leader in (hanging.pid, other.pid):
        _wait_for(partial(_is_at_a_fifo, leader))
    tree, others = _session_of(hanging.pid), _session_of(other.pid)
    watchdog = Watchdog(hanging.pid)
    assert watchdog.look() == []
    assert not _all_ended(tree)
    assert watchdog.look() == ["An rsync waited for the other end of a FIFO that took a file's place, and was ended."]
    _wait_for(lambda: _all_ended(tree))
    assert _session_of(other.pid) == others
    assert watchdog.look() == []


def test_a_program_without_progress_is_ended_and_its_files_are_named(programs: Programs) -> None:
    """After the patience that it is given, and not before; with its whole tree."""
    (programs.place / "open file").touch()
    stalled = programs.start(programs.rsync, "-c", "exec 5<'open file'; sleep 1000 & wait")
    _wait_for(lambda: len(_session_of(stalled.pid)) == 2 and (Path(f"/proc/{stalled.pid}/fd/5")).exists())
    tree, clock = _session_of(stalled.pid), Clock()
    watchdog = Watchdog(stalled.pid, stall_seconds=60, clock=clock)
    _wait_for(lambda: _is_quiet(tree))
    assert watchdog.look() == []
    clock.now = 59
    assert watchdog.look() == []
    clock.now = 60
    (told,) = watchdog.look()
    assert "(rsync) made no progress for 1 minutes" in told
    assert "'" + str(programs.place / "open file") + "'" in told
    _wait_for(lambda: _all_ended(tree))


def _has_changed(path: Path, before: str) -> bool:
    return path.read_text() != before


def _is_quiet(tree: list[int]) -> bool:
    """Whether nobody in it is still starting."""
    before = [Path(f"/proc/{number}/io").read_text() for number in tree]
    time.sleep(0.1)
    return before == [Path(f"/proc/{number}/io").read_text() for number in tree]


def test_a_program_that_makes_progress_is_left_alone(programs: Programs) -> None:
    """As slow as it is: each time that is looked it has read or written something."""
    (programs.place / "source").write_bytes(bytes(1000))
    working = programs.start(
        programs.rsync,
        "-c",
        "exec 5<source; while read -rn 1 -d '' -u 5; do read -rt 0.02 <> <(:); done; exec sleep 99",
    )
    clock = Clock()
    watchdog = Watchdog(working.pid, stall_seconds=60, clock=clock)
    moved = Path(f"/proc/{working.pid}/io")
    for _ in range(5):
        _wait_for(partial(_has_changed, moved, moved.read_text()))
        clock.now += 1000
        assert watchdog.look() == []
    assert working.poll() is None


def test_who_is_no_copy_may_wait_as_long_as_it_likes(programs: Programs) -> None:
    """As fpsync and its shells, which wait for the copies."""
    clock = Clock()
    watchdog = Watchdog(programs.leader.pid, stall_seconds=60, clock=clock)
    for _ in range(3):
        assert watchdog.look() == []
        clock.now += 1000
    assert programs.leader.poll() is None


def test_a_copy_has_ten_minutes() -> None:
    """As the documents say."""
    assert STALL_SECONDS == 600


def test_what_moves_beats_and_what_does_not_is_given_up() -> None:
    """An fpart that hangs leaves nothing to end but all of fpsync; shells that wait for it count for nothing."""
    now, beats = [0.0], [0]

    def beat() -> None:
        beats[0] += 1

    moving = Moving(beat, lambda: now[0])
    for state in (1, 1, 2, 3):
        now[0] += GIVE_UP_SECONDS - 1
        moving.see(state)
    assert beats == [3]
    now[0] += GIVE_UP_SECONDS - 1
    moving.see(3)
    now[0] += 2
    with pytest.raises(Hung, match="no progress"):
        moving.see(3)
