"""Attending a command of the operator: its time limit, its last words, and its end where it does not come by itself."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import IO, cast

from efs_backup.engine.machine.process import end_session

LAST_WORDS_BYTES = 2000
"""How much of the end of what a command prints is kept."""

GRACE_SECONDS = 10.0
"""How long a command may take to end after SIGTERM; then comes SIGKILL."""

_LOOK_SECONDS = 0.1
_DRAIN_SECONDS = 0.5
_PIECE = 1 << 16


class Ending(Enum):
    """Why a command is over."""

    BY_ITSELF = auto()
    OVERDUE = auto()
    ASKED = auto()


@dataclass(frozen=True)
class Attended:
    """A command that is over: why, its exit code (negative: the signal; None: it does not die), its last words."""

    ending: Ending
    code: int | None
    words: str


class _Tail(threading.Thread):
    """Reads all that comes, and keeps the end of it.

    It reads on after its command: a process that the command has left behind must neither wait for room in a pipe nor
    be killed by a closed one.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(name="last words", daemon=True)
        self._stream = stream
        self._kept = b""

    def run(self) -> None:
        while piece := os.read(self._stream.fileno(), _PIECE):
            self._kept = (self._kept + piece)[-LAST_WORDS_BYTES:]

    def words(self) -> str:
        """The words that were kept, once all has come; what is left behind and may still print is not waited for."""
        self.join(_DRAIN_SECONDS)
        return os.fsdecode(self._kept)


def attend(
    process: "subprocess.Popen[bytes]", seconds: float, ends: Callable[[], bool], beat: Callable[[], None]
) -> Attended:
    """Wait for a command that leads a session and prints into a pipe; end all its session where it has to be ended."""
    tail = _Tail(cast("IO[bytes]", process.stdout))
    tail.start()
    ending = _wait(process, time.monotonic() + seconds, ends, beat)
    if ending is not Ending.BY_ITSELF:
        _end(process, beat)
    return Attended(ending, process.poll(), tail.words())


def _wait(
    process: "subprocess.Popen[bytes]", give_up: float, ends: Callable[[], bool], beat: Callable[[], None]
) -> Ending:
    while not _has_ended(process):
        beat()
        if ends():
            return Ending.ASKED
        if time.monotonic() >= give_up:
            return Ending.OVERDUE
    return Ending.BY_ITSELF


def _has_ended(process: "subprocess.Popen[bytes]") -> bool:
    with suppress(subprocess.TimeoutExpired):
        process.wait(_LOOK_SECONDS)
    return process.poll() is not None


def _end(process: "subprocess.Popen[bytes]", beat: Callable[[], None]) -> None:
    """End its process group, and what does not heed that. Another user's processes (sudo) may be out of reach."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
    _wait(process, time.monotonic() + GRACE_SECONDS, lambda: False, beat)
    with suppress(PermissionError):
        end_session(process.pid)
    _has_ended(process)
