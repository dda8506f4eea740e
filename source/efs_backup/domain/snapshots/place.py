"""Places: `BACKUP:SNAPSHOT/path`, a path in a snapshot as one word."""

from collections.abc import Callable
from dataclasses import dataclass

from efs_backup.domain.errors import WrongUsage


@dataclass(frozen=True)
class Place:
    """A path in a snapshot.

    snapshot: the words for it, None where none are given. path: from the snapshot's root, "" for that.
    """

    backup: str
    snapshot: str | None = None
    path: str = ""

    def with_more(self, snapshot: str | None, path: str | None) -> "Place":
        """The same with what options and other arguments say. Raises WrongUsage where it is said twice."""
        if snapshot is not None and self.snapshot is not None:
            raise WrongUsage(f"The snapshot is given twice, as {self.snapshot!r} and as {snapshot!r}.")
        if path is not None and self.path:
            raise WrongUsage(f"The path is given twice, as {self.path!r} and as {path!r}.")
        return Place(
            self.backup,
            self.snapshot if snapshot is None else snapshot,
            self.path if path is None else path_of(path),
        )


def place_of(text: str, is_directory: Callable[[str], bool]) -> Place:
    """Read `BACKUP`, `BACKUP:SNAPSHOT` or `BACKUP:SNAPSHOT/path`. Raises WrongUsage.

    BACKUP may hold colons: it is the longest beginning, up to a colon or the end, that is a directory.
    """
    colons = [at for at in range(len(text)) if text[at] == ":"]
    for end in reversed([*colons, len(text)]):
        if end and is_directory(text[:end]):
            return Place(text) if end == len(text) else _behind(text[:end], text[end + 1 :])
    backup, colon, rest = text.partition(":")
    return _behind(backup, rest) if backup and colon else Place(text)


def _behind(backup: str, rest: str) -> Place:
    snapshot, _, path = rest.partition("/")
    if not snapshot:
        raise WrongUsage(f"No snapshot stands behind {backup + ':'!r}; write {backup + ':latest'!r} for the newest.")
    return Place(backup, snapshot, path_of(path))


def path_of(text: str) -> str:
    """A path in a snapshot without needless slashes and dots, "" for the root. Raises WrongUsage where it leads out."""
    names = [name for name in text.split("/") if name not in {"", "."}]
    if ".." in names:
        raise WrongUsage(f"The path {text!r} leads out of the snapshot.")
    return "/".join(names)
