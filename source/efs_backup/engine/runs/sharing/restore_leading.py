"""The leader of a restore: it compares and makes way alone, shares the copy out, and is alone again at every end."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from efs_backup.domain.ports import Watcher
from efs_backup.domain.requests.requests import RestoreRequest
from efs_backup.domain.sharing.fleet import Fleet, NotFenced
from efs_backup.domain.sharing.order import Order, Restored
from efs_backup.domain.snapshots.names import RESTORES_NAME
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.restore_plan import Selected
from efs_backup.engine.runs.sharing.leading import Leading, end_orders
from efs_backup.engine.runs.sharing.orders import new_identity
from efs_backup.engine.runs.sharing.work import ShareWork
from efs_backup.engine.runs.transfer import TransferSpec
from efs_backup.engine.series.series import Series
from efs_backup.engine.series.shares import OrderFiles, orders_left


def order_of_restore(leader: str, request: RestoreRequest, part: Selected, spec: TransferSpec) -> Order:
    """The order for a part of a snapshot, under a new identity."""
    path = os.path.normpath(part.path.strip("/")) if part.path.strip("/") else ""
    restored = Restored("" if path == "." else path, request.chosen, os.fstat(spec.target.descriptor).st_ino)
    comparing = spec.comparing
    return Order(
        new_identity(), leader, str(part.snapshot), (), None, (), False, comparing.with_content, comparing.time_step_ns,
        None, (), (), restored,
    )  # fmt: skip


def end_restores(series: Series, fleet: Fleet, beat: Callable[[], None], note: Callable[[str], None]) -> None:
    """See to it that nobody is at work any more by the order of a restore whose leader was lost. Raises NotFenced."""
    end_orders(orders_left(series.path, RESTORES_NAME), fleet, beat, note)


@contextmanager
def led_restore(
    fleet: Fleet, order: Order, work: ShareWork, stop: Stop, watcher: Watcher, note: Callable[[str], None]
) -> Iterator[Leading | None]:
    """Lead while the block runs; None where nothing can be written beside the snapshots: then nobody can be told."""
    files = OrderFiles(work.series, order.identity, RESTORES_NAME)
    if why := _why_not_made(files):
        note(f"Restored by one instance: nothing can be written beside the snapshots ({why}).")
        yield None
        return
    leading = Leading(fleet, files, order, work, stop, watcher, note)
    with closing(leading):
        try:
            yield leading
        finally:
            _be_alone(leading, note)


def _why_not_made(files: OrderFiles) -> str:
    """Make a place for an order; why that cannot be, or nothing."""
    try:
        files.make()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _be_alone(leading: Leading, note: Callable[[str], None]) -> None:
    """Let nobody write into the target any more once the restore has ended, however it has.

    An instance that is itself on its way out is so with all others, and has no time for it.
    """
    if not leading.order.shares or leading.is_fence_asked or leading.stop.is_urgent:
        return
    try:
        leading.shut_out()
    except NotFenced as error:
        note(f"Others may still write into the target: {error.message} {error.next_step}")
