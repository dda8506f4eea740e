"""The leader of a fleet: it shares a backup out, works at it too, and goes on alone once all is there."""

import time
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import chain

from efs_backup.copy_worker.directory import UNKNOWN
from efs_backup.copy_worker.error_numbers import NO_SPACE
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.errors import CopyFailed
from efs_backup.domain.humanize import counted
from efs_backup.domain.ports import Watcher
from efs_backup.domain.sharing.attempts import Attempt, Decision, Standing, Step, decide_share, doubtful
from efs_backup.domain.sharing.fleet import Delivery, Fleet, QueueFailed
from efs_backup.domain.sharing.order import SHARES_FOR_EACH, Order, Top, shared_out
from efs_backup.domain.sharing.result import ShareResult
from efs_backup.engine.finalize.hard_links import LinkFacts
from efs_backup.engine.machine.stop import PartStop, Stop
from efs_backup.engine.proof.handed_over import lines_of, take_in
from efs_backup.engine.runs.sharing.attempting import Attempting
from efs_backup.engine.runs.sharing.lanes import Lanes
from efs_backup.engine.runs.sharing.learning import teach
from efs_backup.engine.runs.sharing.trash_shares import trash_places
from efs_backup.engine.runs.sharing.work import ShareWork, device_of, take_in_links, take_in_proofs
from efs_backup.engine.runs.transfer import Transferred
from efs_backup.engine.series.shares import OrderFiles, orders_left

RECEIVE_SECONDS = 2.0
_RECEIVE_BESIDE_SECONDS = 1.0
"""How long the queue is waited for while something is done beside."""
MUTE_SECONDS = 60.0
"""How long a queue that does not answer is left alone: a client may take as long to find that out."""

HALT_SECONDS = 60.0
"""How long the others may take to end what is under way, once they are asked to stop."""

_LOOK_SECONDS = 0.5
_ENDING_SECONDS = 10.0


@dataclass
class Known:
    """The leader's knowledge of an attempt. heard: when it was heard of last, by the leader's own clock."""

    attempt: Attempt
    heard: float
    beat: int = 0
    done: CopyStatistics = CopyStatistics()
    result: ShareResult | None = None
    failure: str | None = None

    def standing(self, now: float) -> Standing:
        """How it stands."""
        return Standing(self.attempt, self.result is not None, self.failure, now - self.heard)


