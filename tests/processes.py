"""The processes that work on what a test has made."""

import os
import signal
from contextlib import suppress
from pathlib import Path


def processes_on(place: str | os.PathLike[str]) -> dict[int, str]:
    """The command lines in which this path stands, by the numbers of their processes."""
    wanted, found = os.fsencode(place), dict[int, str]()
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if wanted in (arguments := line.read_bytes()) and int(line.parent.name) != os.getpid():
                found[int(line.parent.name)] = os.fsdecode(arguments.replace(b"\0", b" "))
    return found


def end_all_on(place: str | os.PathLike[str]) -> None:
    """Kill them, and what they start meanwhile."""
    while found := processes_on(place):
        for number in found:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
