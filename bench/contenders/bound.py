"""The lower bound: what any copy into hard-linked trees has to ask of the file systems, and nothing else."""

# ruff: noqa: D102  (the base class says what each method gives)

import sys
from pathlib import Path
from typing import ClassVar

from bench.contenders.base import Contender, command
from bench.process import Command

PROGRAM = Path(__file__).with_name("bound_copy.py")
UPDATE = Path(__file__).with_name("bound_update.py")
STEADY_FROM = 3  # backups, after which an old snapshot is brought up to date instead of a new one made


class Bound(Contender):
    """Threads that list each directory once on both sides, link what is equal, and write the rest in the fewest steps.

    It makes no check, no part, no log, and stops for nothing: a figure to compare with, no program to use.
    """

    name = "bound"
    tools: ClassVar[dict[str, tuple[str, ...]]] = {}

    def backup(self) -> list[Command]:
        if self.made >= STEADY_FROM:
            return [command("mv", self._numbered(self.made - STEADY_FROM), self._numbered(self.made)), self._update()]
        previous = (self._numbered(self.made - 1),) if self.made else ()
        return [self._copy(self.area.source, self._numbered(self.made), *previous)]

    def snapshot(self, number: int) -> Path:
        return self.area.stored(self._numbered(number))

    def prune(self) -> list[Command]:
        dropped = [self._numbered(number) for number in self.dropped() if not self.is_dropped(number)]
        return [command(sys.executable, "-I", "-S", PROGRAM, "--delete", *dropped)]

    def restore(self) -> list[Command]:
        return [self._copy(self._numbered(self.made - 1), self.area.target)]

    def is_dropped(self, number: int) -> bool:
        return self.made > STEADY_FROM and number <= self.made - STEADY_FROM - 1

    def _update(self) -> Command:
        previous, target = self._numbered(self.made - 1), self._numbered(self.made)
        return command(sys.executable, "-I", "-S", UPDATE, self.area.source, target, previous)

    def _copy(self, source: Path, target: Path, *reference: Path) -> Command:
        return command(sys.executable, "-I", "-S", PROGRAM, source, target, *reference)

    def _numbered(self, position: int) -> Path:
        return self.area.backup_side / f"snapshot-{position:03d}"
