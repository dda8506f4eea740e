"""A backup whose clock is not that of its backup file system."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from efs_backup.domain.requests.requests import Asked, BackupRequest
from efs_backup.domain.results import BackupResult, BackupStatus
from efs_backup.domain.snapshots.retention import Retention
from efs_backup.domain.snapshots.window import Window
from efs_backup.domain.warnings import WarningKind
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.backup import BackupRun
from efs_backup.engine.runs.recognition import server_time
from tests.support.watchers import Quiet


def back_up(source: Path, backup: Path, ahead: timedelta) -> BackupResult:
    """Keep one snapshot, on a machine whose clock is that far ahead."""
    order = BackupRequest(str(source), str(backup), asked=Asked(Retention(1), init=True))
    runner, now = Runner.with_new_family(), datetime.now(UTC) + ahead
    return BackupRun(order, now=now, runner=runner, stop=Stop(Window()), watcher=Quiet()).run()


@pytest.mark.parametrize("days", [2, 4000, -2])
def test_a_clock_that_is_far_from_the_file_systems_drops_nothing(source: Path, backup: Path, days: int) -> None:
    """Ahead or behind; the backup is made, and says whose clock says what. The next one drops."""
    back_up(source, backup, timedelta(0))
    odd = back_up(source, backup, timedelta(days=days))
    assert (odd.status, odd.pruned) == (BackupStatus.SUCCESS, ())
    assert [warned.kind for warned in odd.warnings] == [WarningKind.CLOCK_JUMPED]
    assert "This machine's clock says" in odd.warnings[0].message
    assert len(list((backup / "efs-backup" / "daily").glob("2*"))) == 2


def test_the_time_of_a_file_system_leaves_nothing_behind(tmp_path: Path) -> None:
    """The time is asked for by a file that has no name."""
    found = server_time(tmp_path)
    assert found
    assert abs(found - datetime.now(UTC)) < timedelta(minutes=1)
    assert list(tmp_path.iterdir()) == []
