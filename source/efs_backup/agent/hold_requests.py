"""The agent holds, or ends holds, as somebody has asked while no instance ran."""

from pathlib import Path

from efs_backup.agent.requests import Asked, carry_out
from efs_backup.agent.services import BackupServices
from efs_backup.domain.operations.hold_requests import HoldAction, HoldRequest
from efs_backup.engine.series.hold import By, hold_all, release
from efs_backup.engine.series.series import Series


def carry_out_holds(services: BackupServices, target: Path) -> list[str]:
    """Do what is asked for; gives what was done, in sentences. Raises BackupError where a hold cannot be made.

    It comes before the backup, which may trip by itself: a hold of tonight is not the one that was to be released.
    """
    holds, settings = services.holds, services.settings
    if holds is None:
        return []
    series = Series(target, settings.folder_label, settings.interval, services.machine.clock())
    return carry_out(Asked(holds.pending, lambda one: _do(series, one), lambda one, _done: holds.done(one)), target)


def _do(series: Series, request: HoldRequest) -> str:
    by = By(request.by, request.at, request.reason)
    return _hold(series, by) if request.action is HoldAction.HOLD else _release(series, by)


def _hold(series: Series, by: By) -> str:
    if not series.exists:
        return f"There is nothing yet to be held (asked for by {by.who}: {by.reason})."
    cause = hold_all(series, by)
    return f"What is older than {cause.since} is held, as {by.who} has asked: {cause.reason}."


def _release(series: Series, by: By) -> str:
    """Holds that came after it was asked for stay: nobody can have meant them."""
    notes = list[str]()
    gone = release(series, by, is_late=True, note=notes.append) if series.exists else None
    if gone is None or not gone.holds:
        when = f"{by.at:%Y-%m-%d %H:%M} UTC"
        return f"There is no hold that {by.who} could have meant when asking on {when} for its release."
    done = f"The hold since {gone.since} is released, as {by.who} has asked: {by.reason}."
    return " ".join([done, *notes])
