"""Which part of which snapshot, and what bringing it back means for each path of the target; nothing is touched."""

import os
import shlex
import stat
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from efs_backup.copy_worker.left_out import Chosen
from efs_backup.copy_worker.throttle import Throttle
from efs_backup.domain.copying.comparison import Aspect, Difference, Kind, Summary
from efs_backup.domain.copying.restore_journal import entry_of
from efs_backup.domain.errors import NothingThere, RestoreFailed, WrongUsage
from efs_backup.domain.requests.requests import RestoreMode, RestoreRequest
from efs_backup.domain.results import RestorePlan
from efs_backup.domain.snapshots.locations import LOST_AND_FOUND
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.engine.machine.mounts import mounts_below
from efs_backup.engine.runs.preflight import refuse_nesting
from efs_backup.engine.series.restore_journal import Spool
from efs_backup.engine.series.series import Series, Snapshot
from efs_backup.engine.trees.compare import Comparison, Omitted
from efs_backup.engine.trees.left_out import LeftOut
from efs_backup.engine.trees.renamed import RenamedTree
from efs_backup.engine.trees.tree import Tree

_NAMED = 3
_AT_ONCE_NS = 2_000_000_000
"""By how much the ctime of a file that was just written may differ from its mtime, perhaps one of whole seconds."""


@dataclass(frozen=True)
class Selected:
    """The part of a snapshot to bring back: a directory's content, only what is chosen of it, or one name in it.

    was: what the one name is called in the snapshot, where that is another.
    """

    snapshot: SnapshotName
    directory: Path
    path: str = ""
    only: str | None = None
    chosen: Chosen | None = None
    was: str | None = None

    def opened(self, throttle: Throttle) -> Tree:
        """The directory, in which the one name is called as in the target."""
        if self.only is not None and self.was is not None:
            return RenamedTree(self.directory, self.was, self.only, throttle)
        return Tree(self.directory, throttle)

    def leaves_out(self, path: str) -> bool:
        """Whether this path, relative to the directory, is not meant."""
        if self.chosen is not None and path not in self.chosen:
            return True
        return self.only is not None and path != self.only


def choose_selected(series: Series, request: RestoreRequest) -> list[Selected]:
    """The parts that the order names. Raises NothingThere and WrongUsage."""
    snapshots = {snapshot.name: snapshot for snapshot in series.snapshots()}
    if not snapshots:
        raise NothingThere(f"There is no {request.interval} snapshot in {str(series.label_path)!r}.")
    snapshot = snapshots[request.selection.choose(list(snapshots))]
    chosen = None if request.chosen is None else Chosen(request.chosen)
    parts = [replace(_find_part(snapshot, path), chosen=chosen) for path in request.paths or ("",)]
    return parts if request.new_name is None else [_renamed(part, request.new_name) for part in parts]


def _renamed(part: Selected, name: str) -> Selected:
    if part.only is None:
        raise WrongUsage(f"{part.path!r} is a directory: give the place for what is in it as TARGET.")
    return replace(part, only=name, was=part.only)


def refuse_same_names(parts: Sequence[tuple[Selected, Tree]]) -> None:
    """Raises WrongUsage where two parts would bring the same name into the target."""
    brought: dict[str, str] = {}
    for part, tree in parts if len(parts) > 1 else ():
        for name in [part.only] if part.only is not None else tree.names(""):
            if name in brought:
                raise WrongUsage(
                    f"Both {brought[name]!r} and {part.path!r} of the snapshot would be {name!r} in TARGET; nothing was"
                    " touched."
                )
            brought[name] = part.path


def _find_part(snapshot: Snapshot, path: str) -> Selected:
    directory, relative = snapshot.path, os.path.normpath(path.strip("/")) if path.strip("/") else ""
    with Tree(snapshot.path) as tree:
        for depth, name in enumerate(names := [name for name in relative.split("/") if name not in {"", "."}], 1):
            found = tree.find("/".join(names[:depth]))
            if found is None:
                raise NothingThere(f"There is no {path!r} in the snapshot {snapshot.name}.")
            if stat.S_ISDIR(found.st_mode):
                directory /= name
            elif depth < len(names):
                raise NothingThere(f"{'/'.join(names[:depth])!r} in the snapshot {snapshot.name} is no directory.")
            else:
                return Selected(snapshot.name, directory, path, only=name)
    return Selected(snapshot.name, directory, path)


