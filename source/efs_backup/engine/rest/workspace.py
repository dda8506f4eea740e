"""A private directory of safe characters for fpsync: it builds shell text from the paths that it is given."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from efs_backup.engine.machine.os_errors import temporary_space_named
from efs_backup.engine.machine.temporary import is_safe, temporary_directory


class Workspace:
    """Links to the source, the target and the references, the tool that copies a part, and fpsync's own files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fpsync = path / "fpsync"
        self.output = path / "fpsync.log"
        self.tool = path / "part_rsync"
        self.programs = path / "programs"

    @property
    def lists(self) -> Path:
        """Where the lists of the parts are made."""
        return self.path / "lists"

    def fill(self, fpart: str | None) -> None:
        """Make the tool that copies a part, and the programs that fpsync finds before those in PATH.

        fpart: the one that crawls; None where nothing is crawled. Raises CopyFailed of the temporary files.
        """
        with temporary_space_named(str(self.path)):
            self.fpsync.mkdir()
            self.programs.mkdir()
            if fpart:
                (self.programs / "real_fpart").symlink_to(fpart)
                _install(_script("crawl_fpart.sh"), self.programs / "fpart")
                _install(_script("queue_ls.sh"), self.programs / "ls")
            _install(_script("running_ps.sh"), self.programs / "ps")
            _install(_script("part_rsync.sh"), self.tool)

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
        """Link each of the targets by a path of its own, and return these paths."""
        return [self.link(f"{name}{number}", target) for number, target in enumerate(targets)]

    @property
    def crawl_exit_code(self) -> int | None:
        """How fpart, or who is called in its place, ended; None while it runs, or where it was killed."""
        said = read_if_there(self.programs / "exit_code")
        return int(said) if said else None

    @property
    def crawl_complaints(self) -> list[str]:
        """The complaints of fpart about what it could not read, a line each."""
        return read_if_there(self.programs / "complaints").splitlines()

    @property
    def log_directory(self) -> Path | None:
        """Where fpsync wrote the logs of its only run; None before it did."""
        return next(iter((self.fpsync / "log").glob("*/")), None)

    @property
    def part_directory(self) -> Path | None:
        """Where fpart wrote the lists of the parts; None before it did."""
        return next(iter((self.fpsync / "parts").glob("*/")), None)


def _script(name: str) -> str:
    return files("efs_backup.engine.rest").joinpath(name).read_text()


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
