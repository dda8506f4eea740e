"""The leave to write to the source: the role of the instance has it while a restore runs that needs it, and no longer.

Each step that may change what is running makes the permission what it should be by the records, instead of giving or
taking it itself: a step that was lost, or came twice, or late, is made good by the next.
"""

import logging
from datetime import datetime

from efs_backup.domain.operations.workflow import needs_writing
from efs_backup.orchestrator.records import find_latest
from efs_backup.orchestrator.services import Services

_LOOKS = 3

_logger = logging.getLogger(__name__)


def settle_leave(services: Services, now: datetime) -> None:
    """Give the leave, or take it. Who starts a restore meanwhile is seen by the second look: the record comes first."""
    if services.writing is None:
        return
    for _ in range(_LOOKS):
        wanted = _is_wanted(services, now)
        if wanted:
            services.writing.give()
        else:
            services.writing.take()
        if _is_wanted(services, now) is wanted:
            return


def try_to_settle_leave(services: Services, now: datetime) -> None:
    """The same where something else must go on whatever IAM answers; the next reconcile tries again."""
    try:
        settle_leave(services, now)
    except Exception:
        _logger.exception("The leave to write to the source could not be set right; the next reconcile tries again")


def _is_wanted(services: Services, now: datetime) -> bool:
    _, latest = find_latest(services.store)
    beside = services.store.backups() if services.settings.concurrent_backups > 1 else ()
    return any(needs_writing(each, now, services.settings.lifecycle_hold_minutes) for each in (latest, *beside))
