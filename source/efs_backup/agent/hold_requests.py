"""The agent holds, or ends holds, as somebody has asked while no instance ran."""

import logging
from pathlib import Path

from efs_backup.agent.services import BackupServices
from efs_backup.domain.errors import BackupError
from efs_backup.domain.operations.hold_requests import HoldAction, HoldRequest
from efs_backup.engine.machine.patience import within
from efs_backup.engine.series.hold import By, hold_all, release
from efs_backup.engine.series.series import Series
from efs_backup.lib.insisting import insist

_logger = logging.getLogger(__name__)


def carry_out(services: BackupServices, target: Path) -> list[str]:
    """Do what is asked for, in the order in which it was; gives what was done, in sentences.

    It comes before the backup, which may trip by itself: a hold of tonight is not the one that was to be released.
    Raises BackupError where a hold cannot be made, for the backup would drop what is to be kept.
    """
    if services.holds is None:
        return []
    told = []
    for request in insist(services.holds.pending):
        sentence = _carry_out(services, target, request)
        _logger.info("%s", sentence)
        told.append(sentence)
    return told


def _carry_out(services: BackupServices, target: Path, request: HoldRequest) -> str:
    settings, holds = services.settings, services.holds
    series = Series(target, settings.folder_label, settings.interval, services.machine.clock())
    by = By(request.by, request.at, request.reason)
    try:
        done = within(
            lambda: _hold(series, by) if request.action is HoldAction.HOLD else _release(series, by), str(target)
        )
    except BackupError as error:
        if request.action is HoldAction.HOLD:
            raise
        return f"The hold could not be released, and is by the next backup: {error.message}"
    if holds:
        insist(lambda: holds.done(request))
    return done


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
