"""Nothing hangs: what makes no progress is given up, and named."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from efs_backup.domain.errors import Hung
from efs_backup.engine.machine.patience import for_each, within
from efs_backup.engine.trees.tree_walk import TreeWalk
from tests.support.builders import write
from tests.support.cli import Cli
from tests.support.nightly import mostly_nightly
from tests.support.processes import workers_on
from tests.support.simulator import Simulator

_IMPATIENT = """
import sys
from efs_backup.engine.runs import backup
from efs_backup.engine.machine import hook_commands, patience
from efs_backup.engine.trees import tree_walk
patience.PATIENCE_SECONDS = tree_walk.PATIENCE_SECONDS = 2.0
patience.LAST_WORDS_SECONDS = backup.LAST_WORDS_SECONDS = 1.0
patience.within.__defaults__ = (2.0,)
hook_commands.START_SECONDS = 1.0
from efs_backup.cli.app import main
main()
"""
"""The command, which gives up after two seconds in place of ten minutes."""


@pytest.fixture
def never() -> threading.Event:
    """Something that does not come; what waits for it is let go at the end of the process."""
    return threading.Event()


def test_a_walk_that_does_not_move_is_given_up_and_names_where_it_is(
    monkeypatch: pytest.MonkeyPatch, never: threading.Event
) -> None:
    """A server that is gone answers no listing."""
    monkeypatch.setattr("efs_backup.engine.trees.tree_walk.PATIENCE_SECONDS", 0.3)

    def enter(directory: str) -> list[str]:
        if directory == "two":
            never.wait()
        return [] if directory else ["one", "two"]

    with pytest.raises(Hung, match="'two'"):
        TreeWalk(enter, threads=3).run()


def test_a_walk_that_moves_within_a_directory_is_not_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory of millions takes longer than anybody's patience."""
    monkeypatch.setattr("efs_backup.engine.trees.tree_walk.PATIENCE_SECONDS", 0.5)
    looks = [0]

    def enter(_directory: str) -> list[str]:
        give_up = time.monotonic() + 1.5
        while time.monotonic() < give_up:
            looks[0] += 1
            time.sleep(0.01)
        return []

    TreeWalk(enter, threads=2, activity=lambda: looks[0]).run()
    assert looks[0] > 10


def test_work_on_many_things_that_does_not_move_is_given_up(never: threading.Event) -> None:
    """All that can be done is done first."""
    done: list[str] = []

    def work(name: str, item: int) -> None:
        if item == 2:
            never.wait()
        done.append(name)

    items = [(f"item {number}", number) for number in range(5)]
    with pytest.raises(Hung, match="'item 2'"):
        for_each(items, work, threads=2, activity=lambda: 0, seconds=0.3)
    assert sorted(done) == ["item 0", "item 1", "item 3", "item 4"]


def test_what_one_of_many_raises_reaches_the_caller() -> None:
    """As if it had been called there."""

    def work(_name: str, item: int) -> None:
        if item == 3:
            raise FileNotFoundError(item)

    with pytest.raises(FileNotFoundError):
        for_each([(str(number), number) for number in range(5)], work, threads=2, activity=lambda: 0)


def test_a_piece_of_work_gives_its_result_or_its_error(never: threading.Event) -> None:
    """Or nothing, if it takes too long."""
    assert within(lambda: 7, "seven") == 7
    with pytest.raises(ZeroDivisionError):
        within(lambda: 1 // 0, "nothing")
    with pytest.raises(Hung, match="about 'the place'"):
        within(never.wait, "the place", 0.1)


@pytest.mark.root
@pytest.mark.parametrize("stopped", mostly_nightly(["backup", "source"]))
def test_a_file_system_that_hangs_ends_the_backup(
    cli: Cli, simulator: Simulator, simulator_program: Path, stopped: str
) -> None:
    """Whichever side it is, it says so, and a source that was made quiet goes on, though who made it so hangs.

    Where the backup hangs no program can start: FUSE, unlike NFS, asks its server at each close of a file.
    The process itself is gone when the kernel lets its threads go: for FUSE, unlike NFS, when the server is back.
    """
    source, backup = simulator.mount("source"), simulator.mount("backup")
    for number in range(300):
        write(source / f"directory {number % 30}" / f"file {number}")
    cli("run", source, backup)
    hooks = ["--after", f"/bin/touch {simulator.place}.after", "--failed", f"/bin/touch {simulator.place}.failed"]
    slowly = ["--max-operations-per-second", "20", "--jobs", "2"]  # for half a minute, wherever it is not stopped
    line = [sys.executable, "-c", _IMPATIENT, "run", str(source), str(backup), "-v", *slowly, *hooks]
    running = subprocess.Popen(line, stderr=subprocess.PIPE, text=True, env=cli.environment)
    assert running.stderr
    while " copy" not in (said := running.stderr.readline()):
        assert said, "it ended before"
    while len(workers_on(backup)) < 2:
        time.sleep(0.02)
    server = _server_of(simulator_program, simulator.place / stopped)
    os.kill(server, signal.SIGSTOP)
    try:
        while "no answer" not in (said := running.stderr.readline()):
            assert said, "it ended before"
        assert "servers" in running.stderr.readline()
        for phase in ("after", "failed"):
            assert Path(f"{simulator.place}.{phase}").exists() is (stopped == "source")
    finally:
        os.kill(server, signal.SIGCONT)
    assert running.wait(60) == 1
    cli("run", source, backup)


def _server_of(program: Path, mount: Path) -> int:
    """The process that serves this mount."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = Path(f"/proc/{name}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[:1] == [os.fsencode(program)] and os.fsencode(mount) in words:
            return int(name)
    raise AssertionError(f"nobody serves {mount}")
