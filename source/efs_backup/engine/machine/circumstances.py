"""Put in order, before anything else, the circumstances a caller may leave: streams, signals, the umask."""

import errno
import io
import os
import select
import signal
import stat
import subprocess
import sys
import warnings
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_UMASK = 0o022
_LOG_PATIENCE_SECONDS = 1.0
CLOSED = OSError(errno.EBADF, "it is closed")
"""Why nothing gets out where the caller has closed standard output."""


class UnfailingFile(io.FileIO):
    """A standard stream's file that takes whatever is written: to tell something is no part of the work.

    `error` is the first refusal of the kernel. With a patience in seconds a reader that does not read is not waited for
    any longer than that; what has no room is lost, as what was refused is. refusal: of all that is written, where the
    stream was closed.
    """

    def __init__(self, descriptor: int, patience: float | None, refusal: OSError | None = None) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.error: OSError | None = None
        self._refusal = refusal
        self._patience = self._waits = patience

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write what can be written; the length of what is out, or lost."""
        self.error = self.error or self._refusal
        while True:
            try:
                written: int | None = super().write(data)
            except OSError as error:
                self.error = self.error or error
                return memoryview(data).nbytes
            if written is not None:
                self._waits = self._patience
                return written
            if not self._has_room():
                self._waits = 0.0  # and no longer, until it reads again
                return memoryview(data).nbytes

    def _has_room(self) -> bool:
        """Wait for room; also where somebody else has made the stream one that does not wait."""
        poller = select.poll()
        poller.register(self.fileno(), select.POLLOUT)
        return bool(poller.poll(None if self._waits is None else self._waits * 1000))


def settle() -> None:
    """Put it in order: a program's first step.

    Standard streams that are closed lead to /dev/null, so that no file is opened under their numbers, and none of them
    fails any more. Children that end are waited for, also where the caller had SIGCHLD ignored (their exit codes would
    be lost, and taken for 0), and no signal is blocked. What is made gets known modes. A start of a program that hangs
    holds up its own thread alone: between vfork and exec a child closes files, which a server may not answer, and all
    threads of Python would wait for it, also the one that gives up.
    """
    missing = _open_missing()
    sys.stdout = _unfailing(1, sys.stdout, None, CLOSED if 1 in missing else None)
    sys.stderr = _unfailing(2, sys.stderr, _LOG_PATIENCE_SECONDS)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signal.valid_signals())
    os.umask(_UMASK)
    warnings.simplefilter("ignore")
    subprocess._USE_VFORK = False  # type: ignore[misc]  # the switch that subprocess's manual names  # noqa: SLF001


def lost_output() -> OSError | None:
    """Why not all of standard output got out; None where it did, or where nobody reads it any more."""
    sys.stdout.flush()
    error = _refusal_of_output()
    return error if error and error.errno != errno.EPIPE else None


def is_unread() -> bool:
    """Whether standard output takes nothing any more, so that the rest of a long answer need not be found."""
    return _refusal_of_output() is not None


def _refusal_of_output() -> OSError | None:
    file = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return file.error if isinstance(file, UnfailingFile) else None


def _open_missing() -> list[int]:
    """Open the standard streams that are closed, on /dev/null; give their numbers."""
    missing = list[int]()
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest free number, which is this one
            missing.append(descriptor)
    return missing


def _unfailing(
    descriptor: int, before: TextIO | None, patience: float | None, refusal: OSError | None = None
) -> TextIO:
    file = UnfailingFile(descriptor if patience is None else _not_waiting(descriptor), patience, refusal)
    encoding = before.encoding if before else "utf-8"
    return io.TextIOWrapper(
        io.BufferedWriter(file), encoding, "backslashreplace", line_buffering=patience is not None or file.isatty()
    )


def _not_waiting(descriptor: int) -> int:
    """The same pipe or terminal, opened once more: a flag on the shared one would meet the caller too."""
    kind = os.fstat(descriptor).st_mode
    if not (stat.S_ISFIFO(kind) or stat.S_ISCHR(kind)):
        return descriptor
    try:
        return os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return descriptor  # a terminal of another user, as after `su`
