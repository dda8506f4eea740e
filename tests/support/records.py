"""Records of backups: one that was just started, and any that can be."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from hypothesis import strategies as st

from efs_backup.domain.drill.result import DrillStatus
from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.record import BackupId, BackupRecord, Mode
from efs_backup.domain.results import BackupStatus, SealStatus
from efs_backup.domain.sharing.workers import Workers, WorkerSign
from efs_backup.domain.snapshots.names import Interval
from tests.domain.strategies import times

START = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


RUNNING = BackupRecord(
    backup_id=BackupId("0badcafe"),
    status=BackupStatus.RUNNING,
    start_time=START,
    window_minutes=180,
    interval=Interval.DAILY,
    retention=7,
    expires=START + timedelta(days=90),
)
"""A backup that was just started."""


ENDED = tuple(status for status in BackupStatus if status is not BackupStatus.RUNNING)


_whole_seconds = times.map(lambda time: time.replace(microsecond=0))


_signs = st.builds(WorkerSign, _whole_seconds, st.text(st.characters(codec="utf-8"), max_size=9), st.integers(0, 9))


_values: dict[Any, st.SearchStrategy[Any]] = {
    type(None): st.none(),
    BackupId: st.from_regex(r"[0-9a-f]{8}", fullmatch=True),
    str: st.text(st.characters(codec="utf-8"), max_size=9),
    int: st.integers(0, 2**62),
    float: st.floats(0, 2**62),
    datetime: _whole_seconds,
    BackupStatus: st.sampled_from(BackupStatus),
    FailureReason: st.sampled_from(FailureReason),
    SealStatus: st.sampled_from(SealStatus),
    Mode: st.sampled_from(Mode),
    DrillStatus: st.sampled_from(DrillStatus),
    Interval: st.sampled_from(Interval),
    Workers: st.dictionaries(st.from_regex(r"i-[0-9a-f]{3}", fullmatch=True), _signs, max_size=3),
}


_fields = {
    entry.name: st.one_of(*(_values[kind] for kind in get_args(entry.type) or [entry.type]))
    for entry in fields(BackupRecord)
}


_limited = {"window_minutes": st.integers(1, 100_000), "retention": st.integers(1, 170)}


backups = st.builds(BackupRecord, **{**_fields, **_limited})
"""Any backup that can be recorded."""
