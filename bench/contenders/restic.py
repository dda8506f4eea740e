"""restic: deduplicated, encrypted packs. No tree can be browsed, and the files of a snapshot are no files on disk."""

# ruff: noqa: D102  (the base class says what each method gives)

import json
import shutil
from pathlib import Path
from typing import Any, ClassVar

from bench.contenders.base import Contender
from bench.process import Command, run

PASSWORD = {"RESTIC_PASSWORD": "bench"}


class Restic(Contender):
    """`restic backup`, `forget --prune` and `restore`, with defaults.

    Its cache lies on the local disk and is kept from stage to stage: the best case for restic, since a machine that is
    started for each backup begins without a cache.
    """

    name = "restic"
    tools: ClassVar[dict[str, tuple[str, ...]]] = {"restic": ("version",)}

    def prepare(self) -> None:
        self.ids: list[str] = []
        self._say(self._restic(self.area.backup_store, "init"))

    def backup(self) -> list[Command]:
        return [self._restic(self.area.backup_side, "backup", "--quiet", str(self.area.source))]

    def backed_up(self, output: str) -> None:
        super().backed_up(output)
        self.ids += [identifier for identifier in self._list() if identifier not in self.ids]

    def snapshot(self, number: int) -> Path:
        """Restored into a scratch directory."""
        place = self.area.scratch / "check"
        shutil.rmtree(place, ignore_errors=True)
        self._say(self._restic(self.area.backup_store, "restore", self.ids[number], "--target", str(place)))
        return place / self.area.source.relative_to("/")

    def prune(self) -> list[Command]:
        keep = str(self.settings.keep)
        return [self._restic(self.area.backup_side, "forget", "--quiet", "--prune", "--keep-last", keep)]

    def is_gone(self, number: int) -> bool:
        return self.ids[number] not in self._list()

    def restore(self) -> list[Command]:
        target = str(self.area.target)
        return [self._restic(self.area.backup_side, "restore", "--quiet", self.ids[-1], "--target", target)]

    def restored(self) -> Path:
        return super().restored() / self.area.source.relative_to("/")

    def _list(self) -> list[str]:
        """The ids of the snapshots in the repository."""
        found: list[dict[str, Any]] = json.loads(self._say(self._restic(self.area.backup_store, "snapshots", "--json")))
        return [str(snapshot["id"]) for snapshot in found]

    def _restic(self, repository: Path, *arguments: str) -> Command:
        places = ("--repo", str(repository), "--cache-dir", str(self.area.scratch / "cache"))
        return Command(("restic", *places, *arguments), PASSWORD)

    def _say(self, question: Command) -> str:
        """Ask for what the command prints; outside the stages, so not timed."""
        return run(question).output
