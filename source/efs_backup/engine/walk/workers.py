"""Workers: the processes of a walk, or a thread of our own where this user may not start our interpreter again."""

import os
import selectors
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Generic, TypeVar

from efs_backup.copy_worker.protocol import BEAT, LARGE, STOP, WORK_DONE, Frames, send
from efs_backup.copy_worker.receipts import Receipt
from efs_backup.copy_worker.roots import Setup
from efs_backup.copy_worker.worker import serve
from efs_backup.domain.copying.commands import worker_command
from efs_backup.engine.machine.process import Runner, in_memory, read_back

_PACKAGE_PLACE = str(Path(__file__).parents[3])
_ENDING_SECONDS = 10.0
_WAITING_FOR_EACH_THREAD = 3
"""Pieces of work that a thread has before it, so that it never waits for the main process."""
_SMALL_TREE = 500
"""Names that one worker on a local disk has gone through sooner than another one has started, which takes 45 ms."""

Task = TypeVar("Task")


@dataclass(frozen=True)
class Answer(Generic[Task]):
    """A receipt for a task; is_last: there is no other one."""

    task: Task
    receipt: Receipt
    is_last: bool


@dataclass(frozen=True)
class Lost(Generic[Task]):
    """The tasks of a worker that has died, and what it said."""

    tasks: tuple[Task, ...]
    last_words: str


@dataclass
class _Place(Generic[Task]):
    """A worker as seen from here: what it works on, by numbers."""

    socket: socket.socket
    frames: Frames
    process: subprocess.Popen[bytes] | None = None
    errors: IO[bytes] | None = None
    thread: threading.Thread | None = None
    tasks: dict[int, Task] = field(default_factory=dict)
    beats: int = 0


class Workers(Generic[Task]):
    """Some workers, which all do the same; work goes to the one that has the least.

    at_once: how many begin now; the others do when the tree is no small one, or has several large files.
    """

    def __init__(self, runner: Runner, setup: Setup, number: int, at_once: int) -> None:
        self._runner = runner
        self._setup = setup
        self._most = setup.threads * _WAITING_FOR_EACH_THREAD
        self._numbers = 0
        self._answers = self._names = 0
        self._selector = selectors.DefaultSelector()
        self._places: list[_Place[Task]] = []
        self._number = number if can_start() else 1
        for _ in range(min(at_once, self._number)):
            self._places.append(self._begin())

    @property
    def proves(self) -> bool:
        """Whether they write down what is in the target."""
        return self._setup.proves

    @property
    def activity(self) -> int:
        """A number that changes with everything that is done."""
        return self._answers + sum(place.beats for place in self._places)

    @property
    def tasks(self) -> list[Task]:
        """All that is under way."""
        return [task for place in self._places for task in place.tasks.values()]

    @property
    def is_free(self) -> bool:
        """Whether one of them can be given more."""
        least = min(len(place.tasks) for place in self._places)
        if len(self._places) < self._number:
            return self._names >= _SMALL_TREE or least < self._setup.threads
        return least < self._most

    def give(self, task: Task, kind: int, path: str, more: object = None) -> None:
        """Give work to the worker that has the least; one that has died meanwhile is met by `answers`."""
        place = self._place_for(kind)
        self._numbers += 1
        place.tasks[self._numbers] = task
        with suppress(OSError):
            send(place.socket.fileno(), (self._numbers, kind, path, more))

    def _place_for(self, kind: int) -> _Place[Task]:
        place = min(self._places, key=lambda one: len(one.tasks))
        is_wanted = self._names >= _SMALL_TREE or kind == LARGE
        if place.tasks and is_wanted and len(self._places) < self._number:
            place = self._begin()
            self._places.append(place)
        return place

    def answers(self, seconds: float) -> Iterator[Answer[Task] | Lost[Task]]:
        """Wait so long for answers, and give those that came. A worker that has died is replaced."""
        for key, _ in self._selector.select(seconds):
            place: _Place[Task] = key.data
            try:
                for kind, number, more in place.frames.take():
                    if kind == BEAT:
                        place.beats = number
                    else:
                        self._answers += 1
                        is_last = kind == WORK_DONE
                        task = place.tasks.pop(number) if is_last else place.tasks[number]
                        receipt = Receipt.of(more)
                        self._names += receipt.files + len(receipt.below)
                        yield Answer(task, receipt, is_last)
            except (EOFError, ConnectionError):
                yield self._replace(place)

    def stop(self) -> None:
        """Ask them to end what takes long."""
        for place in self._places:
            with suppress(OSError):
                send(place.socket.fileno(), (0, STOP, "", None))

    def close(self) -> None:
        """End them; what is under way is lost."""
        for place in self._places:
            self._end(place)
        self._selector.close()

    def _replace(self, place: _Place[Task]) -> Lost[Task]:
        self._places.remove(place)
        self._end(place)
        said = read_back(place.errors).strip() if place.errors else ""
        self._places.append(self._begin())
        return Lost(tuple(place.tasks.values()), said.rpartition("\n")[2])

    def _begin(self) -> _Place[Task]:
        ours, theirs = socket.socketpair()
        place: _Place[Task] = _Place(ours, Frames(ours.fileno()))
        if can_start():
            place.errors = in_memory()
            descriptors = (theirs.fileno(), *self._setup.descriptors())
            place.process = self._runner.serve(
                worker_command(sys.executable, _PACKAGE_PLACE, theirs.fileno()), descriptors, place.errors
            )
            theirs.close()
        else:
            place.thread = threading.Thread(target=_serve, args=(theirs,), daemon=True)
            place.thread.start()
        with suppress(OSError):  # one that is killed as it starts is met by `answers`
            send(ours.fileno(), self._setup.packed())
        self._selector.register(ours, selectors.EVENT_READ, place)
        return place

    def _end(self, place: _Place[Task]) -> None:
        self._selector.unregister(place.socket)
        place.socket.close()
        if place.thread:
            place.thread.join(_ENDING_SECONDS)
        if place.process:
            with suppress(subprocess.TimeoutExpired):
                place.process.kill()
                place.process.wait(_ENDING_SECONDS)


def can_start() -> bool:
    """Tell whether this user may start our own interpreter again; it may lie in another's home."""
    return os.access(sys.executable, os.X_OK)


def _serve(theirs: socket.socket) -> None:
    """Be a worker in this process."""
    with theirs:
        serve(theirs.fileno())
