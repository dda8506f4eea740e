"""Whether an agent is at work on this machine: it holds a lock for as long as it lives."""

import fcntl
import os
import signal
from collections.abc import Iterator
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


def ask_to_stop(place: Path) -> None:
    """Ask the agent at work to stop gracefully; it may end by itself at this moment, or not have said who it is."""
    try:
        os.kill(int((place / "agent.lock").read_text()), signal.SIGTERM)
    except (ProcessLookupError, ValueError):
        return
