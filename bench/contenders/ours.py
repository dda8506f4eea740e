"""The project itself: the `efs-backup` command that is installed beside the running Python."""

# ruff: noqa: D102  (the base class says what each method gives)

import json
import os
import sys
from importlib import metadata
from pathlib import Path
from typing import ClassVar

from bench.contenders.base import Contender, command, first_line
from bench.process import Command, CommandError

PROGRAM = Path(sys.executable).parent / "efs-backup"
KEPT = 2  # snapshots: from the third backup on each one drops another, so that the fourth has a spare
_EARLIER = "EARLIER_EFS_BACKUP"
SERIES = Path("efs-backup/daily")  # the default label and interval


class Ours(Contender):
    """`efs-backup run`, `prune` and `restore`, with their defaults unless the bench is told otherwise."""

    name = "ours"
    init: ClassVar[tuple[str, ...]] = ("--init",)
    tools: ClassVar[dict[str, tuple[str, ...]]] = {"fpart": ("-V",), "rsync": ("--version",)}

    @classmethod
    def missing(cls) -> list[str]:
        return super().missing() + ([] if PROGRAM.exists() else [str(PROGRAM)])

    @classmethod
    def versions(cls) -> dict[str, str]:
        names = metadata.packages_distributions().get("efs_backup", [])
        own = {name: metadata.version(name) for name in names}
        return {**own, **super().versions(), "fpsync": first_line("bash", "/usr/bin/fpsync", "-h")}

    def prepare(self) -> None:
        self.names: list[str] = []

    def backup(self) -> list[Command]:
        jobs = ("--jobs", str(self.settings.jobs)) if self.settings.jobs else ()
        more = (*self.init, "--retain", str(KEPT), "--json", *self.copier(), *jobs, *self.settings.options)
        return [command(self.program(), "run", self.area.source, self.area.backup_side, *more)]

    def backed_up(self, output: str) -> None:
        super().backed_up(output)
        try:
            self.names.append(str(json.loads(output)["snapshot"]))
        except (ValueError, KeyError, TypeError) as wrong:
            raise CommandError(f"`efs-backup run --json` printed no snapshot: {output[:200]!r}") from wrong

    def snapshot(self, number: int) -> Path:
        return self.area.backup_store / SERIES / self.names[number]

    def prune(self) -> list[Command]:
        return [
            command(
                self.program(),
                "prune",
                self.area.backup_side,
                "--retain",
                str(self.settings.keep),
                "--confirm",
                "--json",
            )
        ]

    def is_gone(self, number: int) -> bool:
        """A snapshot that only waits in the trash is not gone."""
        return super().is_gone(number) and not any((self.area.backup_store / SERIES).glob(".trash/*"))

    def restore(self) -> list[Command]:
        more = ("--mode", "new", "--json", *self.copier())
        return [command(self.program(), "restore", self.area.backup_side, self.area.target, *more)]

    def is_dropped(self, number: int) -> bool:
        return number < self.made - KEPT

    def program(self) -> Path:
        """The command that is measured."""
        return PROGRAM

    def copier(self) -> tuple[str, ...]:
        """How the copies are made, where it is not the default."""
        return ()


class Former(Ours):
    """The same with `--copier rsync`: fpart, fpsync and rsync alone, tuned."""

    name = "former"

    def copier(self) -> tuple[str, ...]:
        return ("--copier", "rsync")


class Earlier(Ours):
    """An earlier version of the project, whose command the environment names: EARLIER_EFS_BACKUP."""

    name = "earlier"
    init: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def missing(cls) -> list[str]:
        return super().missing() + ([] if Path(os.environ.get(_EARLIER, "")).is_file() else [_EARLIER])

    def program(self) -> Path:
        return Path(os.environ[_EARLIER])
