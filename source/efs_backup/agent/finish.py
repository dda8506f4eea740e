"""Finish, in the hold before the instance is terminated: the agent stops, the record is right, the instance may go."""

import logging
import time
from collections import deque
from dataclasses import replace
from pathlib import Path

from efs_backup.agent.backup import store_logs
from efs_backup.agent.running import ask_to_stop, is_present
from efs_backup.agent.services import BackupServices
from efs_backup.domain.errors import RecordChanged, RecordGone
from efs_backup.domain.operations.lifecycle import LifecycleAction
from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.operations.record_endings import ended_without_result

HEARTBEAT_SECONDS = 60.0

_logger = logging.getLogger(__name__)
_POLL_SECONDS = 0.2
_LAST_LINES = 12


def finish(services: BackupServices, action: LifecycleAction, backup_id: BackupId) -> None:
    """Let a running agent end, record what it could not, and let the instance go, in every case.

    Safe to call twice, long after the backup has ended, and where none ever began.
    """
    try:
        _let_agent_end(services, action)
        _close_if_open(services, backup_id)
    finally:
        services.group.complete(action)


def _let_agent_end(services: BackupServices, action: LifecycleAction) -> None:
    place = services.machine.place
    if not is_present(place):
        return
    ask_to_stop(place)
    next_heartbeat = time.monotonic()
    while is_present(place):
        if time.monotonic() >= next_heartbeat:
            services.group.heartbeat(action)
            next_heartbeat = time.monotonic() + HEARTBEAT_SECONDS
        time.sleep(_POLL_SECONDS)


def _close_if_open(services: BackupServices, backup_id: BackupId) -> None:
    try:
        backup = services.store.get(backup_id)
    except RecordGone:
        _logger.warning("There is no record of %s", backup_id)
        return
    if backup.has_ended or backup.instance_id not in (None, services.machine.instance_id):
        return
    _close(services, backup)


def _close(services: BackupServices, backup: BackupRecord) -> None:
    machine = services.machine
    words = last_lines(machine.log) or last_lines(machine.boot_log)
    ended = replace(ended_without_result(backup, machine.clock(), words), logs=store_logs(services))
    try:
        services.store.update(backup, ended)
    except RecordChanged as changed:
        _logger.info("It was reported meanwhile: %s", changed.message)


def last_lines(log: Path) -> str:
    """The last lines of a log, "" where there is none that can be read."""
    try:
        with open(log, encoding="utf-8", errors="replace") as lines:
            return "".join(deque(lines, _LAST_LINES)).strip()
    except OSError:
        return ""
