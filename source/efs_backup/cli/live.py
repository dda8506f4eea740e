"""The live line on a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from efs_backup.cli.progress import PaceMeter
from efs_backup.domain.copying.pace import Pace
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.humanize import shown

_SPEED_SECONDS = 60.0
"""The time left goes by the pace of so long."""


class LiveWatcher:
    """One live line on a terminal."""

    def __init__(self, meter: PaceMeter, progress: Progress) -> None:
        self._meter = meter
        self._progress = progress
        self._task = progress.add_task("", total=None, pace="")

    def step(self, name: str) -> None:
        """A step begins; what was counted stays beside it."""
        self._progress.update(self._task, description=name)

    def expect(self, files: int, size: int) -> None:
        """Set the end of the progress bar to so many files."""
        self._meter.expect(files, size)
        pace = f"about {files:,} files" if files else ""
        self._progress.update(self._task, total=files or None, completed=0, pace=pace)

    def progress(self, done: CopyStatistics) -> None:
        """Move the bar."""
        text = _beside_the_bar(self._meter.pace(done))
        self._progress.update(self._task, completed=done.number_of_files, pace=text)

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


def _beside_the_bar(pace: Pace) -> str:
    """The bar says which part is done, and how long it takes; this says the rest in few words."""
    files, over, left = f"{pace.done.number_of_files:,} files", pace.files_over, pace.seconds_left
    window = (
        f", will not fit: {over:,} files over" if over
        else "" if left is None else f", window {left / 60:.0f} min"
    )  # fmt: skip
    return f"{files}, {pace.rates()}{window}"


@contextmanager
def live_line(meter: PaceMeter) -> Iterator[LiveWatcher]:
    """A bar with its words, gone at the end."""
    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[pace]}", markup=False),
    )
    with Progress(
        *columns, console=Console(stderr=True), transient=True, speed_estimate_period=_SPEED_SECONDS
    ) as progress:
        yield LiveWatcher(meter, progress)
