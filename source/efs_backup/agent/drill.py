"""The agent's drill: mount the backup for reading only, rehearse a restore on the instance's own disk, report."""

import hashlib
import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from efs_backup.agent.heartbeat import Heartbeat
from efs_backup.agent.mounts import Side, mounted_for_reading
from efs_backup.agent.reading_role import profile_of
from efs_backup.agent.running import told_why
from efs_backup.agent.services import BackupServices
from efs_backup.domain.drill.evidence import name_of
from efs_backup.domain.drill.page import page
from efs_backup.domain.drill.result import DrillResult, DrillStatus
from efs_backup.domain.errors import BucketRefused, EfsBackupError
from efs_backup.domain.operations.drill_record import (
    check_seal,
    failed_drill,
    stopped_drill,
    takes_older,
    with_drill,
    without_drill,
)
from efs_backup.domain.operations.mounting import HELPER
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.seal_store import SealKeys
from efs_backup.domain.operations.stop_cause import window_closed
from efs_backup.domain.requests.drill import DEFAULT_SIZE, DrillRequest
from efs_backup.domain.results import SealStatus
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.signals import stopping_on_signals
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.drill import DrillRun
from efs_backup.engine.runs.evidence import json_text
from efs_backup.engine.runs.rehearsal import Surroundings
from efs_backup.engine.trees.tree_walk import Stopped
from efs_backup.lib.insisting import insist

_logger = logging.getLogger(__name__)
_SHARE_OF_DISK = 0.5
"""Of what is free on the disk: the rest is the system's, and that of what is pinned."""


def drilled(services: BackupServices, drill: BackupRecord, asked: Stop) -> BackupRecord:
    """Make this drill; gives its record as it has ended, whatever happened."""
    try:
        result = _run(services, drill, asked)
        ended = with_drill(drill, result, services.machine.clock())
        return ended if result.status is DrillStatus.INCOMPLETE else _with_evidence(services, ended, result)
    except Stopped:
        return _stopped(services, drill, asked)
    except EfsBackupError as error:
        _logger.exception("The drill could not be done: %s", error.message)
        return without_drill(drill, error, services.machine.clock())
    except Exception as error:
        _logger.exception("An error that has no name")
        return failed_drill(drill, f"{type(error).__name__}: {error}", services.machine.clock())


def _run(services: BackupServices, drill: BackupRecord, asked: Stop) -> DrillResult:
    machine = services.machine
    stop = Stop(Window((drill.window_stop - machine.clock()).total_seconds()), closed=window_closed(drill))
    if why := asked.reason():
        stop.ask(why)
    earlier = insist(lambda: list(services.store.backups()))
    runner = Runner.with_new_family()
    with (
        stopping_on_signals(stop, told_why(machine.place)),
        Heartbeat(services, drill, stop) as watcher,
        _mounted(services, runner) as backup,
    ):
        around = Surroundings(runner, stop, watcher, time.monotonic, drill.instance_type or machine.instance_id)
        result = DrillRun(_request(services, drill, backup), now=machine.clock(), around=around).run()
    if result.status is DrillStatus.PASSED:
        check_seal(result.plan, earlier, _seal_outside(services, result.plan.snapshot, earlier))
    return result


@contextmanager
def _mounted(services: BackupServices, runner: Runner) -> Iterator[Path]:
    """The backup file system, for reading; where the mount helper is there, by a role that can do nothing else."""
    settings, machine = services.settings, services.machine
    with_role = shutil.which(HELPER) is not None and settings.drill_role and services.roles
    keys = services.roles.take(settings.drill_role, machine.instance_id) if with_role and services.roles else None
    side = Side(settings.backup_file_system, "backup")
    with (
        profile_of(keys, machine.credentials) if keys else nullcontext("") as profile,
        mounted_for_reading(machine, services.file_systems, runner, side, profile) as backup,
    ):
        yield backup


def _request(services: BackupServices, drill: BackupRecord, backup: Path) -> DrillRequest:
    settings, scratch = services.settings, services.machine.scratch
    scratch.parent.mkdir(parents=True, exist_ok=True)
    room = int(shutil.disk_usage(scratch.parent).free * _SHARE_OF_DISK)
    return DrillRequest(
        str(backup), str(scratch), settings.folder_label, settings.interval, is_random=takes_older(drill),
        size=min(DEFAULT_SIZE, room), tuning=settings.tuning,
    )  # fmt: skip


def _seal_outside(services: BackupServices, snapshot: str, backups: list[BackupRecord]) -> bytes | None:
    """The seal of this snapshot as it is stored outside, where the record says that it is. Raises BucketRefused."""
    stored = {backup.snapshot for backup in backups if backup.seal_status is SealStatus.STORED}
    if services.seal_bucket is None or snapshot not in stored:
        return None
    keys = SealKeys(services.settings.folder_label, services.settings.interval)
    return services.seal_bucket.read(keys.seal(snapshot))


def _with_evidence(services: BackupServices, ended: BackupRecord, result: DrillResult) -> BackupRecord:
    """Store the evidence; where that fails the drill is what it is, and the record says so."""
    keys = SealKeys(services.settings.folder_label, services.settings.interval)
    name = name_of(result)
    try:
        addresses = [
            _store(services, keys.drill(name, ending), text.encode())
            for ending, text in (("json", json_text(result)), ("html", page(result)))
        ]
    except BucketRefused as refused:
        _logger.exception("The evidence could not be stored")
        return replace(ended, message=f"{ended.message} The evidence could not be stored: {refused.message}")
    return replace(ended, drill_evidence=addresses[-1])


def _store(services: BackupServices, key: str, content: bytes) -> str:
    """Under the lock of the seals where there is one, else beside the logs. Raises BucketRefused."""
    bucket = services.seal_bucket
    if bucket is not None:
        bucket.store(key, content, hashlib.sha256(content).hexdigest())
        return bucket.address(key)
    services.log_bucket.replace(key, content.decode())
    return services.log_bucket.address(key)


def _stopped(services: BackupServices, drill: BackupRecord, asked: Stop) -> BackupRecord:
    why = asked.reason() or "its window is over"
    message = f"Stopped before anything was restored: {why}."
    return stopped_drill(drill, message, services.machine.clock())
