"""The live line on a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from efs_backup.cli.progress import Pace
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.humanize import shown


class LiveWatcher:
    """One live line on a terminal."""

    def __init__(self, pace: Pace, progress: Progress) -> None:
        self._pace = pace
        self._progress = progress
        self._task = progress.add_task("", total=None, pace="")

    def step(self, name: str) -> None:
        """A step begins."""
        self._progress.update(self._task, description=name, pace="")

    def expect(self, files: int, size: int) -> None:
        """So much is there."""
        self._pace.expect(files, size)
        pace = f"about {files:,} files" if files else ""
        self._progress.update(self._task, total=files or None, completed=0, pace=pace)

    def progress(self, done: CopyStatistics) -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=done.number_of_files, pace=self._pace.text(done))

    def note(self, text: str) -> None:
        """A line above the live one."""
        self._progress.console.print(Text(shown(text)))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal to somebody else for a while."""
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()


@contextmanager
def live_line(pace: Pace) -> Iterator[LiveWatcher]:
    """A bar with its words, gone at the end."""
    columns = (TextColumn("[bold]{task.description}"), BarColumn(bar_width=20), TextColumn("{task.fields[pace]}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield LiveWatcher(pace, progress)
