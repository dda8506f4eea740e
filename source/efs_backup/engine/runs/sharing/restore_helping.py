"""A helper of a restore: it does the shares that the queue hands over, into the directory that it knows itself."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from efs_backup.copy_worker.throttle import Throttle
from efs_backup.domain.copying.commands import Comparing, Purpose
from efs_backup.domain.errors import CopyFailed, NothingThere, WrongUsage
from efs_backup.domain.ports import Watcher
from efs_backup.domain.requests.requests import RestoreRequest
from efs_backup.domain.requests.tuning import Tuning
from efs_backup.domain.sharing.fleet import Fleet
from efs_backup.domain.sharing.order import Order, Restored
from efs_backup.domain.snapshots.names import RESTORES_NAME, FolderLabel, Interval, SnapshotName
from efs_backup.domain.snapshots.selection import Selection
from efs_backup.engine.machine.mounts import mounts_below
from efs_backup.engine.machine.process import Runner, Tools
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.preflight import check_backup
from efs_backup.engine.runs.restore_plan import Selected, choose_selected
from efs_backup.engine.runs.sharing.helping import Helping, HelpRequest
from efs_backup.engine.runs.sharing.opened import Opened
from efs_backup.engine.runs.sharing.restore_work import left_out_of_restore, restore_work
from efs_backup.engine.runs.sharing.work import ShareWork
from efs_backup.engine.runs.transfer import TransferSpec
from efs_backup.engine.series.series import Series
from efs_backup.engine.trees.straight import is_straight
from efs_backup.engine.trees.tree import Tree


@dataclass(frozen=True)
class RestoreHelpRequest:
    """From what and into what a helper restores, as it knows it itself: nobody can send it elsewhere.

    within: the root of the target's file system, from which no symlink may lead to the target.
    """

    backup: str
    target: str
    within: str
    label: FolderLabel
    interval: Interval
    tuning: Tuning = Tuning()


class RestoreHelping(Helping):
    """Helps with a restore until there is a reason to stop."""

    orders = RESTORES_NAME

    def __init__(
        self, request: RestoreHelpRequest, fleet: Fleet, *, runner: Runner, stop: Stop, watcher: Watcher
    ) -> None:  # fmt: skip
        own = HelpRequest(request.target, request.backup, request.label, request.interval, request.tuning)
        super().__init__(own, fleet, runner=runner, stop=stop, watcher=watcher)
        self._restored = request

    def _opened(self) -> Opened:
        """See Helping. The target may have to be made by the leader first."""
        request, tools = self._restored, Tools.find(self._runner)
        series = Series(check_backup(request.backup), request.label, request.interval, datetime.now(UTC))
        return _Opened(request, series, self._runner, tools, self._watcher.note)


class _Opened(Opened):
    """The open directories of a restore's order."""

    def __init__(
        self, request: RestoreHelpRequest, series: Series, runner: Runner, tools: Tools, note: Callable[[str], None]
    ) -> None:  # fmt: skip
        super().__init__(series, runner, tools, note)
        self._request = request

    def _open(self, order: Order) -> ShareWork:
        """See Opened."""
        if order.restored is None:
            raise CopyFailed("It is no order of a restore.")
        part, throttle = self._part(order, order.restored), Throttle(self._request.tuning.operations_per_second)
        source = self._stack.enter_context(part.opened(throttle))
        target = self._stack.enter_context(Tree(Path(self._request.target), throttle))
        self._check(target, order.restored)
        spec = TransferSpec(
            source, target, Purpose.RESTORE, self._request.tuning, Comparing(order.time_step_ns, order.with_content),
            left_out_of_restore((), order.restored.chosen),
        )  # fmt: skip
        return restore_work(spec, self.series.path, self._runner, self._tools, order.identity, self._note)

    def _part(self, order: Order, restored: Restored) -> Selected:
        """The directory of the snapshot, found as the leader has found it. Raises CopyFailed."""
        name, request = SnapshotName.parse(order.snapshot), self._request
        wanted = RestoreRequest(
            request.backup, request.target, request.label, request.interval, Selection(name=str(name)),
            (restored.path,) if restored.path else (), chosen=restored.chosen,
        )  # fmt: skip
        try:
            (part,) = choose_selected(self.series, wanted)
        except (NothingThere, WrongUsage) as error:
            raise CopyFailed(error.message) from error
        if part.only is not None:
            raise CopyFailed(f"{restored.path!r} of the snapshot is no directory.")
        return part

    def _check(self, target: Tree, restored: Restored) -> None:
        """Raises CopyFailed unless it is the directory that the leader has compared, and nothing is mounted in it."""
        place = Path(self._request.target)
        is_same = os.fstat(target.descriptor).st_ino == restored.target
        if not is_same or not is_straight(Path(self._request.within), place, target.descriptor):
            raise CopyFailed(f"Somebody has replaced the target {str(place)!r} meanwhile.")
        if {*mounts_below(str(place))} - {""}:
            raise CopyFailed(f"Something is mounted in the target {str(place)!r} here, and nowhere else.")
