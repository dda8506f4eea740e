"""A restore as people ask for it, before anybody has looked into the snapshot."""

from dataclasses import dataclass

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.requests.requests import RestoreMode
from efs_backup.domain.requests.tuning import Tuning
from efs_backup.domain.snapshots.names import DEFAULT_LABEL, FolderLabel, Interval
from efs_backup.domain.snapshots.selection import Selection


@dataclass(frozen=True)
class AskedRestore:
    """One restore, in the words of the operator. Raises WrongUsage where they contradict each other.

    target: None with `new_path` and `to_original`, and only then. paths: of the snapshot, patterns too. listed: paths
    that are none, None where there is no list. keeps_places: each path comes to its own place below the target, a
    directory with all that is in it; None: where a pattern or a list is given. new_path: where the one file goes.
    version: its number among the versions of the one path, 1 is the oldest. to_original: back to where the backup was
    made of. keeps_replaced: None: only `to_original`. with_content: see `RestoreRequest`.
    """

    backup: str
    target: str | None = None
    label: FolderLabel = FolderLabel(DEFAULT_LABEL)
    interval: Interval = Interval.DAILY
    selection: Selection = Selection()
    paths: tuple[str, ...] = ()
    listed: tuple[str, ...] | None = None
    keeps_places: bool | None = None
    new_path: str | None = None
    version: int | None = None
    to_original: bool = False
    mode: RestoreMode = RestoreMode.OVERLAY
    tuning: Tuning = Tuning()
    with_content: bool | None = None
    keeps_replaced: bool | None = None

    def __post_init__(self) -> None:
        given = [self.target is not None, self.new_path is not None, self.to_original]
        if sum(given) != 1:
            raise WrongUsage("Give one of TARGET, --as and --to-original: where to restore to.")
        if self.listed is not None and not self.listed:
            raise WrongUsage("The list names no path; nothing was touched.")
        self._check_paths()
        self._check_one_path()

    def _check_paths(self) -> None:
        for path in (*self.paths, *(self.listed or ())):
            if ".." in path.split("/"):
                raise WrongUsage(f"The path {path!r} leads out of the snapshot.")
            if not path or "\0" in path:
                raise WrongUsage(f"{path!r} is no path; the snapshot's root is '/'.")

    def _check_one_path(self) -> None:
        is_one = len(self.paths) == 1 and self.listed is None
        if self.new_path is not None and not is_one:
            raise WrongUsage("--as gives a new name to one file: give that by exactly one --path.")
        if self.new_path is not None and (self.new_path.endswith("/") or self.new_path.rpartition("/")[2] in _DOTS):
            raise WrongUsage(f"--as {self.new_path!r} is a directory; give the file's own new name.")
        if self.version is not None and not is_one:
            raise WrongUsage("--version is of one path: give exactly one --path.")
        if self.version is not None and self.selection != Selection():
            raise WrongUsage("A version says by itself which snapshot: give --version or a snapshot, not both.")
        if self.version is not None and self.version < 1:
            raise WrongUsage(f"Versions are counted from 1, the oldest; {self.version} is none.")

    @property
    def moves_aside(self) -> bool:
        """Whether what makes way in an overlay is kept in a quarantine."""
        return self.to_original if self.keeps_replaced is None else self.keeps_replaced


_DOTS = frozenset({"", ".", ".."})


def plain(path: str) -> str:
    """A path below the root of a snapshot, "" for the root."""
    return "/".join(name for name in path.split("/") if name not in {"", "."})


def without_those_below(paths: set[str]) -> tuple[str, ...]:
    """Those of the paths that lie below no other one, in order; "" is above all."""
    if "" in paths:
        return ()
    return tuple(sorted(path for path in paths if not _has_above(path, paths)))


def _has_above(path: str, paths: set[str]) -> bool:
    while path := path.rpartition("/")[0]:
        if path in paths:
            return True
    return False
