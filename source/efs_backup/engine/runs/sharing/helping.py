"""A helper of a fleet: it does the shares that the queue hands over, and nothing else, until it is told to end."""

import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from efs_backup.copy_worker.throttle import Throttle
from efs_backup.domain.copying.commands import Comparing, Purpose
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.errors import CopyFailed
from efs_backup.domain.humanize import counted
from efs_backup.domain.ports import Watcher
from efs_backup.domain.requests.excludes import ExcludePattern
from efs_backup.domain.requests.requests import BackupRequest
from efs_backup.domain.requests.tuning import Tuning
from efs_backup.domain.sharing.fleet import Delivery, Fleet, QueueFailed
from efs_backup.domain.sharing.order import Order
from efs_backup.domain.snapshots.names import SHARES_NAME, FolderLabel, Interval, SnapshotName
from efs_backup.engine.machine.process import Runner, Tools
from efs_backup.engine.machine.stop import PartStop, Stop
from efs_backup.engine.runs.backup_inside import left_out_of_backup
from efs_backup.engine.runs.preflight import check_backup, check_source, refuse_nesting
from efs_backup.engine.runs.proving import Proving
from efs_backup.engine.runs.sharing.attempting import Attempting
from efs_backup.engine.runs.sharing.lanes import Lanes
from efs_backup.engine.runs.sharing.opened import Opened
from efs_backup.engine.runs.sharing.work import ShareWork
from efs_backup.engine.runs.transfer import TransferSpec
from efs_backup.engine.series.flush_marks import FLUSH_PATIENCE_SECONDS, Flusher, FlushMark
from efs_backup.engine.series.series import Series
from efs_backup.engine.series.shares import OrderFiles
from efs_backup.engine.series.unfinished import UnfinishedFiles
from efs_backup.engine.trees.tree import Tree

_RECEIVE_SECONDS = 2.0
_MUTE_SECONDS = 5.0
_ENDING_SECONDS = 60.0
_ROOM_SECONDS = 0.5
"""How long it is waited for the end of a share before it is looked whether to stop."""


@dataclass(frozen=True)
class HelpRequest:
    """Between what and as what a helper works, as it knows it itself: nobody can send it elsewhere."""

    source: str
    backup: str
    label: FolderLabel
    interval: Interval
    tuning: Tuning = Tuning()


@dataclass(frozen=True)
class Helped:
    """The work that a helper has done in all."""

    shares: int = 0
    statistics: CopyStatistics = CopyStatistics()

    def __add__(self, other: "Helped") -> "Helped":
        return Helped(self.shares + other.shares, self.statistics + other.statistics)


