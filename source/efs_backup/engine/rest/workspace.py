"""A private directory of safe characters for fpsync: it builds shell text from the paths that it is given."""

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from efs_backup.domain.copying.commands import Command, Comparing, PartSizes, linking_tool
from efs_backup.domain.copying.parts import plan_pieces
from efs_backup.domain.errors import CopyFailed
from efs_backup.domain.requests.tuning import Copier, Tuning
from efs_backup.engine.machine.os_errors import temporary_space_named
from efs_backup.engine.machine.temporary import is_safe, temporary_directory
from efs_backup.engine.rest.part_lists import PartLists

_PACKAGE_PLACE = str(Path(__file__).parents[3])


class Workspace:
    """Links to the source, the target and the references, the copy tool, and fpsync's own files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fpsync = path / "fpsync"
        self.output = path / "fpsync.log"
        self.tool = path / "part_copy"
        self.programs = path / "programs"
        self._lists: PartLists | None = None

    def part_lists(self, tuning: Tuning, *, leaves_out: bool = False) -> PartLists | None:
        """New lists for a survey to fill; None for rsync alone, where fpart crawls unless something is left out.

        fpart knows only some patterns, and looks at what it leaves out.
        """
        if tuning.copier is Copier.LINKS or leaves_out:
            self._lists = PartLists(self.path / "lists", plan_pieces(tuning))
        return self._lists

    def fill(self, fpart: str, copier: Copier, sizes: PartSizes, comparing: Comparing) -> None:
        """Make what the copy needs. Where a survey has filled the lists no fpart crawls; else the one at this path.

        Where this user may not start our own interpreter again (it lies in another's home), rsync copies, whose
        operations nobody counts. Raises CopyFailed where they are to be limited, and of the temporary files.
        """
        tool = _copy_tool(copier, sizes, comparing)
        if self._lists:
            self._lists.gather(sizes)
        with temporary_space_named(str(self.path)):
            self.fpsync.mkdir()
            self.programs.mkdir()
            (self.programs / "real_fpart").symlink_to(fpart)
            _install(_script("hand_over_parts.sh" if self._lists else "crawl_fpart.sh"), self.programs / "fpart")
            _install(_script("queue_ls.sh"), self.programs / "ls")
            _install(_script("running_ps.sh"), self.programs / "ps")
            _install(tool, self.tool)

    def link(self, name: str, target: Path) -> str:
        """A path of safe characters that leads to a directory.

        Its own where that is safe, for rsync looks up every component of it for every file; else a symlink.
        """
        place = target.resolve()
        if is_safe(str(place)):
            return str(place)
        link = self.path / name
        link.symlink_to(place, target_is_directory=True)
        return str(link)

    def links(self, name: str, targets: Sequence[Path]) -> list[str]:
        """Such a path for each of them."""
        return [self.link(f"{name}{number}", target) for number, target in enumerate(targets)]

    @property
    def crawl_exit_code(self) -> int | None:
        """How fpart, or who is called in its place, ended; None while it runs, or where it was killed."""
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


def _copy_tool(copier: Copier, sizes: PartSizes, comparing: Comparing) -> str:
    if copier is Copier.LINKS and os.access(sys.executable, os.X_OK):
        return _call_of(linking_tool(sys.executable, _PACKAGE_PLACE, sizes, comparing))
    if sizes.operations_per_second:
        raise CopyFailed(
            f"Operations cannot be limited: this user may not start {sys.executable!r} again.",
            "Leave out --max-operations-per-second, or install efs-backup where this user may start it.",
        )
    return _script("part_rsync.sh")


def _script(name: str) -> str:
    return files("efs_backup.engine.rest").joinpath(name).read_text()


def _call_of(command: Command) -> str:
    return f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n'


def _install(script: str, place: Path) -> None:
    place.write_text(script, errors="surrogateescape")
    place.chmod(0o700)


def read_if_there(path: Path) -> str:
    """A log's text; "" where it was never begun."""
    return path.read_text(errors="surrogateescape") if path.exists() else ""


@contextmanager
def workspace(note: Callable[[str], None]) -> Iterator[Workspace]:
    """A new workspace, removed at the end; where it is not in TMPDIR that is noted. Raises CopyFailed."""
    with temporary_directory(note) as path:
        yield Workspace(path)