@dataclass(frozen=True)
class Planned:
    """A plan, and the paths that have to leave the target before the copy.

    has_hidden_changes: some files differ of which size and mtime do not show it. in_place: names that only get other
    attributes. narrowed: directories that get other attributes. target: the directory's device and inode; None where it
    is to be made.
    """

    plan: RestorePlan
    in_the_way: tuple[Difference, ...]
    has_hidden_changes: bool
    in_place: tuple[str, ...] = ()
    narrowed: tuple[str, ...] = ()
    target: tuple[int, int] | None = None


@dataclass(frozen=True)
class RestoreSides:
    """The sides of a restore; `leaves_out` names paths of the target that are none of its business.

    mounted: the mount points in the target, as paths in it. summary: of all parts that are restored together. journal:
    gets what is going to be done, to be undone by; None where nobody wants it.
    """

    part: Selected
    source: Tree
    target: Path
    leaves_out: Callable[[str], bool]
    mounted: frozenset[str] = frozenset()
    summary: Summary = field(default_factory=Summary)
    journal: Spool | None = None


def plan_restore(
    request: RestoreRequest,
    sides: RestoreSides,
    should_stop: Callable[[], bool],
) -> Planned:
    """Compare the part with the target.

    Raises WrongUsage, RestoreFailed where the mode forbids it, and Stopped.
    """
    part, target = sides.part, sides.target
    refuse_nesting(target, "TARGET", Path(request.backup).absolute(), "BACKUP")
    if target.exists() and not target.is_dir():
        raise WrongUsage(f"The target {str(target)!r} is not a directory.")
    if request.mode is RestoreMode.NEW and target.is_dir() and not _is_new(target):
        raise RestoreFailed(
            f"The target {str(target)!r} is not empty; nothing was touched.",
            "Choose an empty or new directory, or a new file system (an empty lost+found in its root is no matter), or"
            " --mode overlay or mirror.",
        )
    found = _Found(request, sides.summary, sides.journal)
    with ExitStack() as stack:
        existing = target if target.exists() else stack.enter_context(tempfile.TemporaryDirectory())
        tree = stack.enter_context(Tree(existing, sides.source.throttle))
        Comparison(
            tree,
            sides.source,
            found.add,
            reads=_reading(request),
            inside_old=request.mode is RestoreMode.MIRROR,
            omitted=Omitted(
                LeftOut(lambda path: part.leaves_out(path) or sides.leaves_out(path) or path in sides.mounted),
                LeftOut(lambda path: part.leaves_out(path) or path in sides.mounted),
            ),
        ).run(should_stop)
        if request.has_quarantine:
            _refuse_other_devices(tree, found.in_the_way)
        else:
            _refuse_full_directories(tree, found.in_the_way)
        left_alone = _left_alone(request.mode, sides, tree, found.in_the_way)
        identity = identity_of(tree) if existing is target else None
    plan = RestorePlan(
        part.snapshot, request.mode, str(target), found.summary, left_alone, keeps_replaced=request.has_quarantine
    )
    return Planned(
        plan, tuple(sorted(found.in_the_way)), found.has_hidden_changes, tuple(found.in_place), tuple(found.narrowed),
        identity,
    )  # fmt: skip


def _is_new(target: Path) -> bool:
    """Whether nothing is in it but what a new file system has in its root."""
    names = os.listdir(target)
    if not names or names != [LOST_AND_FOUND] or not has_lost_and_found(target):
        return not names
    try:
        return not os.listdir(target / LOST_AND_FOUND)
    except PermissionError:
        return True  # root's, as it should be