class Helping:
    """Helps until there is a reason to stop.

    orders: the directory of the series in which the orders lie that are meant.
    """

    orders = SHARES_NAME

    def __init__(self, request: HelpRequest, fleet: Fleet, *, runner: Runner, stop: Stop, watcher: Watcher) -> None:
        self._request = request
        self._fleet = fleet
        self._runner = runner
        self._stop = stop
        self._watcher = watcher
        self._helped = Helped()
        self._lanes = Lanes[Helped]()
        self._here = PartStop(stop)
        self._under_way = dict[int, CopyStatistics]()

    def run(self) -> Helped:
        """Do shares until `stop` is due. Raises BackupError where nothing can be done here at all."""
        opened = self._opened()
        try:
            self._help(opened)
        finally:
            self._here.ask("a share beside it failed")
            if self._lanes.end_within(_ENDING_SECONDS):  # else somebody still works in what is open
                opened.close()
        return self._helped

    def _opened(self) -> Opened:
        """All that an order may name. Raises BackupError."""
        tools = Tools.find(self._runner)
        source, backup = check_source(self._request.source), check_backup(self._request.backup)
        refuse_nesting(source, "SOURCE", backup, "BACKUP")
        series = Series(backup, self._request.label, self._request.interval, datetime.now(UTC))
        return _Opened(self._request, source, series, self._runner, tools, self._watcher.note)

    def _help(self, opened: Opened) -> None:
        while not self._stop.is_due():
            self._settle(0 if self._lanes.has_room else _ROOM_SECONDS)
            if self._lanes.has_room and (delivery := self._received()):
                self._do(delivery, opened)
        while self._lanes.under_way:
            self._settle(_ROOM_SECONDS)

    def _settle(self, seconds: float) -> None:
        if helped := self._lanes.settled(seconds):
            self._helped += helped

    def _received(self) -> Delivery | None:
        try:
            return self._fleet.queue.receive(_RECEIVE_SECONDS)
        except QueueFailed as failed:
            self._watcher.note(f"The queue of the shares does not answer: {failed.message}")
            give_up = time.monotonic() + _MUTE_SECONDS
            while time.monotonic() < give_up and not self._stop.is_due():
                time.sleep(_RECEIVE_SECONDS / 4)
            return None

    def _do(self, delivery: Delivery, opened: Opened) -> None:
        """Do a share; one whose order is over is nobody's any more."""
        files = order = None
        try:
            files = OrderFiles(opened.series.path, delivery.order, self.orders)
            order = files.order()
        except (OSError, ValueError) as error:
            self._watcher.note(f"Share {delivery.share} of {delivery.order} is no work for anybody: {error}.")
        if files is None or order is None or files.is_over() or not 0 <= delivery.share < len(order.shares):
            with suppress(QueueFailed):
                self._fleet.queue.done(delivery)
            return
        while not opened.is_of(order) and self._lanes.under_way:
            self._settle(_ROOM_SECONDS)  # the former order is closed only when nobody works by it
        if delivery.share in self._lanes.under_way:
            return  # handed over twice: it stays hidden, and is done by then
        with suppress(FileNotFoundError):  # the order is over
            work = opened.work(order)
            self._watcher.step(f"share {delivery.share}")
            self._lanes.begin(delivery.share, lambda: self._helped_by(delivery, files, order, work))

    def _helped_by(self, delivery: Delivery, files: OrderFiles, order: Order, work: ShareWork) -> Helped:
        """Do a share; nothing where its order is over."""
        attempting = Attempting(
            self._fleet, files, order, work, self._here, self._watcher.note, lambda done: self._tell(delivery, done)
        )
        try:
            result = attempting.do(delivery.share, delivery)
        except FileNotFoundError:
            return Helped()
        except OSError as error:  # a full disk: the leader meets it too, and decides
            raise CopyFailed(f"Share {delivery.share} cannot be brought: {error}.") from error
        finally:
            self._under_way.pop(delivery.share, None)
        if not result:
            return Helped()
        self._watcher.note(f"Share {delivery.share}: {counted(result.statistics.number_of_files, 'file')}.")
        return Helped(1, result.statistics)

    def _tell(self, delivery: Delivery, done: CopyStatistics) -> None:
        self._under_way[delivery.share] = done
        self._watcher.progress(sum([*self._under_way.values()], self._helped.statistics))


class _Opened(Opened):
    """The open directories of a backup's order."""

    def __init__(
        self, request: HelpRequest, source: Path, series: Series, runner: Runner, tools: Tools,
        note: Callable[[str], None],
    ) -> None:  # fmt: skip
        super().__init__(series, runner, tools, note)
        self._request = request
        self._source = source

    def _open(self, order: Order) -> ShareWork:
        name, series, stack = SnapshotName.parse(order.snapshot), self.series, self._stack
        if name is None:
            raise CopyFailed(f"{order.snapshot!r} is no snapshot.")
        partial, throttle = series.partial_path(name), Throttle(self._request.tuning.operations_per_second)
        source, target = (stack.enter_context(Tree(path, throttle)) for path in (self._source, partial))
        mark = FlushMark(series.path, name)
        flusher = stack.enter_context(closing(Flusher(self._runner, partial, mark, beat=throttle.beat)))
        proving = Proving(series, self._note, lambda warned: self._note(str(warned)))
        bases = [base for text in [order.base] if text and (base := SnapshotName.parse(text))]
        return ShareWork(
            self._spec(order, source, target), series.path, stack.enter_context(proving.basis(bases)), self._runner,
            self._tools, self._note, lambda: flusher.flush(FLUSH_PATIENCE_SECONDS),
        )  # fmt: skip

    def _spec(self, order: Order, source: Tree, target: Tree) -> TransferSpec:
        series = self.series
        return TransferSpec(
            source, target, Purpose.BACKUP, self._request.tuning, Comparing(order.time_step_ns, order.with_content),
            left_out_of_backup(source, self._settled(order), series),
            references=tuple(series.label_path / place for place in order.references), trash=series.trash,
            unfinished=UnfinishedFiles(series.path).make(), trusted_until_ns=order.trusted_until_ns,
            damaged=frozenset(order.damaged),
        )  # fmt: skip

    def _settled(self, order: Order) -> BackupRequest:
        """The rules of the backup, as its leader has settled them."""
        request = self._request
        excludes = tuple(ExcludePattern(text) for text in order.excludes)
        return BackupRequest(
            request.source, request.backup, request.label, request.interval, excludes=excludes,
            one_file_system=order.one_file_system,
        )  # fmt: skip
