"""The contract of a prepared run with every fpsync that we know: the installed one, and stored ones as released.

Those in `fpsync/` are from https://github.com/martymac/fpart, unchanged, with their BSD licence at their beginning.
"""

import os
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from efs_backup.domain.copying.commands import Command, part_command
from efs_backup.domain.copying.parts import Piece
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.temporary import is_safe, temporary_directory
from efs_backup.engine.rest.fpsync_run import FpsyncRun, RunInfo
from tests.support.nightly import mostly_nightly
from tests.support.processes import processes_on

STORED = sorted(Path(__file__).with_name("fpsync").glob("*/fpsync"))
OPTIONS = ("-l", "--stats", "--link-dest=/a b'$(touch injected)`touch injected`\";touch injected\n*\udcff")
PATIENCE_SECONDS = 60.0
HEARD_SECONDS = 10.0  # a second interrupt means another thing, so the first has its time

QUICK = ""
HALF_A_SECOND = "sleep 0.5"
UNTIL_TOLD = 'until [ -e "$here/go" ]; do sleep 0.05; done'
FOR_EVER = "while :; do sleep 0.1; done"
KILLED = '[ "$part" != 2 ] || kill -KILL $$'
KILLED_WITH_ITS_JOB = '[ "$part" != 2 ] || kill -KILL 0'

_TOOL = """#!/bin/sh
here={place}
for argument; do
    case $argument in --files-from=*) part=${{argument##*.}} ;; esac
done
echo "began $part" >>"$here/notes"
printf '%s\\0' "$@"
echo "complaint $part" >&2
{work}
echo "ended $part" >>"$here/notes"
echo "part ended with exit code 0"
"""


class Prepared:
    """A run that lies ready, with a tool that notes when it begins and ends, and programs whose calls are counted."""

    def __init__(self, place: Path, fpsync: str) -> None:
        self.place, self.fpsync = place, fpsync
        self.run = FpsyncRun(place / "run")
        self.runner = Runner.with_new_family()
        self.tool, self.programs = place / "tool", place / "programs"
        for directory in (self.programs, place / "source", place / "target"):
            directory.mkdir()
        for name in ("ls", "ps"):
            _install(self.programs / name, f'#!/bin/sh\necho {name} >>{place}/calls\nexec {shutil.which(name)} "$@"\n')
        _install(self.programs / "fpart", f"#!/bin/sh\necho fpart >>{place}/calls\nexit 1\n")

    def prepare(self, parts: int, jobs: int, work: str = QUICK) -> None:
        """Lay out so many parts, each of which does this work."""
        _install(self.tool, _TOOL.format(place=self.place, work=work))
        info = RunInfo(jobs, str(self.place / "source"), str(self.place / "target"), str(self.tool))
        self.run.prepare([Piece(10, 1000)] * parts, self.job, info)

    def job(self, number: int) -> Command:
        """The call of the tool for a part."""
        source, target = str(self.place / "source"), str(self.place / "target")
        return part_command(str(self.tool), OPTIONS, str(self.run.part(number)), source, target)

    def start(self, jobs: int) -> subprocess.Popen[bytes]:
        """Begin it as a copy does."""
        command = self.run.command(self.fpsync, jobs)
        return self.runner.start(command, self.place / "output", self.programs)

    def do(self, parts: int, jobs: int, work: str = QUICK) -> None:
        """Lay it out and do it to its end."""
        self.prepare(parts, jobs, work)
        self.start(jobs).wait(PATIENCE_SECONDS)

    def by_hand(self, *arguments: str) -> str:
        """The output of the stock fpsync, called as an operator would: under the shell that it names itself."""
        environment = {"PATH": f"{self.programs}:{os.environ['PATH']}", "TERM": "dumb"}
        command = (self.fpsync, "-t", str(self.place / "run"), *arguments)
        done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=PATIENCE_SECONDS)
        return os.fsdecode(done.stdout + done.stderr)

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """Interrupt fpsync until it has noticed: once in some hundred runs a first signal was lost on its shell."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while not self._has_noticed():
            assert time.monotonic() < give_up, "it hears no interrupt"
            process.send_signal(signal.SIGINT)
            _wait_at_most(HEARD_SECONDS, self._has_noticed)

    def end(self, process: subprocess.Popen[bytes]) -> int:
        """Interrupt a fpsync that has noticed the first one until it has ended: a second one is lost like a first."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while process.poll() is None and time.monotonic() < give_up:
            process.send_signal(signal.SIGINT)
            _wait_at_most(HEARD_SECONDS, lambda: process.poll() is not None)
        return process.wait(0)

    def _has_noticed(self) -> bool:
        return bool(list(self.place.glob("run/queue/*/sl_stop")))

    @property
    def began(self) -> list[int]:
        """The parts that the tool was called for, in that order."""
        return self._noted("began")

    @property
    def ended(self) -> list[int]:
        """The parts that the tool came to the end of, in that order."""
        return self._noted("ended")

    @property
    def calls(self) -> Counter[str]:
        """How often each of the counted programs was called."""
        calls = self.place / "calls"
        return Counter(calls.read_text().split() if calls.exists() else ())

    def closed(self, number: int) -> bool:
        """Whether the log of a part has its closing line."""
        log = self.run.stdout(number)
        return log.exists() and b"part ended with exit code 0\n" in log.read_bytes()

    def _noted(self, what: str) -> list[int]:
        notes = self.place / "notes"
        lines = notes.read_text().splitlines() if notes.exists() else []
        return [int(line.removeprefix(what)) for line in lines if line.startswith(what)]


