"""Programs that wait for what never comes are found and ended."""

import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from efs_backup.domain.errors import Hung

STALL_SECONDS = 600.0
"""How long a program of a copy may make no progress."""

GIVE_UP_SECONDS = STALL_SECONDS + 30
"""When all programs are given up: after those that hang have been ended one by one."""

_RSYNC = "rsync"
_WAITING = frozenset({"bash", "sh", "dash", "fpsync", "ls", "ps", "sleep", "setpriv", "mv", "cat"})
_WAITING_FOR_A_FIFO = frozenset({"wait_for_partner", "fifo_open"})
"""The kernel functions in which an open of a FIFO waits for somebody at its other end."""


@dataclass(frozen=True)
class _Process:
    number: int
    parent: int
    name: str
    ticks: int


class Watchdog:
    """Looks at the processes of one session, again and again, and ends those of its copies that hang.

    A copy is an rsync with its helpers. One that waits for a FIFO's other end, which a
    copy never has to, is ended at the second look; any other when it has made no progress for `stall_seconds`. Files
    below `root` are named.
    """

    def __init__(
        self, session: int, stall_seconds: float = STALL_SECONDS, clock: Callable[[], float] = time.monotonic,
        root: str = "",
    ) -> None:  # fmt: skip
        self._session = session
        self._stall_seconds = stall_seconds
        self._clock = clock
        self._place = os.path.join(os.path.realpath(root), "") if root else ""
        self._progress: dict[int, tuple[int, float]] = {}
        self._at_a_fifo: frozenset[int] = frozenset()
        self.activity = 0
        """A number that changes with what the session's programs do; shells that only wait for others do not count."""

    def look(self) -> list[str]:
        """Look, and end what hangs; a sentence about each."""
        processes = {process.number: process for process in _session(self._session)}
        working = [process for process in processes.values() if process.name not in _WAITING]
        self.activity = sum(_moved(process.number) + process.ticks for process in working)
        below = defaultdict[int, list[int]](list)
        for process in processes.values():
            below[process.parent].append(process.number)
        copies = [process for process in processes.values() if _is_copy(process, processes)]
        return [*self._end_those_at_a_fifo(copies, below), *self._end_the_stalled(copies, processes, below)]

    def read_now(self) -> list[str]:
        """The paths, below the root, of the files that rsyncs of the session read at this moment."""
        return self._open_in(process.number for process in _session(self._session) if process.name == _RSYNC)

    def _open_in(self, processes: Iterable[int]) -> list[str]:
        opened = {path for one in processes for path in _open_files(one) if path.startswith(self._place)}
        return sorted(path.removeprefix(self._place) for path in opened)

    def _end_those_at_a_fifo(self, copies: list[_Process], below: dict[int, list[int]]) -> Iterator[str]:
        found = frozenset(
            copy.number for copy in copies
            if copy.name == _RSYNC and any(_waits_in(number) in _WAITING_FOR_A_FIFO for number in _tree(copy, below))
        )  # fmt: skip
        for copy in copies:
            if copy.number in found & self._at_a_fifo:
                _end(_tree(copy, below))
                yield "An rsync waited for the other end of a FIFO that took a file's place, and was ended."
        self._at_a_fifo = found

    def _end_the_stalled(
        self, copies: list[_Process], processes: dict[int, _Process], below: dict[int, list[int]]
    ) -> Iterator[str]:
        now, before = self._clock(), self._progress
        self._progress = {}
        for copy in copies:
            tree = _tree(copy, below)
            done = sum(_moved(number) + (copy.name != _RSYNC) * processes[number].ticks for number in tree)
            last_done, since = before.get(copy.number, (-1, now))
            self._progress[copy.number] = (done, since if done == last_done else now)
            if done == last_done and now - since >= self._stall_seconds:
                files = ", ".join(map(repr, self._open_in(tree)[:3]))
                _end(tree)
                yield (
                    f"A program of the copy ({copy.name}) made no progress for {self._stall_seconds / 60:.0f} minutes"
                    f" and was ended; open were: {files or 'no files'}."
                )


class Moving:
    """Beats as long as something that is seen changes. Raises Hung where it does not for very long."""

    def __init__(self, beat: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._beat = beat
        self._clock = clock
        self._last: object = None
        self._since = clock()

    def see(self, state: object) -> None:
        """Look at the state, which differs from the last one if anything has moved."""
        if state != self._last:
            self._last, self._since = state, self._clock()
            self._beat()
        elif self._clock() - self._since > GIVE_UP_SECONDS:
            raise Hung(
                f"fpsync and its programs made no progress for {GIVE_UP_SECONDS / 60:.0f} minutes, and were ended."
            )


def _is_copy(process: _Process, processes: dict[int, _Process]) -> bool:
    """Whether a process is the first of its rsync."""
    parent = processes.get(process.parent)
    return process.name == _RSYNC and not (parent and parent.name == _RSYNC)


def _tree(root: _Process, below: dict[int, list[int]]) -> list[int]:
    found = [root.number]
    for number in found:
        found += below.get(number, [])
    return found


def _session(session: int) -> Iterator[_Process]:
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            command, _, rest = Path(f"/proc/{name}/stat").read_text(errors="replace").partition("(")[2].rpartition(")")
            fields = rest.split()
            if int(fields[3]) == session:
                yield _Process(int(name), int(fields[1]), command, int(fields[11]) + int(fields[12]))


def _waits_in(process: int) -> str:
    """The kernel function in which a process sleeps; "" where nobody may know."""
    with suppress(OSError):
        return Path(f"/proc/{process}/wchan").read_text()
    return ""


def _moved(process: int) -> int:
    """The bytes that a process has read and written, also from and to pipes."""
    with suppress(OSError):
        lines = Path(f"/proc/{process}/io").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines[:2])
    return 0


def _open_files(process: int) -> Iterator[str]:
    with suppress(OSError):
        for name in os.listdir(f"/proc/{process}/fd"):
            path = os.readlink(f"/proc/{process}/fd/{name}")
            if path.startswith("/") and not path.startswith("/dev/"):
                yield path


def _end(processes: list[int]) -> None:
    for number in processes:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
