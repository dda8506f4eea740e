"""Transfer: a tree brought into a target, by one walk, then what is left to others, then what needs all to be there."""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Protocol

from efs_backup.copy_worker.beneath import open_root
from efs_backup.copy_worker.directory import UNKNOWN
from efs_backup.copy_worker.facts import DirectoryFacts, refused_attributes, set_directory_attributes
from efs_backup.copy_worker.roots import COMPARES, NO_ROOT, OVERLAYS, REPLACES, Setup
from efs_backup.domain.copying.arrival import Cause, Fidelity, Trouble, fault_of
from efs_backup.domain.copying.commands import Comparing, Purpose, rsync_options
from efs_backup.domain.copying.parts import (
    CopyReport,
    is_over_a_network,
    most_few,
    plan_parts,
    plan_pieces,
    plan_workers,
)
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.errors import BackupError, BackupFull, CopyFailed, Hung, SourceUnreadable
from efs_backup.domain.ports import Watcher
from efs_backup.domain.requests.tuning import Copier, Tuning
from efs_backup.domain.sharing.order import Top
from efs_backup.engine.finalize.hard_links import LinkFacts, make_links_true
from efs_backup.engine.machine.os_errors import source_errors_named
from efs_backup.engine.machine.patience import for_each
from efs_backup.engine.machine.process import Runner, Tools
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.proof.gathered import Gathered
from efs_backup.engine.rest.arrivals import Arrivals
from efs_backup.engine.rest.copy import Copy, CopySpec
from efs_backup.engine.rest.rest import Rest
from efs_backup.engine.rest.workspace import Workspace
from efs_backup.engine.trees.bring import Bringer
from efs_backup.engine.trees.held import held
from efs_backup.engine.trees.left_out import LeftOut
from efs_backup.engine.trees.tree import Tree, slowest_concurrency
from efs_backup.engine.trees.tree_walk import Stopped
from efs_backup.engine.walk.frontier import Directory
from efs_backup.engine.walk.tokens import TokenFeeder
from efs_backup.engine.walk.walk import Scope, Task, Walk, Walked
from efs_backup.engine.walk.workers import Workers


@dataclass(frozen=True)
class TransferSpec:
    """The order for a transfer: what is brought where, what for, and how exactly.

    references: directories to link unchanged files from. trash: where stale directories go; unfinished: where large
    files lie until they are whole. trusted_until_ns: see `efs_backup.copy_worker.roots.Setup`. keeps_root: the root's
    own attributes are left alone. gathered: where it is to be proved what the target has; damaged: inodes of the target
    and of the references that it must not have. hashes: a hash store of a backup that was cut off. sharing: others who
    bring parts of it. mark: begins the names of what is made beside others, so that it can be told what is left of
    somebody who was killed; then nothing is left to rsync, whose remains could be anybody's.
    """

    source: Tree
    target: Tree
    purpose: Purpose
    tuning: Tuning
    comparing: Comparing
    left_out: LeftOut
    references: tuple[Path, ...] = ()
    trash: Path | None = None
    unfinished: Path | None = None
    trusted_until_ns: int | None = None
    keeps_root: bool = False
    gathered: Gathered | None = None
    damaged: frozenset[int] = frozenset()
    hashes: int = NO_ROOT
    sharing: "Sharing | None" = None
    mark: str = ""

    @property
    def fidelity(self) -> Fidelity:
        """How exactly the target can hold what the source has."""
        return Fidelity(os.geteuid() == 0, self.comparing.time_step_ns)

    @property
    def way(self) -> str:
        """The way of the walk: what it may do in the target."""
        return REPLACES if self.purpose is Purpose.BACKUP else OVERLAYS


@dataclass
class Transferred:
    """The end of a transfer.

    statistics: of all that is in the target now as it is in the source. is_whole: nothing was cut off. notes: what is
    no failure, and good to know. compared, rewritten: see `efs_backup.copy_worker.receipts.Receipt`.
    """

    statistics: CopyStatistics = CopyStatistics()
    troubles: list[Trouble] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_full: bool = False
    is_whole: bool = False
    compared: int = 0
    rewritten: int = 0

    def fault(self, source: str, target: str, tolerated: int = 0) -> BackupError | None:
        """Why it is not whole, the most telling reason first; None where everything is there that can be.

        tolerated: so many unreadable names are no fault.
        """
        if self.is_full:
            return BackupFull(f"The {target} is full.")
        if not self.is_whole:
            return CopyFailed("The copy was stopped before its end.")
        return fault_of(self.troubles, tolerated, source, target)