def _install(place: Path, script: str) -> None:
    place.write_text(script)
    place.chmod(0o700)


def _wait_for(condition: Callable[[], bool]) -> None:
    _wait_at_most(PATIENCE_SECONDS, condition)
    assert condition(), "it has not come to that"


def _wait_at_most(seconds: float, condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + seconds
    while not condition() and time.monotonic() < give_up:
        time.sleep(0.02)


@pytest.fixture(params=mostly_nightly(["installed", *(path.parent.name for path in reversed(STORED))]))
def prepared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Prepared]:
    """A place for a run, with each fpsync in turn: each time the installed one and the newest."""
    stored = {path.parent.name: str(path) for path in STORED}
    fpsync = stored.get(request.param) or shutil.which("fpsync")
    assert fpsync is not None, "fpart is not installed"
    made = Prepared(tmp_path, fpsync)
    yield made
    made.runner.end_family()


def test_each_version_that_matters_is_stored() -> None:
    """A stored script says which it is, and whose."""
    for path in STORED:
        text = path.read_text()
        assert f'FPSYNC_VERSION="{path.parent.name}"' in text
        assert "Redistribution and use in source and binary forms" in text
    assert {path.parent.name[:3] for path in STORED} == {"1.5", "1.6", "1.7"}


def test_every_part_is_done_once(prepared: Prepared) -> None:
    """Also with several jobs, of which each takes the next part."""
    prepared.do(parts=12, jobs=3)
    assert sorted(prepared.began) == sorted(prepared.ended) == [*range(1, 13)]


def test_parts_begin_in_their_order(prepared: Prepared) -> None:
    """By number, not by name: so the caller decides which come first, and the mark of the end is taken last."""
    prepared.do(parts=11, jobs=1)
    assert prepared.began == [*range(1, 12)]


def test_as_many_parts_run_at_a_time_as_there_are_jobs(prepared: Prepared) -> None:
    """The number comes from the command; without it fpsync would run two."""
    prepared.prepare(parts=5, jobs=3, work=UNTIL_TOLD)
    process = prepared.start(jobs=3)
    _wait_for(lambda: len(prepared.began) >= 3)
    time.sleep(0.5)
    assert sorted(prepared.began) == [1, 2, 3]
    (prepared.place / "go").touch()
    process.wait(PATIENCE_SECONDS)
    assert sorted(prepared.ended) == [1, 2, 3, 4, 5]


