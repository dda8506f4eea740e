"""A private directory of safe characters for fpsync: it builds shell text from the paths that it is given."""

import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from efs_backup.domain.commands import Command, PartSizes, linking_tool
from efs_backup.domain.errors import CopyFailed
from efs_backup.domain.tuning import Copier

_PACKAGE_PLACE = str(Path(__file__).parents[2])
_SAFE = re.compile(r"[\w/.+-]+", re.ASCII)
_FALLBACK = "/var/tmp"  # noqa: S108 - a directory of our own, of unpredictable name, is made in it


class Workspace:
    """Links to the source, the target and the references, the copy tool, and fpsync's own files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fpsync = path / "fpsync"
        self.output = path / "fpsync.log"
        self.tool = path / "part_copy"
        self.programs = path / "programs"

    def fill(self, fpart: str, copier: Copier, sizes: PartSizes) -> None:
        """Make what every copy needs; `fpart` is the path of the real one.

        Where this user may not start our own interpreter again (it lies in another's home), rsync copies, whose
        operations nobody counts. Raises CopyFailed where they are to be limited.
        """
        self.fpsync.mkdir()
        self.programs.mkdir()
        (self.programs / "real_fpart").symlink_to(fpart)
        _install(_script("crawl_fpart.sh"), self.programs / "fpart")
        _install(_script("queue_ls.sh"), self.programs / "ls")
        self._pace_fpart(sizes.crawl_operations_per_second)
        _install(_copy_tool(copier, sizes), self.tool)

    def _pace_fpart(self, rate: float | None) -> None:
        if rate:
            _install(_script("pace_fpart.sh"), self.programs / "pace")
            (self.programs / "microseconds").write_text(f"{round(1_000_000 / rate)}\n")

    def link(self, name: str, target: Path) -> str:
        """A path of safe characters that leads to a directory.

        Its own where that is safe, for rsync looks up every component of it for every file; else a symlink.
        """
        place = target.resolve()
        if _SAFE.fullmatch(str(place)):
            return str(place)
        link = self.path / name
        link.symlink_to(place, target_is_directory=True)
        return str(link)

    def links(self, name: str, targets: Sequence[Path]) -> list[str]:
        """Such a path for each of them."""
        return [self.link(f"{name}{number}", target) for number, target in enumerate(targets)]

    @property
    def crawl_exit_code(self) -> int | None:
        """How fpart ended; None while it runs, or where it was killed."""
        said = read_if_there(self.programs / "exit_code")
        return int(said) if said else None

    @property
    def crawl_complaints(self) -> list[str]:
        """What fpart could not read, a line each."""
        return read_if_there(self.programs / "complaints").splitlines()

    @property
    def log_directory(self) -> Path | None:
        """Where fpsync wrote the logs of its only run; None before it did."""
        return next(iter((self.fpsync / "log").glob("*/")), None)

    @property
    def part_directory(self) -> Path | None:
        """Where fpart wrote the lists of the parts; None before it did."""
        return next(iter((self.fpsync / "parts").glob("*/")), None)


def _copy_tool(copier: Copier, sizes: PartSizes) -> str:
    if copier is Copier.LINKS and os.access(sys.executable, os.X_OK):
        return _call_of(linking_tool(sys.executable, _PACKAGE_PLACE, sizes))
    if sizes.operations_per_second:
        raise CopyFailed(
            f"Operations cannot be limited: this user may not start {sys.executable!r} again.",
            "Leave out --max-operations-per-second, or install efs-backup where this user may start it.",
        )
    return _script("part_rsync.sh")


def _script(name: str) -> str:
    return files("efs_backup.engine").joinpath(name).read_text()


def _call_of(command: Command) -> str:
    return f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n'


def _install(script: str, place: Path) -> None:
    place.write_text(script, errors="surrogateescape")
    place.chmod(0o700)


def read_if_there(path: Path) -> str:
    """A log's text; "" where it was never begun."""
    return path.read_text(errors="surrogateescape") if path.exists() else ""


@contextmanager
def workspace(fpart: str, copier: Copier, sizes: PartSizes) -> Iterator[Workspace]:
    """A new workspace, removed at the end."""
    parent = tempfile.gettempdir()
    path = Path(tempfile.mkdtemp(prefix="efs-backup-", dir=parent if _SAFE.fullmatch(parent) else _FALLBACK))
    try:
        made = Workspace(path)
        made.fill(fpart, copier, sizes)
        yield made
    finally:
        shutil.rmtree(path, ignore_errors=True)
