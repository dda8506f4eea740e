"""The processes of a walk: given work, asked for answers, killed, replaced and ended."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from efs_backup.copy_worker.directory import UNKNOWN
from efs_backup.copy_worker.facts import directory_facts
from efs_backup.copy_worker.protocol import ENTER, LARGE
from efs_backup.copy_worker.roots import REPLACES, Setup
from efs_backup.engine.machine.process import Runner, _members
from efs_backup.engine.walk.workers import Answer, Lost, Workers
from tests.support.builders import account, write

if TYPE_CHECKING:
    import subprocess

FACTS = (0o40755, os.geteuid(), os.getegid(), 1, 1)


class Place:
    """A source and a target with open roots, and a pipe that lets operations pass."""

    def __init__(self, root: Path) -> None:
        self.source, self.target, self.trash = root / "source", root / "target", root / "trash"
        for directory in (self.source, self.target, self.trash):
            directory.mkdir()
        self.runner = Runner.with_new_family()
        self.setup = Setup(os.open(self.source, os.O_PATH), os.open(self.target, os.O_PATH), REPLACES)
        self.setup.trash = os.open(self.trash, os.O_PATH)
        self.tokens = -1

    def let_nothing_pass(self) -> None:
        """Whoever works waits for tokens from now on, until `pass_on`."""
        self.setup.throttle, self.tokens = os.pipe()

    def pass_on(self) -> None:
        """Let a thousand operations pass."""
        os.write(self.tokens, bytes(1000))

    @contextmanager
    def workers(self, number: int = 2, at_once: int = 2) -> Iterator[Workers[str]]:
        """Some workers, which are ended."""
        workers = Workers[str](self.runner, self.setup, number, at_once)
        for each in workers._places:
            _wait_for_program(each.process)
        try:
            yield workers
        finally:
            workers.close()

    def processes(self) -> list[int]:
        """All that were started and still run."""
        return _members(self.runner.family)

    def close(self) -> None:
        """Nothing more is wanted."""
        for descriptor in (*self.setup.descriptors(), *([self.tokens] if self.tokens >= 0 else [])):
            os.close(descriptor)


def _wait_for_program(process: "subprocess.Popen[bytes] | None") -> None:
    """A process that has just begun its program has no environment yet, by which it is known."""
    give_up = time.monotonic() + 20
    while process and process.poll() is None and not Path(f"/proc/{process.pid}/environ").read_bytes():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def _refused(*_given: object) -> NoReturn:
    raise BlockingIOError("no room for a process")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Two files in two directories."""
    made = Place(tmp_path)
    for name in ("a", "b"):
        write(made.source / name / "file")
    yield made
    made.close()


def _enter(workers: Workers[str], place: Place, *names: str) -> None:
    for name in names:
        facts = directory_facts((place.source / name).stat())
        workers.give(name, ENTER, name, (facts, UNKNOWN, 0, ()))


def _answers(workers: Workers[str], number: int) -> list[Answer[str] | Lost[str]]:
    found, give_up = list[Answer[str] | Lost[str]](), time.monotonic() + 20
    while len(found) < number:
        assert time.monotonic() < give_up
        found += workers.answers(0.1)
    return found


def _answered(answers: list[Answer[str] | Lost[str]]) -> list[str]:
    assert all(isinstance(one, Answer) and one.is_last and not one.receipt.troubles for one in answers)
    return sorted(one.task for one in answers if isinstance(one, Answer))


def test_work_is_done_by_processes_that_live_on(place: Place) -> None:
    """Each task is answered once; the same processes serve until they are closed, and none is left then."""
    with place.workers() as workers:
        processes = place.processes()
        assert len(processes) == 2
        for _ in range(3):
            _enter(workers, place, "a", "b")
            assert len(workers.tasks) == 2
            assert _answered(_answers(workers, 2)) == ["a", "b"]
            assert workers.tasks == []
        assert place.processes() == processes
    assert place.processes() == []
    assert account(place.target)["./a/file"] == account(place.source)["./a/file"]


def test_a_small_tree_needs_one_worker_alone(place: Place) -> None:
    """Which has no more to do than it does at a time; so a second one would end before it has begun."""
    place.setup.threads = 2
    with place.workers(at_once=1) as workers:
        for _ in range(4):
            _enter(workers, place, "a", "b")
            assert not workers.is_free
            _answers(workers, 2)
        assert len(place.processes()) == 1
        assert workers.is_free


def test_a_tree_that_is_no_small_one_gets_all_workers(place: Place) -> None:
    """When as many names were seen as one worker goes through before another one has started."""
    for number in range(500):
        write(place.source / "a" / str(number))
    with place.workers(number=3, at_once=1) as workers:
        _enter(workers, place, "a")
        _answers(workers, 1)
        _enter(workers, place, "b")
        assert len(place.processes()) == 1, "it has nothing else to do"
        place.let_nothing_pass()
        _enter(workers, place, "b", "b")
        assert [len(one.tasks) for one in workers._places] == [1, 1, 1]


def test_several_large_files_are_copied_by_several_workers(place: Place) -> None:
    """However few names there are: each takes as long as many directories."""
    place.let_nothing_pass()
    with place.workers(at_once=1) as workers:
        for name in ("a", "b"):
            workers.give(name, LARGE, f"{name}/file")
        assert [len(one.tasks) for one in workers._places] == [1, 1]


