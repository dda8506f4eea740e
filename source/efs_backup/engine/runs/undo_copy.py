"""The copy of a quarantine's content back into the target, where no rename leads there: it is on another mount."""

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from efs_backup.copy_worker.beneath import LISTING, PASSING, open_below
from efs_backup.copy_worker.facts import DirectoryFacts, directory_facts, set_directory_attributes
from efs_backup.domain.copying.arrival import Fidelity, Trouble
from efs_backup.domain.copying.quarantine import JOURNAL_DIRECTORY
from efs_backup.domain.errors import RestoreFailed
from efs_backup.engine.trees.bring import Bringer
from efs_backup.engine.trees.delete import delete_content
from efs_backup.engine.trees.held import held
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.trees.tree_walk import TreeWalk, joined

_PRIVATE = 0o700


def copy_back(
    quarantine: Tree, target: Tree, path: str, directory: int, *, time_step_ns: int, should_stop: Callable[[], bool]
) -> None:
    """Copy a name and all below it; a directory gets its name when it is whole. `directory`: the target's around it.

    Raises RestoreFailed where something of it cannot be brought, Stopped, and OSError where the target is full.
    """
    fidelity = Fidelity(os.geteuid() == 0, time_step_ns)
    if not stat.S_ISDIR(quarantine.stat(path).st_mode):
        _refuse_trouble(Bringer(quarantine, target, fidelity, should_stop).bring(path))
        return
    name, beside = path.rpartition("/")[2], f".efs-backup-undo-{_digits(path)}"
    _delete(directory, beside)  # what an undo that was cut off has left
    os.mkdir(beside, _PRIVATE, dir_fd=directory)
    with (
        held(open_below(quarantine.descriptor, path, LISTING)) as source,
        held(os.open(beside, LISTING, dir_fd=directory)) as made,
        Tree(_by_descriptor(source), target.throttle) as old,
        Tree(_by_descriptor(made), target.throttle) as new,
    ):
        _copy_content(old, new, Bringer(old, new, fidelity, should_stop), should_stop)
    os.rename(beside, name, src_dir_fd=directory, dst_dir_fd=directory)


def forget(quarantine: Tree, path: str) -> None:
    """Remove a name of the quarantine, and what is below it; a directory loses its name first. Raises OSError."""
    if not stat.S_ISDIR(quarantine.stat(path).st_mode):
        quarantine.unlink(path)
        return
    name = f"copied-{_digits(path)}"
    with held(open_below(quarantine.descriptor, JOURNAL_DIRECTORY, PASSING)) as place:
        _delete(place, name)
        with quarantine.above(path) as (directory, kept):
            os.rename(kept, name, src_dir_fd=directory, dst_dir_fd=place)
        _delete(place, name)


def _copy_content(old: Tree, new: Tree, bringer: Bringer, should_stop: Callable[[], bool]) -> None:
    def enter(directory: str) -> Iterable[str]:
        below = list[str]()
        for batch in old.batches(directory):
            for name, found in batch:
                _refuse_trouble(bringer.bring(joined(directory, name)))
                below += [name] if stat.S_ISDIR(found.st_mode) else []
        return below

    def leave(directory: str) -> None:
        wanted = old.stat(directory) if directory else os.fstat(old.descriptor)
        with new.opened(directory, to_list=False) as descriptor:
            set_directory_attributes(descriptor, DirectoryFacts(directory_facts(wanted)))

    TreeWalk(
        enter, leave, threads=new.concurrency.changing_threads, should_stop=should_stop,
        activity=lambda: new.throttle.paid,
    ).run()  # fmt: skip


def _refuse_trouble(outcome: object) -> None:
    if isinstance(outcome, Trouble):
        raise RestoreFailed(f"{outcome.path!r} in the quarantine cannot be copied: {outcome.text}")


def _delete(directory: int, name: str) -> None:
    with suppress(FileNotFoundError):
        if not stat.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
            os.unlink(name, dir_fd=directory)
            return
        deletion = delete_content(Path(_by_descriptor(directory)), name)
        if deletion.undeleted:
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), name)
        os.rmdir(name, dir_fd=directory)


def _by_descriptor(descriptor: int) -> str:
    return f"/proc/self/fd/{descriptor}"


def _digits(path: str) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:32]
