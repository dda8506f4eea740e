"""Plain rsync with --link-dest: one process, each snapshot a directory of its own."""

# ruff: noqa: D102  (the base class says what each method gives)

from pathlib import Path
from typing import ClassVar

from bench.contenders.base import Contender, command
from bench.process import Command

FLAGS = ("-aS", "--numeric-ids")


class Rsync(Contender):
    """`rsync --link-dest`, nanoseconds compared; prune by `rm -rf`."""

    name = "rsync"
    tools: ClassVar[dict[str, tuple[str, ...]]] = {"rsync": ("--version",)}

    def backup(self) -> list[Command]:
        previous = (f"--link-dest={self._numbered(self.made - 1)}",) if self.made else ()
        new = f"{self._numbered(self.made)}/"
        return [command("rsync", *FLAGS, "--modify-window=-1", *previous, f"{self.area.source}/", new)]

    def snapshot(self, number: int) -> Path:
        return self.area.stored(self._numbered(number))

    def prune(self) -> list[Command]:
        return [command("rm", "-rf", self._numbered(number)) for number in self.dropped()]

    def restore(self) -> list[Command]:
        return [command("rsync", *FLAGS, f"{self._numbered(self.made - 1)}/", f"{self.area.target}/")]

    def _numbered(self, number: int) -> Path:
        return self.area.backup_side / f"snapshot-{number:03d}"
