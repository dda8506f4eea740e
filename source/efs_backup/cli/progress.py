"""Following a backup: plain lines, or a live one on a terminal."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from efs_backup.cli.output import print_line
from efs_backup.cli.verbosity import is_quiet, is_verbose
from efs_backup.domain.copying.pace import Pace
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.ports import Watcher

_LINE_SECONDS = 10.0
"""Between two lines on how far it is; what takes no longer needs no line on its steps."""

SecondsLeft = Callable[[], float | None]


class PaceMeter:
    """Measures how far a copy is, and how fast."""

    def __init__(self, seconds_left: SecondsLeft) -> None:
        self._seconds_left = seconds_left
        self._started = time.monotonic()
        self._expected = 0, 0

    def expect(self, files: int, size: int) -> None:
        """The copy begins; 0 files where nobody knows how many there are."""
        self._expected, self._started = (files, size), time.monotonic()

    def pace(self, done: CopyStatistics) -> Pace:
        """The pace at this moment."""
        return Pace(done, time.monotonic() - self._started, *self._expected, self._seconds_left())


class QuietWatcher:
    """Tells nothing."""

    def step(self, name: str) -> None:
        """See Watcher."""

    def expect(self, files: int, size: int) -> None:
        """See Watcher."""

    def progress(self, done: CopyStatistics) -> None:
        """See Watcher."""

    def note(self, text: str) -> None:
        """See Watcher."""


class LineWatcher:
    """Plain lines on standard error, each with its UTC time. The steps of what takes a moment are told with -v."""

    def __init__(self, seconds_left: SecondsLeft, *, tells_steps: bool) -> None:
        self._meter = PaceMeter(seconds_left)
        self._tells_steps = tells_steps
        self._untold = ""
        self._started = time.monotonic()
        self._next_line = self._started + _LINE_SECONDS

    def step(self, name: str) -> None:
        """A step begins."""
        self._untold = name
        if self._tells_steps or time.monotonic() - self._started >= _LINE_SECONDS:
            self._tell_step()

    def expect(self, files: int, size: int) -> None:
        """Take so many files and bytes as the whole, and wait a moment with the first line."""
        self._meter.expect(files, size)
        self._next_line = time.monotonic() + _LINE_SECONDS

    def progress(self, done: CopyStatistics) -> None:
        """A line every ten seconds."""
        if time.monotonic() >= self._next_line:
            self._tell_step()
            self._line(self._meter.pace(done).text())
            self._next_line = time.monotonic() + _LINE_SECONDS

    def note(self, text: str) -> None:
        """Something to know."""
        self._line(text)

    def _tell_step(self) -> None:
        if self._untold:
            self._line(self._untold)
            self._untold = ""

    def _line(self, text: str) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        print_line(f"{now} {text}", to_stderr=True)


@contextmanager
def watching(seconds_left: SecondsLeft) -> Iterator[Watcher]:
    """The watcher that suits standard error, and how much is to be told."""
    if is_quiet():
        yield QuietWatcher()
        return
    if is_verbose() or not sys.stderr.isatty():
        yield LineWatcher(seconds_left, tells_steps=is_verbose())
        return
    # What it draws with takes long to import, and nothing else needs it.
    from efs_backup.cli.live import live_line  # noqa: PLC0415

    with live_line(PaceMeter(seconds_left)) as watcher:
        yield watcher