class Sharing(Protocol):
    """Others who bring parts of the same tree at the same time."""

    @property
    def shared_at(self) -> int:
        """How many directories have to be known before the rest is shared out."""

    def hand_out(self, tops: Sequence[Top]) -> None:
        """Let others bring subtrees."""

    def finish(self, done: "Transferred", links: LinkFacts) -> bool:
        """See to it that they are brought, and that nobody else is at work any more; False where that was cut off.

        done, links: get what was brought, and what is known of names of one file. Raises BackupError.
        """


@dataclass(frozen=True)
class Disk:
    """How what is written reaches the disk: `tick` is called about every second, `flush` where all has to be there."""

    tick: Callable[[], None] = lambda: None
    flush: Callable[[], None] = lambda: None


class TargetStuck(Exception):
    """The target's root holds something that the source has not and that cannot be removed."""


class Transfer:
    """A transfer under way."""

    def __init__(
        self,
        spec: TransferSpec,
        private: Workspace,
        runner: Runner,
        tools: Tools,
        *,
        stop: Stop,
        watcher: Watcher,
        disk: Disk = Disk(),
    ) -> None:
        self._spec = spec
        self._sharing = spec.sharing if spec.tuning.copier is not Copier.RSYNC else None
        self._scope = Scope(spec.left_out, shared_at=self._sharing.shared_at if self._sharing else 0)
        self._private = private
        self._runner = runner
        self._tools = tools
        self._stop = stop
        self._watcher = watcher
        self._disk = disk
        self._rest = Rest(private.lists, plan_pieces(spec.tuning), most_few(spec.tuning))
        self._done = Transferred()

    def run(self) -> Transferred:
        """Bring everything. Raises TargetStuck, CopyFailed, Hung, and OSError of the target's side."""
        if self._spec.tuning.copier is Copier.RSYNC and not self._copy_by_stock_tools():
            return self._done
        walked = self._walk_all()
        if walked:
            self._finish(walked)
            self._prove()
        return self._done

    def run_share(self, tops: Sequence[Top]) -> tuple[Transferred, LinkFacts]:
        """Bring subtrees, to the last attribute; hard links are left to who knows the names in all shares.

        The files are on the disk when it returns. Raises CopyFailed, Hung, and OSError of the target's side.
        """
        self._scope = Scope(self._spec.left_out, tops)
        walked = self._walk_all()
        if walked:
            self._check_that_source_is_the_same()
            self._leave_below(walked.waiting)
            self._prove()
            self._disk.flush()
            self._done.is_whole = True
        return self._done, walked.links if walked else LinkFacts()

    def _walk_all(self) -> Walked | None:
        """Bring everything, with all that others bring; None where it did not come to its end."""
        walked = self._walk()
        shared, handed = LinkFacts(), walked.handed if walked else []
        if handed and self._sharing and not self._sharing.finish(self._done, shared):
            return None
        if walked and self._rest.lists:
            waiting = walked.waiting
            tops = [replace(top, there=UNKNOWN) for top in self._scope.tops]
            walked = self._walk_again(Scope(self._spec.left_out, tops, elsewhere=frozenset(one.path for one in handed)))
            if walked and handed:
                walked.waiting += waiting
        if walked:
            walked.links.take_in(shared)
        return walked

    def _walk(self) -> Walked | None:
        """Bring everything but what needs all to be there; None where that did not come to its end."""
        with ExitStack() as stack:
            walk = self._begin_walk(stack, self._setup(stack), self._spec.gathered)
            walked = walk.run()
            self._take(walked)
            if walked.is_stuck:
                raise TargetStuck(walked.troubles[-1].text)
            if walked.handed and self._sharing and walked.is_whole:
                self._sharing.hand_out([Top(one.path, one.wanted, one.there, one.flags) for one in walked.handed])
            is_whole = walked.is_whole and self._bring_rest(walked.doubtful) and self._copy_large(walk, walked)
            return walked if is_whole else None

    def _walk_again(self, scope: Scope) -> Walked | None:
        """Compare once more, after others have worked in the target; what is not as it was made is made again.

        All that is there now was made by this transfer, or was trusted before.
        """
        self._rest = Rest(self._private.lists, plan_pieces(self._spec.tuning), most_few(self._spec.tuning))
        with ExitStack() as stack:
            setup = self._setup(stack)
            setup.with_content, setup.trusted_until_ns, setup.proves = False, None, False
            self._scope = scope
            walked = self._begin_walk(stack, setup, self._spec.gathered).run()
            self._done.is_full |= walked.is_full
            self._done.troubles += walked.troubles
            is_whole = walked.is_whole and self._settle(self._rest.paths(), walked.doubtful)
            return walked if is_whole else None

    def _prove(self) -> None:
        """Prove what was not there yet when its directory was. What is not proved is no failure."""
        gathered = self._spec.gathered
        if gathered is None or gathered.fault or not gathered.pending:
            return
        try:
            with ExitStack() as stack:
                self._begin_walk(stack, self._setup(stack), gathered).prove()
        except Hung:
            raise  # the file system waits for ever
        except (CopyFailed, OSError, ValueError) as error:
            gathered.fault = f"what was brought could not be proved: {error}"
        if gathered.pending and not gathered.fault:
            gathered.fault = f"{len(gathered.pending):,} of the directories could not be proved in time"

    def _begin_walk(self, stack: ExitStack, setup: Setup, gathered: Gathered | None = None) -> Walk:
        spec = self._spec
        plan = plan_workers(slowest_concurrency(spec.source, spec.target), spec.tuning)
        setup.threads = plan.threads
        workers = Workers[Task](self._runner, setup, plan.workers, plan.at_once)
        stack.enter_context(closing(workers))
        return Walk(
            spec.source, workers, self._scope, rest=self._rest.add, should_stop=self._stop.is_due, pulse=self._pulse,
            gathered=gathered,
        )  # fmt: skip

    def _finish(self, walked: Walked) -> None:
        """Do what needs all to be there: hard links, and attributes of the directories that had to wait."""
        spec = self._spec
        self._check_that_source_is_the_same()
        if walked.links.groups():
            self._disk.flush()  # before a new file has two names, by which it would pass for a snapshot's too
        is_restore = spec.purpose is Purpose.RESTORE
        relinked = make_links_true(spec.source, spec.target, walked.links, spec.left_out if is_restore else None)
        if spec.gathered:
            spec.gathered.amend(relinked)
        self._leave(walked.waiting)
        self._done.is_whole = True

    def _take(self, walked: Walked) -> None:
        done = self._done
        done.is_full |= walked.is_full
        done.troubles += walked.troubles
        done.statistics += walked.statistics
        done.compared += walked.compared
        done.rewritten += walked.rewritten

    def _setup(self, stack: ExitStack) -> Setup:
        spec = self._spec
        is_stock = spec.tuning.copier is Copier.RSYNC
        setup = Setup(spec.source.descriptor, spec.target.descriptor, COMPARES if is_stock else spec.way)
        setup.time_step_ns, setup.with_content = spec.comparing.time_step_ns, spec.comparing.with_content
        setup.trusted_until_ns = spec.trusted_until_ns
        setup.sorts = not is_over_a_network(spec.source.kind)
        setup.left_out = spec.left_out.description().arguments
        if spec.gathered:
            setup.proves, setup.damaged, setup.hashes = True, tuple(spec.damaged), spec.hashes
            setup.base = spec.gathered.base.descriptor if spec.gathered.base else NO_ROOT
        setup.references = self._opened_references(stack)
        setup.trash = _opened(stack, spec.trash) if spec.trash else setup.trash
        setup.unfinished = _opened(stack, spec.unfinished) if spec.unfinished else setup.unfinished
        setup.throttle = stack.enter_context(closing(TokenFeeder(spec.source.throttle))).descriptor
        return setup

    def _opened_references(self, stack: ExitStack) -> list[int]:
        """Those that are there; one that somebody has removed by hand meanwhile costs copies in the place of links."""
        found = []
        for path in self._spec.references:
            try:
                found.append(_opened(stack, path))
            except FileNotFoundError:
                self._done.notes.append(f"The snapshot {str(path)!r} is gone: nothing can be linked from it.")
        return found

    def _pulse(self, done: CopyStatistics) -> None:
        self._watcher.progress(self._done.statistics + done)
        self._disk.tick()

    def _copy_by_stock_tools(self) -> bool:
        """Let fpart, fpsync and rsync alone fill the target; False where that did not come to its end.

        Where something is left out, which fpart cannot, the walk lists what it finds, and rsync brings that afterwards.
        """
        return bool(self._spec.left_out) or self._copy(0, 0)

    def _bring_rest(self, doubtful: Iterable[str]) -> bool:
        """Bring what the workers have left to others; False where that did not come to its end."""
        rest = self._rest
        is_crawled = self._spec.tuning.copier is Copier.RSYNC and not self._spec.left_out
        are_few = rest.lists is None or self._spec.source.throttle.is_on or is_crawled
        are_many = not are_few and not self._spec.mark
        if are_many and not self._copy(rest.files, rest.size):
            return False
        return self._settle([] if are_many else rest.paths(), doubtful)

    def _copy(self, files: int, size: int) -> bool:
        spec, private = self._spec, self._private
        sizes = plan_parts(files, size, slowest_concurrency(spec.source, spec.target), spec.tuning)
        lists = self._rest.lists
        private.fill(None if lists else self._tools.fpart)
        is_stock = spec.tuning.copier is Copier.RSYNC
        links = private.links("reference", spec.references) if is_stock else []
        options = rsync_options(links, spec.purpose, spec.comparing)
        into_live = spec.purpose is Purpose.RESTORE
        order = CopySpec(spec.source, spec.target, options, sizes, spec.fidelity, into_live=into_live)
        report = Copy(order, self._runner, self._tools, private, lists).run(self._stop, self._watcher, self._disk.tick)
        self._take_report(report)
        if report.is_full or not report.is_settled:
            self._done.is_full |= report.is_full
            if not (report.is_full or self._stop.is_due()) and (fault := report.fault()):
                raise fault
            return False
        return True

    def _take_report(self, report: CopyReport) -> None:
        done = self._done
        done.notes += report.told()
        done.troubles += report.troubles
        found = report.statistics
        is_crawled = self._spec.tuning.copier is Copier.RSYNC and not self._spec.left_out
        done.statistics += CopyStatistics(
            0 if is_crawled else -found.vanished_files - len(report.troubles), found.number_of_files_transferred, 0,
            0 if is_crawled else found.total_file_size, found.total_transferred_file_size, found.vanished_files,
        )  # fmt: skip

    def _settle(self, rest: Iterable[str], doubtful: Iterable[str]) -> bool:
        """Bring names one by one, and look at those that somebody else may have brought."""
        spec = self._spec
        bringer = Bringer(spec.source, spec.target, spec.fidelity, self._stop.is_due, mark=spec.mark)
        arrivals = Arrivals(
            spec.source, spec.target, bringer, spec.fidelity, keeps_remains=spec.purpose is Purpose.RESTORE
        )
        try:
            arrivals.bring(rest, self._disk.tick)
            arrivals.settle(doubtful, trusted=False)
        except Stopped:
            return False
        settled = arrivals.settled
        self._done.troubles += settled.troubles
        self._done.statistics += CopyStatistics(
            number_of_files=-settled.vanished - len(settled.troubles),
            number_of_files_transferred=settled.brought,
            total_file_size=settled.brought_size,
            total_transferred_file_size=settled.brought_size,
            vanished_files=settled.vanished,
        )
        return True

    def _copy_large(self, walk: Walk, walked: Walked) -> bool:
        if not walked.large:
            return True
        copied = walk.copy_large(walked.large)
        self._take(copied)
        return copied.is_whole and self._settle([], copied.doubtful)

    def _check_that_source_is_the_same(self) -> None:
        """An unmounted source is not one of which every file has vanished."""
        source = self._spec.source
        with source_errors_named(source.root), held(open_root(source.root)) as again:  # a path of any length
            found, started = os.fstat(again), os.fstat(source.descriptor)
        if (found.st_dev, found.st_ino) != (started.st_dev, started.st_ino):
            raise SourceUnreadable(f"The source {source.root!r} was unmounted or replaced meanwhile.")

    def _leave(self, waiting: list[Directory]) -> None:
        """Give their attributes to the directories that had to wait, and at last to the root."""
        self._leave_below(waiting)
        if not self._spec.keeps_root:
            found = os.fstat(self._spec.source.descriptor)
            set_directory_attributes(self._spec.target.descriptor, found)

    def _leave_below(self, waiting: Iterable[Directory]) -> None:
        """Give their attributes to the directories that had to wait, the deepest first."""
        deepest_first = sorted(((one.path.count("/"), one.path, one.wanted) for one in waiting), reverse=True)
        for _, level in groupby(deepest_first, key=lambda one: one[0]):
            for_each(
                ((path, wanted) for _, path, wanted in level),
                self._give_attributes,
                threads=self._spec.target.concurrency.changing_threads,
                activity=lambda: self._spec.target.throttle.paid,
            )

    def _give_attributes(self, path: str, wanted: tuple[int, ...]) -> None:
        try:
            with self._spec.target.opened(path, to_list=False) as descriptor:
                set_directory_attributes(descriptor, DirectoryFacts(wanted))
        except (FileNotFoundError, NotADirectoryError):
            return  # nothing was brought into it, or somebody has put something else there
        except PermissionError as error:
            self._done.troubles.append(Trouble(path, Cause.REFUSED, refused_attributes(wanted, error.strerror or "")))


def _opened(stack: ExitStack, path: Path) -> int:
    return stack.enter_context(held(open_root(str(path))))