def has_lost_and_found(target: Path) -> bool:
    """Whether the target is the root of a file system which has that directory of its own."""
    try:
        is_directory = stat.S_ISDIR((target / LOST_AND_FOUND).lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return is_directory and "" in mounts_below(str(target))


def identity_of(tree: Tree) -> tuple[int, int]:
    """The device and inode of a tree's root."""
    found = os.fstat(tree.descriptor)
    return found.st_dev, found.st_ino


@dataclass
class _Found:
    """The findings of a comparison, sorted by what has to be done before the copy."""

    request: RestoreRequest
    summary: Summary
    journal: Spool | None = None
    in_the_way: list[Difference] = field(default_factory=list)
    in_place: list[str] = field(default_factory=list)
    narrowed: list[str] = field(default_factory=list)
    has_hidden_changes: bool = False

    def add(self, difference: Difference) -> None:
        """Sort one in."""
        self.summary.add(difference)
        deletes = self.request.mode is RestoreMode.MIRROR
        if self.journal and (entry := entry_of(difference, deletes=deletes)):
            self.journal.add(entry)
        self.has_hidden_changes |= difference.is_hidden
        if _is_in_the_way(difference, self.request):
            self.in_the_way.append(difference)
        elif Aspect.ATTRIBUTES in difference.aspects and difference.is_directory:
            self.narrowed.append(difference.path)
        elif difference.aspects == (Aspect.ATTRIBUTES,):
            self.in_place.append(difference.path)


def _left_alone(mode: RestoreMode, sides: RestoreSides, target: Tree, in_the_way: list[Difference]) -> tuple[str, ...]:
    """The mount points in the target at which the snapshot has something too: nothing there is touched.

    Raises RestoreFailed where one is, or lies in, something that has to make way, or where the modes' work would be to
    delete it.
    """
    ways = [found.path for found in in_the_way]
    refused, left_alone = [], []
    for mounted in sorted(sides.mounted):
        if sides.part.only is not None and mounted != sides.part.only:
            continue
        if _is_below_another(mounted, sides.mounted) or sides.leaves_out(mounted):
            continue
        wanted = sides.source.find(mounted)
        is_in_the_way = any(mounted.startswith(f"{path}/") for path in ways)
        is_extra = wanted is None and mode is RestoreMode.MIRROR
        is_other = wanted and stat.S_ISDIR(wanted.st_mode) != stat.S_ISDIR(target.stat(mounted).st_mode)
        if is_in_the_way or is_extra or is_other or (wanted and sides.part.only is not None):
            refused.append(mounted)
        elif wanted:
            left_alone.append(mounted)
    if refused:
        raise _mounts_in_the_way(sides.target, refused)
    return tuple(left_alone)


def _is_below_another(path: str, mounted: frozenset[str]) -> bool:
    return any(path.startswith(f"{other}/") for other in mounted)


def _mounts_in_the_way(target: Path, paths: list[str]) -> RestoreFailed:
    named = ", ".join(repr(path) for path in paths[:_NAMED])
    commands = "; ".join(f"umount {shlex.quote(str(target / path))}" for path in paths[:_NAMED])
    return RestoreFailed(
        f"Something else is mounted in the target {str(target)!r} where the snapshot has nothing of the kind: {named};"
        " nothing was touched.",
        f"Unmount it first (`{commands}`), or restore other parts with --path.",
    )


def _refuse_other_devices(target: Tree, in_the_way: list[Difference]) -> None:
    """A rename to the quarantine leads to no other file system, or subvolume, which no table of mounts may show."""
    device = os.fstat(target.descriptor).st_dev
    apart = [found.path for found in in_the_way if target.stat(found.path).st_dev != device]
    if apart:
        raise _mounts_in_the_way(Path(target.root), apart)


def _reading(request: RestoreRequest) -> Callable[[os.stat_result, os.stat_result], bool]:
    """Which files of equal size are compared by content: as ordered, or those of the target touched after their mtime.

    Whatever damages a file but keeps its size and mtime sets its ctime, which then is not its mtime any more.
    """
    if request.with_content is not None:
        return lambda _old, _new: bool(request.with_content)
    return lambda old, new: old.st_mtime_ns == new.st_mtime_ns and abs(old.st_ctime_ns - old.st_mtime_ns) > _AT_ONCE_NS


def _is_in_the_way(difference: Difference, request: RestoreRequest) -> bool:
    if not request.has_quarantine:
        return Aspect.TYPE in difference.aspects
    if difference.kind is Kind.REMOVED:
        return request.mode is RestoreMode.MIRROR and not difference.is_inside
    stays_a_directory = difference.is_directory and Aspect.TYPE not in difference.aspects
    return difference.kind is Kind.CHANGED and not stays_a_directory


def _refuse_full_directories(target: Tree, in_the_way: list[Difference]) -> None:
    full = [found.path for found in in_the_way if _is_full_directory(target, found.path)]
    if full:
        named = ", ".join(repr(path) for path in sorted(full)[:_NAMED])
        raise RestoreFailed(
            f"{len(full)} directories of the target are something else in the snapshot: {named}; nothing was touched.",
            "Move them away, or use --mode mirror, which moves them to a quarantine.",
        )


def _is_full_directory(target: Tree, path: str) -> bool:
    try:
        return bool(target.names(path))
    except (FileNotFoundError, NotADirectoryError):
        return False