def test_a_run_without_parts_ends(prepared: Prepared) -> None:
    """An empty source has none."""
    prepared.do(parts=0, jobs=2)
    assert not prepared.began


def test_fpart_is_never_called(prepared: Prepared) -> None:
    """The program fpart must be there, for fpsync looks for it; nothing is left to crawl."""
    prepared.do(parts=4, jobs=2)
    assert len(prepared.ended) == 4
    assert prepared.calls["fpart"] == 0


def test_the_tool_gets_its_arguments_as_they_are(prepared: Prepared) -> None:
    """No name is taken for shell text; and all that the tool says is in the part's own logs."""
    prepared.do(parts=2, jobs=2)
    for number in (1, 2):
        *arguments, last = prepared.run.stdout(number).read_bytes().split(b"\0")
        assert tuple(map(os.fsdecode, arguments)) == prepared.job(number)[1:]
        assert last == b"part ended with exit code 0\n"
        assert prepared.run.stderr(number).read_text() == f"complaint {number}\n"
    assert not list(prepared.place.rglob("injected"))


@pytest.mark.parametrize("odd", ["a b", "$(id)", "quote'", "a;b", "new\nline", '"', "`id`", "ö"])
@pytest.mark.parametrize("which", ["place", "source", "target", "tool"])
def test_a_path_that_fpsync_would_take_for_shell_text_is_refused(tmp_path: Path, which: str, odd: str) -> None:
    """The paths go into a text that fpsync reads back as a shell's."""
    paths = {name: f"{tmp_path}/{name}" for name in ("place", "source", "target", "tool")}
    paths[which] += odd
    run = FpsyncRun(Path(paths.pop("place")))
    with pytest.raises(ValueError, match="cannot be given the path"):
        run.prepare([Piece(1, 1)], lambda _: ("true",), RunInfo(1, **paths))
    assert not os.listdir(tmp_path)