def test_work_goes_to_the_one_that_has_the_least(place: Place) -> None:
    """Until each has a few pieces for each of its threads."""
    place.let_nothing_pass()
    place.setup.threads = 2
    with place.workers() as workers:
        number = 0
        while workers.is_free:
            _enter(workers, place, "a")
            number += 1
            assert number <= 100
        shares = [len(one.tasks) for one in workers._places]
        assert max(shares) - min(shares) <= 1
        assert sum(shares) == number == 2 * 2 * 3


def test_a_worker_that_is_killed_gives_its_tasks_back_and_is_replaced(place: Place) -> None:
    """The others go on; what is given again is done."""
    place.let_nothing_pass()
    with place.workers() as workers:
        _enter(workers, place, "a", "b")
        killed, other = place.processes()
        os.kill(killed, signal.SIGKILL)
        (lost,) = _answers(workers, 1)
        assert isinstance(lost, Lost)
        assert len(lost.tasks) == len(workers.tasks) == 1
        assert other in place.processes()
        assert len(place.processes()) == 2
        place.pass_on()
        _enter(workers, place, *lost.tasks)
        assert _answered(_answers(workers, 2)) == ["a", "b"]
    assert account(place.target)["./b/file"] == account(place.source)["./b/file"]


def test_the_last_words_of_a_worker_are_told(place: Place) -> None:
    """The last line of what it said, for the sentence that ends a backup."""
    with place.workers(1) as workers:
        workers.give("odd", ENTER, "a", "no facts")
        (lost,) = _answers(workers, 1)
    assert isinstance(lost, Lost)
    assert lost.tasks == ("odd",)
    assert lost.last_words.startswith("ValueError: too many values")


def test_work_for_a_worker_that_has_just_died_is_not_lost(place: Place) -> None:
    """Work for a dead worker is given back with all the rest."""
    place.let_nothing_pass()
    with place.workers(1) as workers:
        os.kill(place.processes()[0], signal.SIGKILL)
        time.sleep(0.1)
        _enter(workers, place, "a", "b")
        (lost,) = _answers(workers, 1)
        assert isinstance(lost, Lost)
        assert sorted(lost.tasks) == ["a", "b"]


def test_workers_that_are_killed_as_they_start_are_told_and_ended(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have not even heard what to do; whoever asks for answers learns it, and nothing is left over."""
    killed = list[int]()

    def begin_and_kill(*given: Any) -> Any:
        process = serve(*given)
        process.kill()
        killed.append(process.wait())
        return process

    serve = place.runner.serve
    monkeypatch.setattr(place.runner, "serve", begin_and_kill)
    with place.workers(2) as workers:
        _enter(workers, place, "a")
        found = _answers(workers, 3)
        assert all(isinstance(one, Lost) for one in found)
        assert any("a" in one.tasks for one in found if isinstance(one, Lost))
    assert len(killed) >= 5
    assert place.processes() == []


def test_a_worker_that_cannot_be_replaced_hides_no_cause(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine may have no room for another process; all that are there are ended."""
    place.let_nothing_pass()
    with place.workers(2) as workers:
        _enter(workers, place, "a", "b")
        monkeypatch.setattr(place.runner, "serve", _refused)
        os.kill(place.processes()[0], signal.SIGKILL)
        with pytest.raises(BlockingIOError):
            _answers(workers, 1)
    assert place.processes() == []


def test_without_an_interpreter_that_can_be_started_a_thread_serves(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interpreter may lie in another user's home; no process is started."""
    monkeypatch.setattr(sys, "executable", str(write(tmp_path / "python")))
    with place.workers(4) as workers:
        assert place.processes() == []
        assert len(workers._places) == 1
        _enter(workers, place, "a", "b")
        assert _answered(_answers(workers, 2)) == ["a", "b"]
    assert account(place.target)["./a/file"] == account(place.source)["./a/file"]


def test_something_moves_while_operations_begin(place: Place) -> None:
    """A directory that takes long is no standstill; one that waits is."""
    place.let_nothing_pass()
    with place.workers(1) as workers:
        _enter(workers, place, "a")
        time.sleep(1.3)
        list(workers.answers(0))
        first = workers.activity
        assert not list(workers.answers(2.2))
        assert workers.activity == first
        place.pass_on()
        _answers(workers, 1)
        assert workers.activity > first


def test_of_our_descriptors_a_worker_inherits_the_roots_alone(place: Place, tmp_path: Path) -> None:
    """And its socket, and the file that it complains to."""
    with (tmp_path / "other").open("w") as other, place.workers(1) as workers:
        _enter(workers, place, "a")
        _answers(workers, 1)
        (process,) = place.processes()
        opened = {os.readlink(path) for path in Path(f"/proc/{process}/fd").iterdir()}
        assert str(tmp_path / "other") not in opened
        assert {str(place.source), str(place.target), str(place.trash)} <= opened
        assert other.writable()


def test_workers_have_no_umask_and_a_place_that_nobody_unmounts(place: Place) -> None:
    """Files of workers have the mode that they are made with."""
    umask = os.umask(0o077)
    try:
        with place.workers(1) as workers:
            _enter(workers, place, "a")
            _answers(workers, 1)
            assert os.readlink(f"/proc/{place.processes()[0]}/cwd") == "/"
    finally:
        os.umask(umask)
    assert (place.target / "a/file").stat().st_mode == (place.source / "a/file").stat().st_mode
