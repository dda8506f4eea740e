"""A partial's mark says what of it has reached the disk: the rest is not believed after a power loss.

It is a file beside the partial, which its own backup writes: after a graceful end about all that is in it, and every
few minutes about what was there then.
"""

import ctypes
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from efs_backup.domain.copying.commands import flush_command
from efs_backup.domain.errors import CopyFailed, Hung
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.series.marks import read_mark

if TYPE_CHECKING:
    import subprocess

FLUSH_SECONDS = 300.0
"""How much of a backup's work a killed machine may cost."""

FLUSH_PATIENCE_SECONDS = 3600.0
"""How long a file system may take to write all that it still has in memory."""

FINISH_SECONDS = 600.0
"""How long the last flush of a backup that was cut off may take."""

ALL = None
"""All of a partial is on the disk."""

NOTHING = 0

_PREFIX = ".flushed-"
_FORMAT = 1


class FlushMark:
    """The mark of one partial."""

    def __init__(self, series: Path, name: SnapshotName) -> None:
        self._path = series / f"{_PREFIX}{name}"

    def until_ns(self) -> int | None:
        """The ctime (of the backup's own clock) before which the partial's files are on the disk; ALL, or NOTHING."""
        read = read_mark(self._path)
        until = read.get("until_ns", NOTHING) if read.get("format") == _FORMAT else NOTHING
        return until if until is ALL or type(until) is int else NOTHING

    def forget(self) -> None:
        """Remove the mark, if there is one: a partial that begins has nothing on the disk. Raises OSError."""
        with suppress(IsADirectoryError):  # it says nothing, so it may stay
            self._path.unlink(missing_ok=True)

    def write(self, until_ns: int | None) -> None:
        """Set the mark, by a rename. Raises OSError."""
        unfinished = self.probe()[0]
        try:
            unfinished.write_text(json.dumps({"format": _FORMAT, "until_ns": until_ns}))
            unfinished.rename(self._path)
        except OSError:
            with suppress(OSError):
                unfinished.unlink()
            raise

    def probe(self) -> tuple[Path, int]:
        """A new file beside the mark, and its ctime: whatever has an older one was written before."""
        path = self._path.with_name(f"{self._path.name}.new")
        with suppress(FileNotFoundError):
            path.unlink()
        path.touch(0o600)
        return path, path.stat().st_ctime_ns


class Flusher:
    """Flushes the file system of a partial now and then while a copy runs, beside it, and sets its mark.

    Once it was told that something could not be written, nothing is believed any more: the kernel tells that once to
    each descriptor that was open before (syncfs(2)), and so has this one its own, from before the copy until `close`.
    """

    def __init__(
        self, runner: Runner, partial: Path, mark: FlushMark, *, beat: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._runner = runner
        self._command = flush_command(str(partial))
        self._mark = mark
        self._beat = beat
        self._clock = clock
        self._next = clock() + FLUSH_SECONDS
        self._running: tuple[subprocess.Popen[bytes], int] | None = None
        self._descriptor = os.open(partial, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._fault = ""

    def close(self) -> None:
        """Nothing more is asked."""
        os.close(self._descriptor)

    def tick(self) -> None:
        """Go on; called about every second. That it fails costs only what a power loss would."""
        with suppress(OSError):
            if self._running and self._running[0].poll() is not None:
                (done, until), self._running = self._running, None
                self._fault = self._fault or ("" if done.returncode == 0 else "a flush beside the copy failed")
                if not self._fault:
                    self._mark.write(until)
            if not self._running and self._clock() >= self._next:
                self._next = self._clock() + FLUSH_SECONDS
                until = self._mark.probe()[1]
                self._running = (self._runner.begin(self._command), until)

    def finish(self) -> None:
        """Flush all, when nothing more is written, and set the mark."""
        with suppress(OSError, CopyFailed):
            self.flush(FINISH_SECONDS)
            self._mark.write(ALL)

    def flush(self, seconds: float) -> None:
        """Have all on the disk, nothing of it lost on the way. Raises CopyFailed, and Hung after so many seconds."""
        done = self._runner.run_within(self._command, seconds, self._beat, undisturbed=True)
        if done is None:
            raise Hung(f"The copy could not be written to disk within {seconds / 60:.0f} minutes.")
        self._fault = self._fault or (done.stderr.strip() or "sync failed" if done.code else self._write_error())
        if self._fault:
            raise CopyFailed(f"The copy could not be written to disk: {self._fault}.")

    def _write_error(self) -> str:
        """The error of what was lost since our descriptor was opened, even if somebody's `sync` has been told of it."""
        c_library = ctypes.CDLL(None, use_errno=True)
        return os.strerror(ctypes.get_errno()) if c_library.syncfs(self._descriptor) else ""


def remove_marks(series: Path) -> None:
    """Remove all marks, when no partial is left; what cannot be removed is no mark of ours, and stays."""
    for path in series.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            path.unlink()