def test_our_temporary_directories_are_never_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They have only safe characters: where TMPDIR has others, another place is taken."""
    odd = tmp_path / "a b"
    odd.mkdir()
    for place in (odd, tmp_path):
        monkeypatch.setenv("TMPDIR", str(place))
        with temporary_directory(lambda _: None) as path:
            assert is_safe(str(path))


@pytest.mark.parametrize("work", [KILLED, KILLED_WITH_ITS_JOB])
def test_a_killed_tool_leaves_its_part_open_and_the_others_are_done(prepared: Prepared, work: str) -> None:
    """Whatever fpsync thinks of such a part: without a closing line it is lost, and can be done again."""
    prepared.do(parts=4, jobs=2, work=work)
    assert {number for number in (1, 2, 3, 4) if prepared.closed(number)} == {1, 3, 4}
    assert sorted(prepared.began) == [1, 2, 3, 4]


def test_a_part_under_way_has_no_closing_line(prepared: Prepared) -> None:
    """The logs grow while the tool works, where the engine follows them."""
    prepared.prepare(parts=1, jobs=1, work=UNTIL_TOLD)
    process = prepared.start(jobs=1)
    _wait_for(lambda: prepared.run.stderr(1).exists() and prepared.run.stderr(1).read_text() == "complaint 1\n")
    assert not prepared.closed(1)
    (prepared.place / "go").touch()
    process.wait(PATIENCE_SECONDS)
    assert prepared.closed(1)


def test_an_interrupt_lets_running_parts_end_and_begins_no_other(prepared: Prepared) -> None:
    """A window closes without a torn part."""
    prepared.prepare(parts=6, jobs=2, work=UNTIL_TOLD)
    process = prepared.start(jobs=2)
    _wait_for(lambda: len(prepared.began) == 2)
    prepared.stop(process)
    assert not prepared.ended
    (prepared.place / "go").touch()
    assert process.wait(PATIENCE_SECONDS) != 0
    assert sorted(prepared.began) == sorted(prepared.ended) == [1, 2]


def test_a_mark_lets_running_parts_end_and_begins_no_other(prepared: Prepared) -> None:
    """A signal is forgotten while fpsync begins; the mark, set again and again, is not."""
    prepared.prepare(parts=6, jobs=2, work=UNTIL_TOLD)
    process = prepared.start(jobs=2)
    _wait_for(lambda: len(prepared.began) == 2)
    prepared.run.stop()
    (prepared.place / "go").touch()
    process.wait(PATIENCE_SECONDS)
    assert sorted(prepared.began) == sorted(prepared.ended) == [1, 2]


def test_fpsync_waits_for_a_part_that_it_asked_for_when_it_was_interrupted(prepared: Prepared) -> None:
    """The signal is for fpsync alone: a `ps` that is killed by it, here a slow one, says that its part has ended."""
    prepared.prepare(parts=2, jobs=1, work=UNTIL_TOLD)
    slow = f'#!/bin/sh\necho ps >>{prepared.place}/calls\nsleep 1\nexec {shutil.which("ps")} "$@"\n'
    _install(prepared.programs / "ps", slow)
    process = prepared.start(jobs=1)
    _wait_for(lambda: prepared.calls["ps"] == 1)
    prepared.stop(process)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(2)
    (prepared.place / "go").touch()
    assert process.wait(PATIENCE_SECONDS) != 0
    assert prepared.ended == [1]


def test_a_second_interrupt_ends_fpsync_and_its_parts(prepared: Prepared) -> None:
    """Under bash; whoever cannot wait needs no kill."""
    prepared.prepare(parts=6, jobs=2, work=FOR_EVER)
    process = prepared.start(jobs=2)
    _wait_for(lambda: len(prepared.began) == 2)
    prepared.stop(process)
    assert prepared.end(process) != 0
    assert not prepared.ended
    assert len(prepared.began) == 2
    _wait_for(lambda: not processes_on(prepared.tool))


def test_a_stopped_run_can_be_listed_and_resumed_by_hand(prepared: Prepared) -> None:
    """The stock command does it, under any shell; parts that had ended may be repeated, and none is left out."""
    prepared.prepare(parts=6, jobs=2, work=UNTIL_TOLD)
    process = prepared.start(jobs=2)
    _wait_for(lambda: len(prepared.began) == 2)
    prepared.stop(process)
    (prepared.place / "go").touch()
    process.wait(PATIENCE_SECONDS)
    listed = re.search(r"ID: (\d+-\d+), status: resumable", prepared.by_hand("-l"))
    assert listed
    said = prepared.by_hand("-v", "-n", "3", "-r", listed[1])
    assert set(prepared.ended) == {1, 2, 3, 4, 5, 6}, said
    assert "status: replayable" in prepared.by_hand("-l")
    assert prepared.calls["fpart"] == 0


def test_a_killed_run_can_be_resumed_by_hand(prepared: Prepared) -> None:
    """Parts that ran when all was killed are done again, with what came after them."""
    prepared.prepare(parts=6, jobs=2, work=UNTIL_TOLD)
    prepared.start(jobs=2)
    _wait_for(lambda: len(prepared.began) == 2)
    assert prepared.runner.end_family()
    (prepared.place / "go").touch()
    prepared.by_hand("-n", "2", "-r", "1-1")
    assert sorted(prepared.ended) == [1, 2, 3, 4, 5, 6]


def test_fpsync_asks_its_queue_once_for_each_part(prepared: Prepared) -> None:
    """A queue that is whole is never asked in vain. For each part under way `ps` is asked five times a second."""
    began = time.monotonic()
    prepared.do(parts=8, jobs=2, work=HALF_A_SECOND)
    seconds = time.monotonic() - began
    assert 9 <= prepared.calls["ls"] <= 13
    assert 0 < prepared.calls["ps"] <= 2 * (seconds / 0.2 + 1)
