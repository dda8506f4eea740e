"""The agent foretells by the stack's own records, whose window counts from the schedule."""

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from efs_backup.agent.backup import back_up
from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.results import BackupStatus
from tests.agent.instance import Instance
from tests.support.builders import write
from tests.support.cloud import Faults

pytestmark = pytest.mark.root


def _past_nights(instance: Instance, begun: BackupRecord, minutes: int) -> None:
    """A fortnight of successes, each of so many minutes; the snapshot of last night is there."""
    snapshot = f"{begun.start_time - timedelta(days=1):%Y%m%dT%H%M%SZ}"
    write(instance.backup / "efs-backup" / "daily" / snapshot / "file", "x")
    for day in range(1, 15):
        start = begun.start_time - timedelta(days=day)
        instance.cloud.store.put(replace(
            begun, backup_id=BackupId(f"{day:08x}"), start_time=start, stop_time=start + timedelta(minutes=minutes),
            status=BackupStatus.SUCCESS, number_of_files=10, number_of_files_transferred=1, total_file_size=100,
            report_time=start, snapshot=snapshot,
        ))  # fmt: skip


def test_a_window_that_is_nearly_full_is_in_the_record(instance: Instance) -> None:
    """As a warning of a success, with the seconds; the local journal alone would say nothing of a window."""
    begun = instance.cloud.schedule_fires()
    _past_nights(instance, begun, 150)
    back_up(instance.services())
    ended = instance.cloud.store.get(begun.backup_id)
    assert ended.status is BackupStatus.SUCCESS
    assert "WindowFills" in (ended.warning or "")
    assert ended.forecast_seconds == pytest.approx(150 * 60, rel=0.01)
    assert "of a window of 180.0 minutes" in (ended.message or "")


@pytest.mark.long
def test_records_that_cannot_be_read_cost_the_forecast_alone(instance: Instance, faults: Faults) -> None:
    """The backup is a success, and reported."""
    begun = instance.cloud.schedule_fires()
    _past_nights(instance, begun, 150)
    scans = count()
    with faults.refusing("dynamodb", "Scan", "AccessDeniedException", when=lambda: next(scans) > 2) as refused:
        back_up(instance.services())
    assert refused
    ended = instance.cloud.store.get(begun.backup_id)
    assert (ended.status, ended.forecast_seconds) == (BackupStatus.SUCCESS, None)
    assert "WindowFills" not in (ended.warning or "")
