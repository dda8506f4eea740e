"""The leave to write to the source: the role of the instance has it while a restore runs that needs it, and no longer.

Each step that may change what is running makes the permission what it should be by the records, instead of giving or
taking it itself: a step that was lost, or came twice, or late, is made good by the next.
"""

import logging
from datetime import datetime, timedelta

from efs_backup.domain.operations.leave_report import report_on_leave
from efs_backup.domain.operations.restore_record import writes
from efs_backup.domain.operations.workflow import needs_writing
from efs_backup.orchestrator.records import find_latest
from efs_backup.orchestrator.services import Services

_LOOKS = 3
_LAST_STEPS = timedelta(hours=1)
"""An instance is held for its agent so long at most; a lost event is made good within half of that."""

_logger = logging.getLogger(__name__)


def settle_leave(services: Services, now: datetime) -> bool:
    """Give the leave, or take it; gives whether somebody had it for nothing.

    Who starts a restore meanwhile is seen by the second look: the record comes first.
    """
    if services.writing is None:
        return False
    was_given = False
    for _ in range(_LOOKS):
        wanted = _is_wanted(services, now)
        if wanted:
            services.writing.give()
        else:
            was_given |= services.writing.take()
        if _is_wanted(services, now) is wanted:
            break
    return was_given


def try_to_settle_leave(services: Services, now: datetime) -> None:
    """The same where something else must go on whatever IAM answers; the next reconcile tries again."""
    try:
        settle_leave(services, now)
    except Exception:
        _logger.exception("The leave to write to the source could not be set right; the next reconcile tries again")


def look_after_leave(services: Services, now: datetime) -> Exception | None:
    """Set it right where no other step comes soon; gives why it could not be, to be raised when all else is done.

    A leave that nobody had to have is told: a step of ours takes it within the hour, so somebody else has given it.
    """
    try:
        if settle_leave(services, now) and not _has_ended_lately(services, now):
            _logger.warning("The leave to write to the source was given while no restore ran; it is taken back")
            services.notifier.report(report_on_leave(services.settings))
    except Exception as cause:
        _logger.exception("The leave to write to the source could not be set right, or that it was given not be told")
        return cause
    return None


def _has_ended_lately(services: Services, now: datetime) -> bool:
    """Whether a restore has ended whose last step, which takes the leave, may still come."""
    ends = (each.stop_time for each in services.store.backups() if writes(each))
    return any(now - end < _LAST_STEPS for end in ends if end is not None)


def _is_wanted(services: Services, now: datetime) -> bool:
    _, latest = find_latest(services.store)
    beside = services.store.backups() if services.settings.concurrent_backups > 1 else ()
    return any(needs_writing(each, now, services.settings.lifecycle_hold_minutes) for each in (latest, *beside))
