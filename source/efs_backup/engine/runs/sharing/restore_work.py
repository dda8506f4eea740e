"""The work at a share of a restore: that of a backup, but that somebody uses the target meanwhile."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from stat import S_ISDIR

from efs_backup.copy_worker.error_numbers import NOT_THERE
from efs_backup.domain.copying.commands import flush_command
from efs_backup.domain.errors import CopyFailed, Hung
from efs_backup.domain.ports import Watcher
from efs_backup.domain.sharing.order import Top
from efs_backup.engine.machine.process import Runner, Tools
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.sharing.work import Done, ShareWork
from efs_backup.engine.runs.transfer import TransferSpec
from efs_backup.engine.series.flush_marks import FLUSH_PATIENCE_SECONDS
from efs_backup.engine.trees.bring import is_beside
from efs_backup.engine.trees.left_out import AllBut, LeftOut, Paths, Together
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.trees.tree_walk import TreeWalk, joined


class RestoreWork(ShareWork):
    """How a share of a restore is done. Nothing is proved, and nothing of it lies beside the snapshots."""

    @contextmanager
    def done(self, tops: tuple[Top, ...], unfinished: Path | None, stop: Stop, watcher: Watcher) -> Iterator[Done]:  # noqa: ARG002
        """See ShareWork. A large file is made beside its place, for the target is another file system."""
        with super().done(tops, None, stop, watcher) as done:
            yield done

    def anew(self, tops: tuple[Top, ...]) -> "RestoreWork":
        """See ShareWork. What was left half made goes, and contents are compared: a file may be torn."""
        clear_remains(self.spec.source, self.spec.target, tops, self.spec.mark)
        return replace(self, spec=replace(self.spec, comparing=replace(self.spec.comparing, with_content=True)))


def restore_work(
    spec: TransferSpec, series: Path, runner: Runner, tools: Tools, mark: str, note: Callable[[str], None]
) -> RestoreWork:
    """How the shares of one order are done, by whoever is asked. mark: the order's."""
    own = replace(spec, mark=mark)
    return RestoreWork(own, series, None, runner, tools, note, lambda: flush(spec.target, runner))


def flush(target: Tree, runner: Runner) -> None:
    """Have on the disk what was written into a target. Raises CopyFailed and Hung."""
    command, beat = flush_command(target.by_descriptor), target.throttle.beat
    done = runner.run_within(command, FLUSH_PATIENCE_SECONDS, beat, undisturbed=True)
    if done is None:
        raise Hung(f"What was restored is not on the disk after {FLUSH_PATIENCE_SECONDS / 60:.0f} minutes.")
    if done.code:
        raise CopyFailed(f"What was restored could not be written to disk: {done.stderr.strip() or 'sync failed'}.")


def left_out_of_restore(mounted: Iterable[str], chosen: Sequence[str] | None) -> LeftOut:
    """The names of a snapshot that are not brought back: those at a mount point of the target, and those not chosen."""
    mounts = Paths(mounted)
    return mounts if chosen is None else Together([mounts, AllBut(chosen)])


def clear_remains(source: Tree, target: Tree, tops: Sequence[Top], mark: str) -> None:
    """Remove from the target's subtrees what somebody was about to rename when he was ended. Raises OSError.

    The directories that the source has are looked at: he worked in no other.
    """

    def enter(directory: str) -> Iterable[str]:
        if not directory:
            return [top.path for top in tops]
        try:
            found = [name for name in target.names(directory) if is_beside(name, mark)]
        except OSError as error:
            if error.errno not in NOT_THERE:  # not made yet, or somebody's own by now
                raise
            found = []
        for name in found:
            with suppress(FileNotFoundError, IsADirectoryError):
                target.unlink(joined(directory, name))
        return [name for name, attributes in source.list(directory) if S_ISDIR(attributes.st_mode)]

    TreeWalk(
        enter, threads=target.concurrency.threads, activity=lambda: source.throttle.paid + target.throttle.paid
    ).run()
