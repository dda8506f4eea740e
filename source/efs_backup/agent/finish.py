"""Finish, in the hold before the instance is terminated: the agent stops, the record is right, the instance may go."""

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from efs_backup.agent.backup import store_logs
from efs_backup.agent.own_record import give_back, own_ids
from efs_backup.agent.running import ask_to_stop, is_present
from efs_backup.agent.services import BackupServices
from efs_backup.domain.errors import RecordChanged, RecordFault, RecordGone
from efs_backup.domain.operations.lifecycle import LifecycleAction
from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.operations.record_endings import ended_without_result, is_served_by
from efs_backup.domain.operations.stop_cause import why_taken_away
from efs_backup.lib.insisting import insist, tried

HEARTBEAT_SECONDS = 60.0

_logger = logging.getLogger(__name__)
_POLL_SECONDS = 0.2
_LAST_LINES = 12


def finish(services: BackupServices, action: LifecycleAction, backup_id: BackupId) -> None:
    """Let a running agent end, record what it could not, and let the instance go, in every case.

    Safe to call twice, long after the backup has ended, and where none ever began.
    """
    hold = partial(services.group.heartbeat, action)
    try:
        _let_agent_end(services, backup_id, hold)
        close_if_open(services, backup_id, hold)
    finally:
        services.group.complete(action)


def give_up(services: BackupServices) -> None:
    """End in the place of an agent that has died for good: record it, and give the instance back."""
    try:
        for backup_id in insist(lambda: own_ids(services)):
            close_if_open(services, backup_id)
    finally:
        insist(lambda: give_back(services))


def _let_agent_end(services: BackupServices, backup_id: BackupId, hold: Callable[[], None]) -> None:
    place = services.machine.place
    if not is_present(place):
        return
    ask_to_stop(place, _why(services, backup_id))
    next_heartbeat = time.monotonic()
    while is_present(place):
        if time.monotonic() >= next_heartbeat:
            hold()
            next_heartbeat = time.monotonic() + HEARTBEAT_SECONDS
        time.sleep(_POLL_SECONDS)


def _why(services: BackupServices, backup_id: BackupId) -> str:
    """Why the instance is taken away, as the record has it. That DynamoDB refuses it holds nobody up."""
    try:
        backup = tried(lambda: services.store.get(backup_id), None)
    except RecordFault:
        backup = None
    return why_taken_away(backup, services.machine.clock())


def close_if_open(services: BackupServices, backup_id: BackupId, hold: Callable[[], None] | None = None) -> None:
    """Record that this backup ended without a result, if this instance served it; DynamoDB may refuse for minutes.

    `hold` keeps the instance meanwhile.
    """
    try:
        backup = insist(lambda: services.store.get(backup_id), meanwhile=hold)
    except RecordGone:
        _logger.warning("There is no record of %s", backup_id)
        return
    if backup.has_ended:
        return
    if not is_served_by(backup, services.machine.instance_id, services.machine.booted):
        _logger.info("The backup %s is none of this instance's: %s serves it", backup_id, backup.instance_id)
        return
    _close(services, backup, hold)


def _close(services: BackupServices, backup: BackupRecord, hold: Callable[[], None] | None) -> None:
    machine = services.machine
    words = last_lines(machine.log) or last_lines(machine.boot_log)
    ended = replace(ended_without_result(backup, machine.clock(), words), logs=store_logs(services))
    try:
        insist(lambda: services.store.update(backup, ended), meanwhile=hold)
    except RecordChanged as changed:
        _logger.info("It was reported meanwhile: %s", changed.message)


def last_lines(log: Path) -> str:
    """The last lines of a log, "" where there is none that can be read."""
    try:
        with open(log, encoding="utf-8", errors="replace") as lines:
            return "".join(deque(lines, _LAST_LINES)).strip()
    except OSError:
        return ""
