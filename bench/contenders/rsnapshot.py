"""rsnapshot: rsync --link-dest behind a configuration file and numbered directories, `daily.0` the newest."""

# ruff: noqa: D102  (the base class says what each method gives)

from pathlib import Path
from typing import ClassVar

from bench.contenders.base import Contender, command
from bench.process import Command

RETAINED = 3  # as many as the bench makes: rsnapshot then deletes nothing by itself


class Rsnapshot(Contender):
    """`rsnapshot daily` with link_dest.

    rsnapshot can delete a snapshot only as a part of the backup that pushes it out, so the prune is the `rm -rf` of the
    oldest directories that it would run then.
    """

    name = "rsnapshot"
    tools: ClassVar[dict[str, tuple[str, ...]]] = {"rsnapshot": ("version",), "rsync": ("--version",)}

    def prepare(self) -> None:
        self.configuration = self.area.scratch / "rsnapshot.conf"
        self.configuration.write_text("".join("\t".join(line) + "\n" for line in self._lines()))

    def backup(self) -> list[Command]:
        return [command("rsnapshot", "-c", self.configuration, "daily")]

    def snapshot(self, number: int) -> Path:
        return self.area.stored(self._tree(self.made - 1 - number))

    def prune(self) -> list[Command]:
        return [command("rm", "-rf", self._numbered(self.made - 1 - number)) for number in self.dropped()]

    def restore(self) -> list[Command]:
        return [command("rsync", "-aS", "--numeric-ids", f"{self._tree(0)}/", f"{self.area.target}/")]

    def _numbered(self, position: int) -> Path:
        return self.area.backup_side / f"daily.{position}"

    def _tree(self, position: int) -> Path:
        """Rsnapshot keeps the source's absolute path below a host name."""
        return self._numbered(position) / "localhost" / self.area.source.relative_to("/")

    def _lines(self) -> tuple[tuple[str, ...], ...]:
        return (
            ("config_version", "1.2"),
            ("snapshot_root", f"{self.area.backup_side}/"),
            ("no_create_root", "1"),
            ("cmd_rsync", "/usr/bin/rsync"),
            ("cmd_rm", "/bin/rm"),
            ("retain", "daily", str(RETAINED)),
            ("verbose", "2"),
            ("loglevel", "1"),
            ("lockfile", str(self.area.scratch / "rsnapshot.pid")),
            ("rsync_short_args", "-a"),
            ("rsync_long_args", "--delete --numeric-ids --relative --modify-window=-1"),
            ("link_dest", "1"),
            ("sync_first", "0"),
            ("backup", f"{self.area.source}/", "localhost/"),
        )
