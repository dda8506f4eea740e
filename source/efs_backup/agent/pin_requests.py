"""The agent pins, releases and notes snapshots, as somebody has asked while no instance ran."""

from collections.abc import Callable
from pathlib import Path

from efs_backup.agent.requests import Asked, carry_out
from efs_backup.agent.services import BackupServices
from efs_backup.domain.errors import NothingThere
from efs_backup.domain.operations.pin_requests import PinAction, PinRequest
from efs_backup.engine.series.pinning import pin, say, unpin
from efs_backup.engine.series.series import Series


def carry_out_pins(services: BackupServices, target: Path) -> list[str]:
    """Do what is asked for; gives what was done, in sentences. Raises BackupError where a pin cannot be made."""
    pins, clock, settings = services.pins, services.machine.clock, services.settings
    if pins is None:
        return []
    series = Series(target, settings.folder_label, settings.interval, clock())
    asked = Asked(pins.pending, lambda one: _do(series, one), lambda one, done: pins.done(one, clock(), done))
    return carry_out(asked, target)


def _do(series: Series, request: PinRequest) -> str:
    """Raises NothingThere, WrongUsage and BackupError."""
    wish, notes = request.wish, list[str]()
    if not series.exists:
        raise NothingThere("there is no snapshot yet.")
    done = _act(series, request, notes.append)
    return " ".join([f"{done}, as {wish.by} has asked{f': {wish.text}' if wish.text else ''}.", *notes])


def _act(series: Series, request: PinRequest, note: Callable[[str], None]) -> str:
    wish, name = request.wish, request.wish.snapshot
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