@dataclass
class Leading:
    """Leads one order; see `efs_backup.engine.runs.transfer.Sharing`. order: without its shares.

    is_alone: nobody else can be at work, as far as the leader knows. is_fence_asked: the others were to be terminated.
    """

    fleet: Fleet
    files: OrderFiles
    order: Order
    work: ShareWork
    stop: Stop
    watcher: Watcher
    note: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    is_alone: bool = True
    is_fence_asked: bool = False
    _lanes: Lanes[ShareResult | None] = field(default_factory=Lanes)
    _known: dict[str, Known] = field(default_factory=dict)
    _dead: set[int] = field(default_factory=set)
    _handed: float = 0.0
    _base: CopyStatistics = CopyStatistics()
    _mute_since: float | None = None
    _here: Stop = field(init=False)

    def __post_init__(self) -> None:
        self._here = PartStop(self.stop)

    @property
    def shared_at(self) -> int:
        """See Sharing."""
        return self.fleet.workers * SHARES_FOR_EACH

    def hand_out(self, tops: Sequence[Top]) -> None:
        """See Sharing."""
        is_restore = self.order.restored is not None
        trash = [] if is_restore else trash_places(self.work.series, self.shared_at)
        self.order = replace(self.order, shares=shared_out(tops, trash, self.fleet.workers))
        if not is_restore:  # which has made sure first that it can write there
            self.files.make()
        self.files.write_order(self.order)
        self.is_alone = False
        self._handed = self.clock()
        self.note(f"{counted(len(self.order.walks), 'share')} for {self.fleet.workers} instances.")
        with self._queue():
            self.fleet.queue.send(self.order.identity, range(len(self.order.shares)))

    def finish(self, done: Transferred, links: LinkFacts) -> bool:
        """See Sharing."""
        self._base = done.statistics
        try:
            while self._missing():
                if self.stop.is_due() or self._is_full():
                    break
                self._go_on()
            self._end_lanes()
        except OSError as error:
            if error.errno not in NO_SPACE:
                raise
            done.is_full = True
        done.is_full |= self._is_full()
        if done.is_full or self._missing():
            self.halt()
            self._add_up(done)
            return False
        self._close_fence()
        return self._gather(done, links)

    def _end_lanes(self) -> None:
        """End what is still under way here, which nobody needs: a share that somebody else has ended, or the trash."""
        self._here.ask("all shares are done")
        while self._lanes.under_way:
            self._lanes.settled(_LOOK_SECONDS)
            self._beat()

    def halt(self) -> None:
        """Have all stop, and wait for that, not for long."""
        self._here.ask("the order is over")
        if self.is_alone:
            return
        with suppress(OSError):
            self.files.stop()
        give_up = self.clock() + HALT_SECONDS
        while (at_work := self._at_work()) and self.clock() < give_up:
            time.sleep(_LOOK_SECONDS)
            self._beat()
        self.is_alone = not at_work
        if at_work:
            names = ", ".join(sorted({one.attempt.by for one in at_work}))
            self.note(f"Nothing is heard of {names}: what it has written is not believed before it is looked at.")

    def shut_out(self) -> None:
        """Have the others stop, and be gone: also where they are not needed any more. Raises NotFenced."""
        self.halt()
        self._close_fence()

    def _close_fence(self) -> None:
        self.is_fence_asked = True
        self.fleet.fence.close(self._beat)
        self.is_alone = True

    def close(self) -> None:
        """Have nothing left of the order, unless somebody may still be at work."""
        with suppress(OSError):
            self.halt()
        self._lanes.end_within(_ENDING_SECONDS)
        if self.is_alone:
            self.files.remove()

    def _at_work(self) -> list[Known]:
        self._look()
        return [one for one in self._known.values() if not one.standing(0).has_ended]

    def _missing(self) -> frozenset[int]:
        self._look()
        return self.order.walks - self._done

    def _is_full(self) -> bool:
        return any(one.result and one.result.is_full for one in self._known.values())

    def _go_on(self) -> None:
        """Begin the next share that the queue hands over, or what it hands to nobody."""
        self._lanes.settled(0)
        if not self._lanes.has_room:
            self._lanes.settled(_LOOK_SECONDS)
            self._beat()
            return
        if delivery := self._received():
            self._begin_handed(delivery)
            return
        self._begin_left_over()
        if self._mute_since is not None:
            time.sleep(_LOOK_SECONDS)
        self._beat()

    def _begin_handed(self, delivery: Delivery) -> None:
        """Begin a share that the queue hands over, if it still is to be done."""
        self._handed = self.clock()
        is_ours = delivery.order == self.order.identity and delivery.share in range(len(self.order.shares))
        if is_ours and delivery.share in self._lanes.under_way:
            return  # handed over twice: it stays hidden, and is done by then
        if is_ours and delivery.share not in self._done:
            self._begin(delivery.share, delivery)
            return
        with self._queue():
            self.fleet.queue.done(delivery)

    def _begin_left_over(self) -> None:
        """Begin a share that the queue hands to nobody, if any. Raises CopyFailed of one that cannot be had."""
        for share in sorted(self._missing() - self._lanes.under_way):
            decision = self._decide(share)
            if decision.step is Step.FAIL:
                raise CopyFailed(self._told(share, decision), "Look at the logs of the instances; then run it again.")
            if decision.step is Step.TAKE:
                self.note(f"Share {share}: {decision.reason}.")
                self._begin(share)
                return

    @property
    def _done(self) -> frozenset[int]:
        """The shares of which a result is known."""
        return frozenset(one.attempt.share for one in self._known.values() if one.result)

    def _received(self) -> Delivery | None:
        delivery = None
        if self._mute_since is None or self.clock() - self._mute_since > MUTE_SECONDS:
            with self._queue():
                delivery = self.fleet.queue.receive(
                    min(RECEIVE_SECONDS, _RECEIVE_BESIDE_SECONDS) if self._lanes.under_way else RECEIVE_SECONDS
                )
                self._dead |= {one.share for one in self.fleet.queue.dead() if one.order == self.order.identity}
        return delivery

    @contextmanager
    def _queue(self) -> Iterator[None]:
        """Go on where the queue does not answer; said once."""
        try:
            yield
            self._mute_since = None
        except QueueFailed as failed:
            if self._mute_since is None:
                self.note(f"The queue of the shares does not answer: {failed.message}")
            self._mute_since = self.clock()

    def _decide(self, share: int) -> Decision:
        now = self.clock()
        attempts = [one.standing(now) for one in self._known.values() if one.attempt.share == share]
        patience = 0.0 if self._mute_since is not None else self.fleet.queue.hidden_seconds
        return decide_share(attempts, is_dead=share in self._dead, waited=now - self._handed, patience=patience)

    def _told(self, share: int, decision: Decision) -> str:
        paths = ", ".join(repr(top.path) for top in self.order.shares[share].tops[:3])
        return f"Share {share} ({paths}) cannot be brought: {decision.reason}."

    def _begin(self, share: int, delivery: Delivery | None = None) -> None:
        attempting = Attempting(
            self.fleet, self.files, self.order, self.work, self._here, self.note, lambda _done: self._tell()
        )
        self._lanes.begin(share, lambda: attempting.do(share, delivery))
        self._beat()

    def _look(self) -> None:
        """Look at what the attempts have written."""
        if self.is_alone:
            return
        now, names = self.clock(), self.files.names()
        for attempt in self.files.attempts(names, self._known):
            self._known[attempt.key] = Known(attempt, now)
        for known in self._known.values():
            if not known.standing(now).has_ended:
                self._look_at(known, names, now)

    def _look_at(self, known: Known, names: Container[str], now: float) -> None:
        beat, known.done = self.files.life(known.attempt, names)
        if beat != known.beat:
            known.beat, known.heard = beat, now
        try:
            ended = self.files.ended(known.attempt, names)
        except ValueError as error:
            ended = f"its result cannot be read: {error}"
        if isinstance(ended, ShareResult):
            known.result = ended
        else:
            known.failure = ended

    def _beat(self) -> None:
        """Something moves, whoever moves it."""
        self.work.spec.source.throttle.beat()
        self._tell()

    def _tell(self) -> None:
        known = [*self._known.values()]
        self.watcher.progress(sum((one.result.statistics if one.result else one.done for one in known), self._base))

    def _add_up(self, done: Transferred) -> None:
        """Count what was done of a backup that is cut off, and have the hashes for the one that goes on from there."""
        mine = self.work.spec.gathered
        for one in self._known.values():
            if one.result:
                done.statistics += one.result.statistics
            if one.result and mine and not mine.fault and one.result.base == self.order.base:
                with suppress(OSError, ValueError):
                    take_in_proofs(self.files, one.attempt, mine)

    def _gather(self, done: Transferred, links: LinkFacts) -> bool:
        """Take in what the others have brought; what more than one was at is walked again, now that nobody else is."""
        attempts = self.files.attempts()
        again = doubtful(self.order.walks, attempts)
        for attempt in attempts:
            if attempt.share not in again and attempt.share in self.order.walks:
                again |= self._taken_in(attempt, done, links)
        return all(self._walk_again(share, done, links) for share in sorted(again))

    def _taken_in(self, attempt: Attempt, done: Transferred, links: LinkFacts) -> frozenset[int]:
        """Take in a result; gives its share where that cannot be had."""
        result, mine = self._known[attempt.key].result, self.work.spec.gathered
        if result is None or (mine and not result.fault and result.base != self.order.base):
            return frozenset({attempt.share})
        try:
            found = LinkFacts()
            take_in_links(self.files, attempt, found, device_of(self.work.spec.source.descriptor))
            if mine and not mine.fault and not result.fault:
                take_in_proofs(self.files, attempt, mine)
        except (OSError, ValueError, TypeError) as error:
            self.note(f"The result of share {attempt.share} cannot be read ({error}): it is walked again.")
            return frozenset({attempt.share})
        links.take_in(found)
        self._take(result, result.statistics, done)
        return frozenset()

    def _take(self, result: ShareResult, statistics: CopyStatistics, done: Transferred) -> None:
        teach(self.work.spec.left_out, result.learned, self.work.spec.source)
        done.statistics += statistics
        done.compared, done.rewritten = done.compared + result.compared, done.rewritten + result.rewritten
        done.troubles += result.troubles
        done.notes += result.notes
        mine = self.work.spec.gathered
        if mine and result.fault:
            mine.fault = mine.fault or result.fault

    def _walk_again(self, share: int, done: Transferred, links: LinkFacts) -> bool:
        """Walk a share once more. What others have copied of it is found as it should be, and counts as copied."""
        tops = tuple(replace(top, there=UNKNOWN) for top in self.order.shares[share].tops)
        mine = self.work.spec.gathered
        with self.work.anew(tops).done(tops, None, self.stop, self.watcher) as again:
            if not again.result.is_whole:
                done.is_full |= again.result.is_full
                return False
            if mine and again.gathered and not mine.fault and not again.result.fault:
                take_in(mine, lines_of(again.gathered), again.gathered.spooled())
            links.take_in(again.links)
            self._take(again.result, self._counted(share, again.result.statistics), done)
        return True

    def _counted(self, share: int, again: CopyStatistics) -> CopyStatistics:
        known = [one.result or one for one in self._known.values() if one.attempt.share == share]
        told = [one.statistics if isinstance(one, ShareResult) else one.done for one in known]
        before = max(told, key=lambda one: one.number_of_files_transferred, default=CopyStatistics())
        copied = min(before.number_of_files_transferred, again.number_of_files_linked)
        return replace(
            again,
            number_of_files_linked=again.number_of_files_linked - copied,
            number_of_files_transferred=again.number_of_files_transferred + copied,
            total_transferred_file_size=again.total_transferred_file_size + before.total_transferred_file_size,
        )


