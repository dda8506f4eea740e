"""Whether an agent is at work on this machine: it holds a lock for as long as it lives."""

import fcntl
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def present(place: Path) -> Iterator[bool]:
    """Be the agent at work; gives False where another is."""
    place.mkdir(parents=True, exist_ok=True)
    with open(place / "agent.lock", "a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        with suppress(OSError):  # on a full disk nobody will know whom to ask to stop, and wait
            os.ftruncate(lock.fileno(), 0)
            os.write(lock.fileno(), str(os.getpid()).encode())
        yield True


def is_present(place: Path) -> bool:
    """Whether an agent is at work."""
    try:
        with open(place / "agent.lock", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def ask_to_stop(place: Path, why: str) -> None:
    """Ask the agent at work to stop gracefully; it may end by itself at this moment, or not have said who it is.

    It learns why from a file, for a signal has no words; on a full disk it does not.
    """
    with suppress(OSError):
        (place / _WHY).write_text(why)
    try:
        os.kill(int((place / "agent.lock").read_text()), signal.SIGTERM)
    except (ProcessLookupError, ValueError):
        return


def told_why(place: Path) -> Callable[[str], str]:
    """Words for a signal: those of who asked to stop, where it has left some."""

    def words(name: str) -> str:
        try:
            told = (place / _WHY).read_text()
        except (OSError, ValueError):
            told = ""
        return told or f"the machine goes down, or somebody has stopped the agent ({name})"

    return words


_WHY = "stop-cause.txt"
"""In a directory of root's own, beside the lock."""
