"""A private directory of safe characters for fpsync: it builds shell text from the paths that it is given."""

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

_SAFE = re.compile(r"[\w/.+-]+", re.ASCII)
_FALLBACK = "/var/tmp"  # noqa: S108 - a directory of our own, of unpredictable name, is made in it


class Workspace:
    """Links to the source, the target and the references, the copy tool, and fpsync's own files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fpsync = path / "fpsync"
        self.output = path / "fpsync.log"
        self.tool = path / "part_rsync"

    def fill(self) -> None:
        """Make what every copy needs."""
        self.fpsync.mkdir()
        self.tool.write_bytes(files("efs_backup.engine").joinpath("part_rsync.sh").read_bytes())
        self.tool.chmod(0o700)

    def link(self, name: str, target: Path) -> str:
        """A path of safe characters that leads to a directory."""
        link = self.path / name
        link.symlink_to(target.absolute(), target_is_directory=True)
        return str(link)

    def links(self, name: str, targets: Sequence[Path]) -> list[str]:
        """Such a path for each of them."""
        return [self.link(f"{name}{number}", target) for number, target in enumerate(targets)]

    @property
    def log_directory(self) -> Path | None:
        """Where fpsync wrote the logs of its only run; None before it did."""
        return next(iter((self.fpsync / "log").glob("*/")), None)

    @property
    def part_directory(self) -> Path | None:
        """Where fpart wrote the lists of the parts; None before it did."""
        return next(iter((self.fpsync / "parts").glob("*/")), None)


@contextmanager
def workspace() -> Iterator[Workspace]:
    """A new workspace, removed at the end."""
    parent = tempfile.gettempdir()
    path = Path(tempfile.mkdtemp(prefix="efs-backup-", dir=parent if _SAFE.fullmatch(parent) else _FALLBACK))
    try:
        made = Workspace(path)
        made.fill()
        yield made
    finally:
        shutil.rmtree(path, ignore_errors=True)
