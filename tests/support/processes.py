"""The processes that work on what a test has made."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

WORKER = "efs_backup.copy_worker.worker import main"
"""The words in the command line of every copy worker; its paths do not stand there, for it gets descriptors."""


def processes_on(place: str | os.PathLike[str]) -> dict[int, str]:
    """The command lines in which this path stands, by the numbers of their processes."""
    wanted = os.fsdecode(place)
    return {number: line for number, line in _lines() if wanted in line}


def workers_on(place: str | os.PathLike[str]) -> dict[int, str]:
    """The same of the copy workers that have something below this path open."""
    below = os.path.join(os.fsdecode(place), "")
    return {
        number: line for number, line in _lines()
        if WORKER in line and any(path.startswith(below) for path in _open_files(number))
    }  # fmt: skip


def unmeasured() -> dict[str, str]:
    """The environment for who cannot write what coverage finds, and would say so."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}


def end_all_on(place: str | os.PathLike[str]) -> None:
    """Kill them, and what they start meanwhile."""
    while found := processes_on(place):
        for number in found:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)


def _lines() -> Iterator[tuple[int, str]]:
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if (number := int(line.parent.name)) != os.getpid():
                yield number, os.fsdecode(line.read_bytes().replace(b"\0", b" "))


def _open_files(process: int) -> Iterator[str]:
    with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
        for name in os.listdir(f"/proc/{process}/fd"):
            with suppress(FileNotFoundError):
                yield os.readlink(f"/proc/{process}/fd/{name}")
