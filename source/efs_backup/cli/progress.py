"""Following a backup: a live line on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from efs_backup.cli.output import console, shown, size
from efs_backup.domain.backup import CopyStatistics
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
        """The copy begins."""
        self.files, self.size, self._started = files, total, time.monotonic()

    def text(self, done: CopyStatistics) -> str:
        """Files, bytes, rate, and the time left in the window."""
        rate = done.total_file_size / max(time.monotonic() - self._started, 0.001)
        left = self._seconds_left()
        return (
            f"{done.number_of_files:,} of {self.files:,} files, {size(done.total_file_size)} of {size(self.size)},"
            f" {size(int(rate))}/s" + (f", {left / 60:.1f} min left in the window" if left is not None else "")
        )


class LineWatcher:
    """Plain lines on standard error, each with its UTC time."""

    def __init__(self, seconds_left: SecondsLeft) -> None:
        self._console = console(to_stderr=True)
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
        self._console.print(shown(f"{now} {text}"))


class LiveWatcher:
    """One live line on a terminal."""

    def __init__(self, seconds_left: SecondsLeft, progress: Progress) -> None:
        self._pace = Pace(seconds_left)
        self._progress = progress
        self._task = progress.add_task("", total=None, pace="")

    def step(self, name: str) -> None:
        """A step begins."""
        self._progress.update(self._task, description=name, pace="")

    def expect(self, files: int, size: int) -> None:
        """So much is there."""
        self._pace.expect(files, size)
        self._progress.update(self._task, total=max(files, 1), completed=0, pace=f"{files:,} files")

    def progress(self, done: CopyStatistics) -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=done.number_of_files, pace=self._pace.text(done))

    def note(self, text: str) -> None:
        """A line above the live one."""
        self._progress.console.print(shown(text))


@contextmanager
def watching(seconds_left: SecondsLeft) -> Iterator[Watcher]:
    """The watcher that suits standard error."""
    if not sys.stderr.isatty():
        yield LineWatcher(seconds_left)
        return
    columns = (TextColumn("[bold]{task.description}"), BarColumn(bar_width=20), TextColumn("{task.fields[pace]}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield LiveWatcher(seconds_left, progress)
