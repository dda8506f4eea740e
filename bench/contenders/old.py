"""The solution that this project replaces, as three passes over numbered directories, `daily.0` the newest."""

# ruff: noqa: D102  (the base class says what each method gives)

from pathlib import Path
from shlex import quote
from typing import ClassVar

from bench.contenders.base import Contender, command, first_line
from bench.process import Command

ATTRIBUTES = "-lptgoD --stats --numeric-ids"
NO_DEFAULT_EXCLUDES = "-x|.no-such-name"  # fpsync would silently leave out .snapshot*, .ckpt and .zfs
FPSYNC_EXITS = (0, 1)  # 1 also stands for a mere warning; whether all is there is checked afterwards


class Old(Contender):
    """Hard links of `daily.0` become `daily.1`; the source is copied over `daily.0`; what is gone is deleted from it.

    fpsync takes its number of jobs from the machine in the original, 8 on a c4.large; here it is `--old-jobs`, to its
    favour. A prune deletes the entries of the snapshot's top directory by `--old-removals` `rm -rf` at a time.
    """

    name = "old"
    tools: ClassVar[dict[str, tuple[str, ...]]] = {
        "fpart": ("-V",),
        "rsync": ("--version",),
        "parallel": ("--version",),
    }

    @classmethod
    def versions(cls) -> dict[str, str]:
        return {**super().versions(), "fpsync": first_line("bash", "/usr/bin/fpsync", "-h")}

    def prepare(self) -> None:
        self.series = self.area.backup_side / "efs-backup"

    def backup(self) -> list[Command]:
        newest = self._numbered(0)
        kept = [*self._rotation(), *self._hard_links()] if self.made else [command("mkdir", "-p", newest)]
        return [*kept, self._fpsync(self.area.source, newest), self._removal(newest)]

    def snapshot(self, number: int) -> Path:
        return self.area.stored(self._numbered(self.made - 1 - number))

    def prune(self) -> list[Command]:
        """The oldest first, as its rotation meets them."""
        return [self._parallel_rm(self._numbered(self.made - 1 - number)) for number in self.dropped()]

    def restore(self) -> list[Command]:
        return [self._fpsync(self._numbered(0), self.area.target)]

    def _numbered(self, position: int) -> Path:
        return self.series / f"daily.{position}"

    def _rotation(self) -> list[Command]:
        older = range(self.made - 1, 0, -1)
        return [command("mv", self._numbered(position), self._numbered(position + 1)) for position in older]

    def _hard_links(self) -> list[Command]:
        newest, previous = self._numbered(0), self._numbered(1)
        return [command("mkdir", previous), self._fpsync(newest, previous, f" --link-dest={newest}")]

    def _fpsync(self, source: Path, target: Path, more: str = "") -> Command:
        chosen = self.settings
        pace = ("-n", str(chosen.old_jobs), "-f", str(chosen.old_files), "-t", str(self.area.scratch))
        rsync = ("-O", NO_DEFAULT_EXCLUDES, "-o", ATTRIBUTES + more)
        return Command(("bash", "/usr/bin/fpsync", *pace, *rsync, f"{source}/", f"{target}/"), accepted=FPSYNC_EXITS)

    def _removal(self, newest: Path) -> Command:
        flags = ("-r", "--delete", "--existing", "--ignore-existing", "--ignore-errors", "--numeric-ids")
        return command("rsync", *flags, f"{self.area.source}/", f"{newest}/")

    def _parallel_rm(self, snapshot: Path) -> Command:
        top = f"find {quote(str(snapshot))} -mindepth 1 -maxdepth 1 -print0"
        remove = f"parallel --will-cite -0 -j {self.settings.old_removals} rm -rf"
        return command("bash", "-c", f"{top} | {remove} && rm -rf {quote(str(snapshot))}")
