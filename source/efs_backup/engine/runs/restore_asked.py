"""A restore as people ask for it becomes an order: patterns, lists, versions and the place that a series knows."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from stat import S_ISDIR

from efs_backup.domain.errors import NothingThere, RestoreFailed, WrongUsage
from efs_backup.domain.requests.asked_restore import AskedRestore, plain, without_those_below
from efs_backup.domain.requests.path_patterns import fixed_part, is_pattern, matching_below, may_lead_on
from efs_backup.domain.requests.requests import RestoreRequest
from efs_backup.domain.snapshots.selection import Selection
from efs_backup.engine.proof.history import History
from efs_backup.engine.proof.versions import PathVersion
from efs_backup.engine.proof.versions import versions as versions_of
from efs_backup.engine.runs.original import original_of
from efs_backup.engine.series.labels import labels_of
from efs_backup.engine.series.series import Series, Snapshot
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.trees.tree_walk import TreeWalk, joined

_NAMED = 5


def settle_restore(
    asked: AskedRestore, now: datetime, should_stop: Callable[[], bool] = lambda: False
) -> RestoreRequest:
    """The order for a `RestoreRun`, about one snapshot by its name; nothing is touched.

    Raises NothingThere, WrongUsage, RestoreFailed where the original place is not what it was, and Stopped.
    """
    series = Series(Path(asked.backup).absolute(), asked.label, asked.interval, now)
    snapshots = series.snapshots()
    if not snapshots:
        raise NothingThere(f"There is no {asked.interval} snapshot in {str(series.label_path)!r}.", _labels(series))
    found = _Found.by_version(asked, series, snapshots) or _Found.by_selection(asked, snapshots, should_stop)
    target = asked.target or asked.new_path or str(original_of(series))
    return _order(asked, found, target)


@dataclass(frozen=True)
class _Found:
    """The snapshot, and the paths in it; "" is its root. name: what the one file was asked for as."""

    snapshot: Snapshot
    paths: tuple[str, ...]
    has_patterns: bool = False
    asked: str | None = None

    @classmethod
    def by_selection(
        cls, asked: AskedRestore, snapshots: Sequence[Snapshot], should_stop: Callable[[], bool]
    ) -> "_Found":
        """The paths in the snapshot that was asked for. Raises NothingThere, RestoreFailed and Stopped."""
        name = asked.selection.choose([snapshot.name for snapshot in snapshots])
        snapshot = next(snapshot for snapshot in snapshots if snapshot.name == name)
        with Tree(snapshot.path) as tree:
            found = _Paths(tree, should_stop)
            paths = [one for path in asked.paths for one in found.meant_by(path)]
            paths += found.listed(asked.listed or ())
            found.refuse_missing(str(snapshot.name))
        return cls(snapshot, tuple(dict.fromkeys(paths) if found.has_patterns else paths), found.has_patterns)

    @classmethod
    def by_version(cls, asked: AskedRestore, series: Series, snapshots: Sequence[Snapshot]) -> "_Found | None":
        """The one path as it was in a version; None where none was asked for. Raises NothingThere."""
        if asked.version is None:
            return None
        wanted = plain(asked.paths[0])
        version = _version(asked.version, wanted, series, snapshots)
        snapshot = next(snapshot for snapshot in snapshots if str(snapshot.name) == version.kept[0])
        return cls(snapshot, (os.fsdecode(version.path),), asked=wanted)


def _version(number: int, path: str, series: Series, snapshots: Sequence[Snapshot]) -> PathVersion:
    kept = {snapshot.name: snapshot.path for snapshot in snapshots}
    found = versions_of(History(series.path, kept, lambda _note: None), os.fsencode(path))[::-1]
    look = f"Look for it with: efs-backup versions {str(series.label_path.parent)!r} {path!r}"
    if not found:
        raise NothingThere(f"Nothing is known of {path!r} in this series.", look)
    if number > len(found):
        raise NothingThere(f"There is no version {number} of {path!r}: there are {len(found)}, 1 is the oldest.", look)
    version = found[number - 1]
    if not version.kept:
        raise NothingThere(
            f"Version {number} of {path!r} was last in the snapshot {version.version.names[-1]}, which is gone.", look
        )
    return version


def _order(asked: AskedRestore, found: _Found, target: str) -> RestoreRequest:
    paths, is_kept = found.paths, _keeps_places(asked, found)
    chosen, new_name = None, None
    if asked.new_path is not None:
        target, _, new_name = target.rpartition("/")
        target = target or "/"
    elif is_kept and found.asked is not None:
        target, new_name = _at_its_place(found, target)
    elif is_kept and paths:
        paths, chosen = (), without_those_below({*paths}) or None
    elif found.asked is not None and not _is_directory(found):
        new_name = os.path.basename(found.asked)
    if new_name is not None:
        _refuse_directories(asked, found, target, new_name)
    return RestoreRequest(
        asked.backup, target, asked.label, asked.interval, Selection(name=str(found.snapshot.name)),
        paths, asked.mode, asked.tuning, asked.with_content, chosen, new_name, asked.moves_aside,
    )  # fmt: skip


def _keeps_places(asked: AskedRestore, found: _Found) -> bool:
    if asked.to_original:
        return True
    if asked.new_path is not None:
        return False
    return found.has_patterns or asked.listed is not None if asked.keeps_places is None else asked.keeps_places


def _at_its_place(found: _Found, target: str) -> tuple[str, str | None]:
    """(the directory, the name in it) of a version that goes to its path below the target; the name of a file alone."""
    wanted = found.asked or ""
    if _is_directory(found):
        return os.path.join(target, wanted), None
    above, _, name = wanted.rpartition("/")
    return os.path.join(target, above) if above else target, name


def _is_directory(found: _Found) -> bool:
    with Tree(found.snapshot.path) as tree:
        there = tree.find(found.paths[0]) if found.paths else None
    return there is not None and S_ISDIR(there.st_mode)


def _refuse_directories(asked: AskedRestore, found: _Found, target: str, name: str) -> None:
    """Raises WrongUsage where a file would get the name of a directory, or a directory that of a file."""
    if len(found.paths) != 1:
        raise WrongUsage(f"{asked.paths[0]!r} means {len(found.paths):,} paths, and only one can get a new name.")
    if _is_directory(found):
        raise WrongUsage(f"{found.paths[0]!r} is a directory: give the place for what is in it as TARGET.")
    try:
        there = os.lstat(os.path.join(target, name))
    except (FileNotFoundError, NotADirectoryError):
        return
    if S_ISDIR(there.st_mode):
        raise WrongUsage(f"{os.path.join(target, name)!r} is a directory; give the file's own new name.")


class _Paths:
    """Looks for paths in a snapshot; what means nothing is remembered."""

    def __init__(self, tree: Tree, should_stop: Callable[[], bool]) -> None:
        self._tree = tree
        self._should_stop = should_stop
        self._missing: list[str] = []
        self.has_patterns = False

    def meant_by(self, path: str) -> list[str]:
        """Find what a path or a pattern means: what is called exactly so, and what it matches."""
        exact = [plain(path)] if self._tree.find(plain(path)) else []
        matched = self._matched(plain(path)) if is_pattern(path) else []
        found = sorted({*exact, *matched})
        self.has_patterns |= found != exact
        if not found:
            self._missing.append(path)
        return found

    def listed(self, paths: Iterable[str]) -> list[str]:
        """The paths of a list, which are no patterns."""
        found = [*dict.fromkeys(plain(path) for path in paths)]
        self._missing += [path for path in found if self._tree.find(path) is None]
        return found

    def refuse_missing(self, snapshot: str) -> None:
        """Raises NothingThere, naming what means nothing in the snapshot."""
        missing = self._missing
        if not missing:
            return
        if blocking := self._blocking(missing[0]):
            raise NothingThere(f"{blocking!r} in the snapshot {snapshot} is no directory; nothing was touched.")
        more = f" and {len(missing) - _NAMED:,} more" if len(missing) > _NAMED else ""
        named = ", ".join(map(repr, missing[:_NAMED]))
        patterns = "A pattern begins at the snapshot's root, and `*` matches neither a slash nor a leading dot."
        raise NothingThere(
            f"There is no {named}{more} in the snapshot {snapshot}; nothing was touched.",
            patterns if any(map(is_pattern, missing)) else "Look with: efs-backup versions BACKUP PATH",
        )

    def _blocking(self, path: str) -> str | None:
        """Find what is on the way to a path, and no directory; None where there is nothing of the kind."""
        for above in accumulate(plain(path).split("/")[:-1], joined):
            if (there := self._tree.find(above)) and not S_ISDIR(there.st_mode):
                return above
        return None

    def _matched(self, pattern: str) -> list[str]:
        """List what a pattern matches, following no symlink. Raises RestoreFailed where something cannot be listed."""
        top, rest = fixed_part(pattern)
        there = self._tree.find(top)
        if there is None or not S_ISDIR(there.st_mode):
            return []
        is_meant, leads_on, found = matching_below(rest), may_lead_on(rest), list[str]()

        def enter(directory: str) -> list[str]:
            below = list[str]()
            for batch in self._tree.batches(joined(top, directory)):
                for name, attributes in batch:
                    path = joined(directory, name)
                    if is_meant(path):
                        found.append(joined(top, path))
                    elif S_ISDIR(attributes.st_mode) and leads_on(path):
                        below.append(name)
            return below

        try:
            TreeWalk(
                enter, threads=self._tree.concurrency.threads, should_stop=self._should_stop,
                activity=lambda: self._tree.throttle.paid,
            ).run()  # fmt: skip
        except OSError as error:
            raise RestoreFailed(
                f"{error.filename or pattern!r} cannot be read ({error.strerror}), so that nobody knows what"
                f" {pattern!r} means; nothing was touched.", "Run it as root, or give paths without a pattern.",
            ) from error  # fmt: skip
        return found


def _labels(series: Series) -> str:
    """A sentence on the labels that there are; "" where there are none."""
    found = labels_of(series.label_path.parent)
    return f"The labels there: {', '.join(found)}." if found else ""