@contextmanager
def led(
    fleet: Fleet, order: Order, work: ShareWork, stop: Stop, watcher: Watcher, note: Callable[[str], None]
) -> Iterator[Leading]:
    """Lead while the block runs; nobody is left at work afterwards, as far as that can be had. Raises NotFenced."""
    end_orders(orders_left(work.series), fleet, work.spec.source.throttle.beat, note)
    leading = Leading(fleet, OrderFiles(work.series, order.identity), order, work, stop, watcher, note)
    with closing(leading):
        yield leading


def end_orders(
    former: Sequence[OrderFiles], fleet: Fleet, beat: Callable[[], None], note: Callable[[str], None]
) -> None:
    """See to it that nobody is at work by the orders of a leader that was lost. Raises NotFenced."""
    for files in former:
        with suppress(OSError):
            files.stop()
    give_up = time.monotonic() + HALT_SECONDS
    while (others := _others(former, fleet.name)) and time.monotonic() < give_up:
        time.sleep(_LOOK_SECONDS)
        beat()
    if others:
        note(f"By a former order {', '.join(sorted(others))} may be at work still: terminated before anything begins.")
        fleet.fence.expel(others, beat)
    for files in former:
        files.remove()


def _others(former: Sequence[OrderFiles], own: str) -> set[str]:
    """The instances of which an attempt has not ended."""
    return {*chain.from_iterable(map(_unended, former))} - {own}


def _unended(files: OrderFiles) -> Iterator[str]:
    with suppress(FileNotFoundError):
        names = files.names()
        for attempt in files.attempts(names):
            try:
                has_ended = files.ended(attempt, names) is not None
            except ValueError:
                has_ended = True  # torn, so that somebody has come to writing it
            if not has_ended:
                yield attempt.by
