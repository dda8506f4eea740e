"""Where a contender works: a source side and a backup side, on simulated EFS or on the local disk."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench import simulator

DROP_CACHES = Path("/proc/sys/vm/drop_caches")


@dataclass(frozen=True)
class Area:
    """One contender's fresh directories. Tools see the sides; truth is checked in the stores that lie behind them."""

    source_side: Path
    backup_side: Path
    source_store: Path
    backup_store: Path
    scratch: Path  # private, on the local disk: configuration, temporary files, caches

    @property
    def source(self) -> Path:
        """The tree that is backed up."""
        return self.source_side / "tree"

    @property
    def target(self) -> Path:
        """An empty directory on the source side, to restore into."""
        return self.source_side / "restored"

    def stored(self, path: Path) -> Path:
        """The place in the stores of what tools see at `path`."""
        for side, store in ((self.source_side, self.source_store), (self.backup_side, self.backup_store)):
            if path.is_relative_to(side):
                return store / path.relative_to(side)
        return path


@dataclass(frozen=True)
class Counts:
    """The operations of a stage on both sides, in the simulator's words."""

    source: simulator.Counters
    backup: simulator.Counters


ReadCounts = Callable[[], Counts | None]


class Backend(Protocol):
    """A kind of file system to run on."""

    @property
    def name(self) -> str:
        """The word for it in results."""

    @property
    def caches(self) -> str:
        """Say what the kernel remembers of files when a stage starts."""

    def area(self) -> contextlib.AbstractContextManager[Area]:
        """Fresh, empty directories, removed in the end."""

    def stage(self, area: Area) -> contextlib.AbstractContextManager[ReadCounts]:
        """Both sides ready for one stage, with cold caches."""


@dataclass(frozen=True)
class Local:
    """Plain directories below `workdir`."""

    workdir: Path
    name: str = "local"

    @property
    def caches(self) -> str:
        """Whether the caches are cold."""
        return "dropped before each stage" if os.access(DROP_CACHES, os.W_OK) else "warm: no right to drop them"

    @contextlib.contextmanager
    def area(self) -> Iterator[Area]:
        """Make directories that are stored where they are seen."""
        with _home(self.workdir) as home:
            yield _make(Area(home / "source", home / "backup", home / "source", home / "backup", home / "scratch"))

    @contextlib.contextmanager
    def stage(self, area: Area) -> Iterator[ReadCounts]:
        """Flush, forget; nothing is counted here."""
        flush(area)
        drop_caches()
        yield lambda: None


@dataclass(frozen=True)
class Simulated:
    """Two file systems of the simulator, stored below `workdir` and mounted afresh for each stage."""

    workdir: Path
    options: Mapping[str, str]
    name: str = "sim"
    caches: str = "cold: mounted afresh for each stage"

    @contextlib.contextmanager
    def area(self) -> Iterator[Area]:
        """Make the mount points, and the stores behind them."""
        with _home(self.workdir) as home:
            stores = home / "source-store", home / "backup-store"
            yield _make(Area(home / "source", home / "backup", *stores, home / "scratch"))

    @contextlib.contextmanager
    def stage(self, area: Area) -> Iterator[ReadCounts]:
        """Mount both sides."""
        flush(area)
        source = simulator.mounted(area.source_store, area.source_side, self.options)
        backup = simulator.mounted(area.backup_store, area.backup_side, self.options)
        with source, backup:
            yield lambda: Counts(simulator.counters(area.source_side), simulator.counters(area.backup_side))


def flush(area: Area) -> None:
    """Write to the disk what is still in memory of the area's file system."""
    subprocess.run(["/usr/bin/sync", "-f", area.scratch], check=False)


def drop_caches() -> None:
    """Forget what the kernel keeps of files, where that is permitted."""
    if os.access(DROP_CACHES, os.W_OK):
        with contextlib.suppress(OSError):
            DROP_CACHES.write_text("3")


@contextlib.contextmanager
def _home(workdir: Path) -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="efs-bench-", dir=workdir)).resolve()
    try:
        yield home
    finally:
        for side in (home / "source", home / "backup"):
            simulator.unmount(side)
        shutil.rmtree(home, ignore_errors=True)


def _make(area: Area) -> Area:
    for path in {area.source_side, area.backup_side, area.source_store, area.backup_store, area.scratch}:
        path.mkdir(exist_ok=True)
    area.stored(area.target).mkdir()
    return area
