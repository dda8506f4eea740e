"""The agent pins, releases and notes snapshots, as somebody has asked while no instance ran."""

import logging
from collections.abc import Callable
from pathlib import Path

from efs_backup.agent.services import BackupServices
from efs_backup.domain.errors import BackupError, NothingThere, WrongUsage
from efs_backup.domain.humanize import clipped
from efs_backup.domain.operations.pin_requests import PinAction, PinRequest
from efs_backup.engine.machine.patience import within
from efs_backup.engine.series.pinning import pin, say, unpin
from efs_backup.engine.series.series import Series
from efs_backup.lib.insisting import insist, tried

_logger = logging.getLogger(__name__)
_MOST_LETTERS = 1_000


def carry_out_pins(services: BackupServices, target: Path) -> list[str]:
    """Do what is asked for, in the order in which it was; gives what was done, in sentences.

    Raises BackupError where a pin cannot be made, for the backup may drop what is to be kept.
    """
    if services.pins is None:
        return []
    told = []
    pending, nothing = services.pins.pending, list[PinRequest]()
    for request in tried(lambda: insist(pending), nothing):  # what waits goes on waiting; the night is not lost for it
        sentence = _carry_out(services, target, request)
        _logger.info("%s", sentence)
        told.append(sentence)
    return told


def _carry_out(services: BackupServices, target: Path, request: PinRequest) -> str:
    wish, pins, now = request.wish, services.pins, services.machine.clock()
    series, notes = Series(target, services.settings.folder_label, services.settings.interval, now), list[str]()
    who = f"as {wish.by} has asked"
    try:
        done = within(lambda: _do(series, request, notes.append), str(target))
    except (NothingThere, WrongUsage) as refusal:
        done = f"The {wish.action} of {wish.snapshot} could not be carried out, {who}: {refusal.message}"
    except BackupError as error:
        if wish.action is PinAction.PIN:
            raise
        return f"The {wish.action} of {wish.snapshot} is carried out by the next backup, {who}: {error.message}"
    else:
        done = f"{done}, {who}{f': {wish.text}' if wish.text else ''}."
    if pins:
        insist(lambda: pins.done(request, now, clipped(done, _MOST_LETTERS)))
    return " ".join([done, *notes])


def _do(series: Series, request: PinRequest, note: Callable[[str], None]) -> str:
    """Raises NothingThere, WrongUsage and BackupError."""
    wish, name = request.wish, request.wish.snapshot
    if not series.exists:
        raise NothingThere("there is no snapshot yet.")
    match wish.action:
        case PinAction.PIN:
            pin(series, name, wish.text, wish.until, note, by=wish.by)
            return f"The snapshot {name} is pinned"
        case PinAction.UNPIN:
            unpin(series, name, wish.text, note, by=wish.by)
            return f"The pin of the snapshot {name} is released"
        case PinAction.NOTE:
            if all(known.name != name for known in series.snapshots()):
                raise NothingThere(f"There is no snapshot {name}.")
            say(series, name, wish.text, note, by=wish.by)
            return f"The snapshot {name} has {'a' if wish.text else 'no'} note"
