"""The walk: one look at the source, directory by directory, in which workers bring the target up to date."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from efs_backup.copy_worker.facts import directory_facts
from efs_backup.copy_worker.left_out import CLOSED, SUSPECT
from efs_backup.copy_worker.protocol import DISCARD, ENTER, LARGE, LEAVE, PROVE
from efs_backup.copy_worker.receipts import SOURCE, Receipt
from efs_backup.domain.copying.arrival import Cause, Trouble, cause_in_source, cause_in_target
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.errors import CopyFailed, Hung
from efs_backup.domain.sharing.order import Top
from efs_backup.engine.finalize.hard_links import LinkFacts
from efs_backup.engine.machine.patience import PATIENCE_SECONDS
from efs_backup.engine.proof.gathered import Facts, Gathered
from efs_backup.engine.trees.left_out import LeftOut
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.trees.tree_walk import joined
from efs_backup.engine.walk.frontier import Directory, Frontier
from efs_backup.engine.walk.workers import Answer, Lost, Workers

STOP_SECONDS = 30.0
"""How long the directories and files under way may take to end after a request to stop."""

_TRIES = 3
_LOOK_SECONDS = 0.1
_LARGE_AT_ONCE = 8
_NAMED = 3


@dataclass(frozen=True)
class Task:
    """A piece of work for a worker: a directory of the frontier, or the path of something else.

    wanted, more: of a directory that is proved once more, its facts and what the worker gets.
    """

    kind: int
    directory: Directory | None = None
    path: str = ""
    wanted: Facts = ()
    more: object = None

    @property
    def place(self) -> str:
        """The path that is worked on."""
        return self.directory.path if self.directory else self.path


@dataclass
class Walked:
    """The end of a walk.

    statistics: of what the workers have done; its number of files is that of all names in the source. doubtful: paths
    that somebody has to look at. large: (path, bytes) of the files that are to be copied last. waiting: directories
    that get their attributes when what is left in them is brought, each after those below it. is_stuck: the root of the
    target holds something that cannot be removed. is_whole: all was seen. compared, rewritten: see
    `efs_backup.copy_worker.receipts.Receipt`.
    """

    statistics: CopyStatistics = CopyStatistics()
    directories: int = 0
    doubtful: list[str] = field(default_factory=list)
    large: list[tuple[str, int]] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    waiting: list[Directory] = field(default_factory=list)
    handed: list[Directory] = field(default_factory=list)
    links: LinkFacts = field(default_factory=LinkFacts)
    is_full: bool = False
    is_stuck: bool = False
    is_whole: bool = False
    compared: int = 0
    rewritten: int = 0


@dataclass(frozen=True)
class Scope:
    """The part of a source that is walked; nothing said: all of it.

    tops: subtrees, instead of the root. shared_at: the number of directories not entered yet that are left to others; 0
    for none. elsewhere: paths of subtrees that are left alone.
    """

    left_out: LeftOut = field(default_factory=LeftOut)
    tops: Sequence[Top] = ()
    shared_at: int = 0
    elsewhere: frozenset[str] = frozenset()


class Walk:
    """Walks a source by workers. `rest` gets (path, bytes) of the files that others have to bring.

    should_stop: asked all the time. pulse: called about every second with what is done. gathered: what is proved, None
    where nothing is; workers that do not prove only say what is to be proved once more. scope: which part of the source
    is walked.
    """

    def __init__(
        self,
        source: Tree,
        workers: Workers[Task],
        scope: Scope,
        *,
        rest: Callable[[str, list[tuple[str, int]]], None],
        should_stop: Callable[[], bool],
        pulse: Callable[[CopyStatistics], None] = lambda _done: None,
        gathered: Gathered | None = None,
    ) -> None:
        self._source = source
        self._workers = workers
        self._scope, self._left_out = scope, scope.left_out
        self._rest = rest
        self._should_stop = should_stop
        self._pulse = pulse
        self._gathered = gathered
        self._proves = workers.proves
        self._next_pulse = time.monotonic() + 1
        self._last, self._since = -1, time.monotonic()
        self._begun: dict[Directory, CopyStatistics] = {}
        self._tries = Counter[str]()
        self._walked = Walked(links=LinkFacts(gathered.several if gathered else None))
        root = Directory("", None, directory_facts(os.fstat(source.descriptor)))
        tops = [Directory(top.path, root, top.wanted, top.there, top.flags) for top in scope.tops]
        self._frontier = Frontier(root, tops)

    def run(self) -> Walked:
        """Walk to the end, or until there is a reason to stop. Raises CopyFailed and Hung."""
        frontier, walked = self._frontier, self._walked
        while (self._workers.tasks or not frontier.is_done) and not self._is_to_stop():
            if self._is_enough:
                walked.handed = frontier.hand_over()
                continue
            self._give_all() if not self._is_shared else self._give_level()
            self._wait()
        if self._workers.tasks:
            self._end_what_is_under_way()
        walked.is_whole = frontier.is_done and not walked.is_full
        walked.waiting = frontier.waits
        return walked

    @property
    def _is_shared(self) -> bool:
        return self._scope.shared_at > 0

    @property
    def _is_enough(self) -> bool:
        """Whether so many directories are known that others can begin."""
        return self._is_shared and not self._workers.tasks and self._frontier.waiting >= self._scope.shared_at

    def _give_all(self) -> None:
        while self._workers.is_free and (chosen := self._frontier.take()):
            self._give(*chosen)

    def _give_level(self) -> None:
        """Give what was found so far, and no more before all of that is done: so that it is known how much there is."""
        most = 0 if self._workers.tasks else self._frontier.waiting + 1
        while most and self._workers.is_free and (chosen := self._frontier.take(oldest=True)):
            self._give(*chosen)
            most -= chosen[1]

    def copy_large(self, files: Iterable[tuple[str, int]]) -> Walked:
        """Copy large files, a few at a time; those that are not whole are doubtful. Raises as `run`."""
        self._walked = Walked()
        waiting = [Task(LARGE, path=path) for path, _ in sorted(files, key=lambda file: file[1])]
        while (waiting or self._workers.tasks) and not self._is_to_stop():
            while waiting and len(self._workers.tasks) < _LARGE_AT_ONCE:
                task = waiting.pop()
                self._workers.give(task, LARGE, task.path)
            self._wait(waiting)
        self._walked.is_whole = not (waiting or self._workers.tasks or self._walked.is_full)
        if self._workers.tasks:
            self._end_what_is_under_way()
        return self._walked

    def prove(self) -> None:
        """Prove once more what was brought, or made one file with others, after it was proved. Raises as `run`."""
        gathered, self._walked = self._gathered, Walked()
        if gathered is None:
            return
        tasks = (
            Task(PROVE, path=path, wanted=wanted, more=(wanted, before, proof.packed()))
            for path, wanted, before, proof in gathered.tasks()
        )
        given_back, is_over = list[Task](), False
        while (given_back or self._workers.tasks or not is_over) and not self._is_to_stop():
            while self._workers.is_free and (task := given_back.pop() if given_back else next(tasks, None)):
                self._workers.give(task, PROVE, task.path, task.more)
            is_over = self._workers.is_free
            self._wait(given_back)
        if self._workers.tasks:
            self._end_what_is_under_way()

    def _is_to_stop(self) -> bool:
        return self._walked.is_full or self._should_stop()

    def _give(self, directory: Directory, is_entered: bool) -> None:
        if is_entered:
            before = self._gathered.before(directory.path) if self._gathered else ()
            more: object = (directory.wanted, directory.there, directory.flags, before)
            self._workers.give(Task(ENTER, directory), ENTER, directory.path, more)
        else:
            self._workers.give(Task(LEAVE, directory), LEAVE, directory.path, directory.wanted)

    def _wait(self, waiting: list[Task] | None = None) -> None:
        for answer in self._workers.answers(_LOOK_SECONDS):
            if isinstance(answer, Lost):
                self._give_back(answer, waiting if waiting is not None else [])
            else:
                self._take(answer)
        self._look_at_time()

    def _look_at_time(self) -> None:
        now = time.monotonic()
        if self._workers.activity != self._last:
            self._last, self._since = self._workers.activity, now
            self._source.throttle.beat()
        elif now - self._since > PATIENCE_SECONDS:
            named = ", ".join(repr(task.place or ".") for task in self._workers.tasks[:_NAMED])
            raise Hung(f"There was no answer for {PATIENCE_SECONDS / 60:.0f} minutes about {named}.")
        if now >= self._next_pulse:
            self._next_pulse = now + 1
            self._pulse(sum(self._begun.values(), self._walked.statistics))

    def _end_what_is_under_way(self) -> None:
        """Wait for what is under way, not for long."""
        self._workers.stop()
        give_up = time.monotonic() + STOP_SECONDS
        while self._workers.tasks and time.monotonic() < give_up:
            for answer in self._workers.answers(_LOOK_SECONDS):
                if isinstance(answer, Answer):
                    self._take(answer)

    def _give_back(self, lost: Lost[Task], waiting: list[Task]) -> None:
        for task in lost.tasks:
            self._tries[task.place] += 1
            if task.kind == DISCARD:
                self._workers.give(task, DISCARD, task.path)
            elif task.directory is None:
                waiting.append(task)
            else:
                self._frontier.give_back(task.directory, is_entered=task.kind == ENTER)
                self._begun.pop(task.directory, None)
                if self._gathered and task.kind == ENTER:
                    self._gathered.forget(task.place)
            if self._tries[task.place] >= _TRIES:
                said = f": {lost.last_words}" if lost.last_words else ""
                raise CopyFailed(
                    f"Copy workers died {_TRIES} times over {task.place or '.'!r}, or what was beside it{said}."
                )

    def _take(self, answer: Answer[Task]) -> None:
        task, receipt = answer.task, answer.receipt
        if task.directory is None:
            self._note(task.path, receipt)
            self._walked.doubtful += receipt.doubtful
            self._take_proofs(task, receipt)
            self._walked.statistics += _statistics_of(receipt)
        elif task.kind == ENTER:
            self._take_directory(task.directory, receipt, is_last=answer.is_last)
        else:
            self._note(task.directory.path, receipt)
            self._frontier.left(task.directory)

    def _take_directory(self, directory: Directory, receipt: Receipt, *, is_last: bool) -> None:
        path, walked = directory.path, self._walked
        done = self._begun.pop(directory, CopyStatistics()) + _statistics_of(receipt)
        self._note(path, receipt)
        self._note_names(path, receipt, directory.wanted)
        self._frontier.find(directory, [*self._below(directory, path, receipt)])
        directory.must_wait |= receipt.has_work_left()
        if not is_last:
            self._begun[directory] = done
            return
        if receipt.is_discarded and directory.parent:
            directory.parent.is_left = False
        self._settle_proof(path, directory.wanted, receipt)
        walked.statistics += done
        walked.directories += not receipt.is_gone
        is_left = receipt.is_left or receipt.is_gone or not (receipt.is_changed or directory.must_wait)
        self._frontier.entered(directory, is_left=is_left, must_wait=False)

    def _note(self, path: str, receipt: Receipt) -> None:
        """Keep what is in trouble."""
        self._walked.is_full |= receipt.is_full
        self._walked.is_stuck |= receipt.is_stuck
        for name, side, number, text in () if receipt.is_full else receipt.troubles:
            place = joined(path, name) if name else path
            cause = cause_in_source(number) or Cause.SHAPE if side == SOURCE else cause_in_target(number)
            self._walked.troubles.append(Trouble(place or ".", cause, text))

    def _settle_proof(self, path: str, wanted: Facts, receipt: Receipt) -> None:
        if self._gathered is None or receipt.is_gone:
            return
        if self._proves:
            self._gathered.settle(path, wanted)
        elif receipt.is_changed:
            self._gathered.doubt(path, wanted)

    def _take_proofs(self, task: Task, receipt: Receipt) -> None:
        if self._gathered is None:
            return
        self._gathered.hashed(task.path, receipt.sha256)
        if task.kind == PROVE and receipt.is_gone:
            self._gathered.forget(task.path)
        elif receipt.proofs:
            self._gathered.take(task.path, task.wanted, receipt.proofs)

    def _note_names(self, path: str, receipt: Receipt, wanted: Facts) -> None:
        if self._gathered and receipt.proofs:
            self._gathered.take(path, wanted, receipt.proofs)
        walked, links = self._walked, self._walked.links
        walked.compared += receipt.compared
        walked.rewritten += receipt.rewritten
        if receipt.rest:
            self._rest(path, receipt.rest)
        walked.doubtful += [joined(path, name) for name in receipt.doubtful]
        walked.large += [(joined(path, name), size) for name, size in receipt.large]
        links.meet(bytes(receipt.inodes))
        for device, inode, name, there in receipt.groups:
            links.meet_name((device, inode), joined(path, name), there)
        self._left_out.learn(receipt.met, [joined(path, name) for name in receipt.gone])

    def _below(self, parent: Directory, path: str, receipt: Receipt) -> Iterable[Directory]:
        for name, wanted, there, flags in receipt.below:
            if flags & CLOSED:
                self._left_out.learn_closed(joined(path, name))
            if self._scope.elsewhere and joined(path, name) in self._scope.elsewhere:
                continue
            if flags & SUSPECT and self._is_our_own(joined(path, name)):
                if there is not None:
                    self._workers.give(Task(DISCARD, path=joined(path, name)), DISCARD, joined(path, name))
                    parent.must_wait = True
                continue
            yield Directory(name, parent, wanted, there, flags)

    def _is_our_own(self, path: str) -> bool:
        found = self._source.find(path)
        return found is not None and self._left_out.met(path, found)


def _statistics_of(receipt: Receipt) -> CopyStatistics:
    return CopyStatistics(
        number_of_files=receipt.files,
        number_of_files_transferred=receipt.transferred,
        number_of_files_linked=receipt.kept + receipt.linked,
        total_file_size=receipt.size,
        total_transferred_file_size=receipt.transferred_size,
        vanished_files=receipt.vanished,
    )
