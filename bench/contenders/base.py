"""The questions that every contender answers: which commands make, drop and restore snapshots, and where these lie."""

import contextlib
import os
import shutil
import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from bench.area import Area
from bench.process import Command


@dataclass(frozen=True)
class Settings:
    """The operator's choices for the contenders."""

    jobs: int | None  # of ours; None: its own choice
    options: tuple[str, ...]  # more arguments for `efs-backup run`
    old_jobs: int
    old_files: int  # files in each job of the old solution
    old_removals: int  # rm -rf at a time when the old solution prunes
    keep: int  # snapshots that the prune leaves


class Contender(ABC):
    """One program at work in one area. Snapshots are numbered from 0, the first made."""

    name: ClassVar[str]
    tools: ClassVar[dict[str, tuple[str, ...]]]  # each needed program, and arguments that make it print its version

    def __init__(self, area: Area, settings: Settings) -> None:
        self.area, self.settings, self.made = area, settings, 0

    @classmethod
    def missing(cls) -> list[str]:
        """The programs that are not installed."""
        return [tool for tool in cls.tools if shutil.which(tool) is None]

    @classmethod
    def versions(cls) -> dict[str, str]:
        """The first line that each program says about its version."""
        return {tool: first_line(tool, *arguments) for tool, arguments in cls.tools.items()}

    def prepare(self) -> None:
        """Whatever is needed once before the first backup; not timed, and both sides are not mounted."""
        return

    @abstractmethod
    def backup(self) -> list[Command]:
        """The commands of the next backup, whether it is the first or an incremental one."""

    def backed_up(self, _output: str) -> None:
        """Called after each backup with what its last command printed."""
        self.made += 1

    @abstractmethod
    def snapshot(self, number: int) -> Path:
        """The stored directory that equals the source at the time of backup `number`; neither timed nor mounted."""

    @abstractmethod
    def prune(self) -> list[Command]:
        """The commands that delete all but the newest `settings.keep` snapshots."""

    def is_gone(self, number: int) -> bool:
        """Whether nothing is left of snapshot `number`."""
        return not os.path.lexists(self.snapshot(number))

    def is_dropped(self, _number: int) -> bool:
        """Whether a backup has dropped snapshot `number` by its own rule."""
        return False

    @abstractmethod
    def restore(self) -> list[Command]:
        """The commands that restore the newest snapshot into the area's target."""

    def restored(self) -> Path:
        """The stored directory that then equals the source."""
        return self.area.stored(self.area.target)

    def dropped(self) -> range:
        """The numbers of the snapshots that the prune deletes."""
        return range(max(0, self.made - self.settings.keep))


def command(*arguments: str | Path) -> Command:
    """A command of these arguments."""
    return Command(tuple(str(argument) for argument in arguments))


def first_line(*arguments: str) -> str:
    """The first line that a program prints, to either stream."""
    with contextlib.suppress(OSError):
        done = subprocess.run(arguments, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        return next(iter((done.stdout + done.stderr).strip().splitlines()), "").strip()
    return ""
