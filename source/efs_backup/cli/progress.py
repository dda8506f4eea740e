"""Following a backup: plain lines, or a live one on a terminal."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from efs_backup.cli.output import print_line
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.humanize import sized
from efs_backup.domain.ports import Watcher

_LINE_SECONDS = 10.0

SecondsLeft = Callable[[], float | None]


class Pace:
    """How far a copy is and how fast, as text."""

    def __init__(self, seconds_left: SecondsLeft) -> None:
        self._seconds_left = seconds_left
        self._started = time.monotonic()
        self.files = 0
        self.size = 0

    def expect(self, files: int, total: int) -> None:
        """The copy begins; 0 files where nobody knows how many there are."""
        self.files, self.size, self._started = files, total, time.monotonic()

    def text(self, done: CopyStatistics) -> str:
        """Files, bytes, rate, and the time left in the window."""
        rate = done.total_file_size / max(time.monotonic() - self._started, 0.001)
        left = self._seconds_left()
        files, size = f"{done.number_of_files:,}", sized(done.total_file_size)
        if self.files:
            files, size = f"{files} of about {self.files:,}", f"{size} of about {sized(self.size)}"
        window = f", {left / 60:.1f} min left in the window" if left is not None else ""
        return f"{files} files, {size}, {sized(rate)}/s{window}"


class LineWatcher:
    """Plain lines on standard error, each with its UTC time."""

    def __init__(self, seconds_left: SecondsLeft) -> None:
        self._pace = Pace(seconds_left)
        self._next_line = 0.0

    def step(self, name: str) -> None:
        """A step begins."""
        self._line(name)

    def expect(self, files: int, size: int) -> None:
        """So much is there."""
        self._pace.expect(files, size)
        self._next_line = time.monotonic() + _LINE_SECONDS

    def progress(self, done: CopyStatistics) -> None:
        """A line every ten seconds."""
        if time.monotonic() >= self._next_line:
            self._line(self._pace.text(done))
            self._next_line = time.monotonic() + _LINE_SECONDS

    def note(self, text: str) -> None:
        """Something to know."""
        self._line(text)

    def _line(self, text: str) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        print_line(f"{now} {text}", to_stderr=True)


@contextmanager
def watching(seconds_left: SecondsLeft) -> Iterator[Watcher]:
    """The watcher that suits standard error."""
    if not sys.stderr.isatty():
        yield LineWatcher(seconds_left)
        return
    # What it draws with takes long to import, and nothing else needs it.
    from efs_backup.cli.live import live_line  # noqa: PLC0415

    with live_line(Pace(seconds_left)) as watcher:
        yield watcher
