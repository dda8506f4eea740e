"""Where a backup may link unchanged files from."""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from efs_backup.domain.requests.requests import Asked, BackupRequest
from efs_backup.domain.requests.tuning import Copier, Tuning
from efs_backup.domain.results import BackupResult, BackupStatus
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.snapshots.retention import Retention
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.backup import BackupRun
from efs_backup.engine.series.prune import prune
from efs_backup.engine.series.references import snapshot_references
from efs_backup.engine.series.series import Series
from tests.support.builders import account
from tests.support.watchers import Quiet

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
NAME = "20261121T020000Z"


def linked_from(backup: Path) -> list[Path]:
    """The references of a weekly backup that has no snapshot of its own."""
    series = Series(backup, FolderLabel("web"), Interval.WEEKLY, NOW)
    with snapshot_references(series, [], lambda _text: None) as references:
        return [*references]


def test_a_snapshot_of_another_series_is_a_reference_but_no_directory_of_the_old_layout(backup: Path) -> None:
    """A backup of its own series may rename that one while it is linked from."""
    daily = backup / "web" / "daily"
    (daily / NAME).mkdir(parents=True)
    assert linked_from(backup) == [daily / NAME]
    old = backup / "web" / "daily.7"
    old.mkdir()
    os.utime(old, (NOW.timestamp(), NOW.timestamp()))
    assert linked_from(backup) == [daily / NAME]
    (daily / NAME).rmdir()
    (newest,) = Series(backup, FolderLabel("web"), Interval.DAILY, NOW).snapshots()
    assert newest.path == old
    assert linked_from(backup) == []


class _Remover(Quiet):
    """A watcher by which a reference goes just before it would be linked from, as where nobody can lock it."""

    def __init__(self, reference: Path) -> None:
        self._reference = reference

    def step(self, name: str) -> None:
        if name == "copy":
            shutil.rmtree(self._reference)


@pytest.mark.parametrize("copier", Copier)
def test_a_reference_that_vanishes_costs_a_copy_and_no_backup(source: Path, backup: Path, copier: Copier) -> None:
    """The first weekly backup finds nothing where its daily snapshot was: each file is read from the source."""

    def night(interval: Interval, watcher: Quiet) -> BackupResult:
        order = BackupRequest(
            str(source), str(backup), FolderLabel("web"), interval, tuning=Tuning(copier), asked=Asked(init=True)
        )
        runner = Runner.with_new_family()
        return BackupRun(order, now=datetime.now(UTC), runner=runner, stop=Stop(Window()), watcher=watcher).run()

    daily = night(Interval.DAILY, Quiet())
    weekly = night(Interval.WEEKLY, _Remover(Path(str(daily.path))))
    assert (weekly.status, weekly.statistics.number_of_files_linked) == (BackupStatus.SUCCESS, 0)
    assert account(Path(str(weekly.path))) == account(source)


def test_a_backup_holds_the_series_from_which_it_links(backup: Path) -> None:
    """Its prune waits until the references are given back."""
    (backup / "web" / "daily" / NAME).mkdir(parents=True)
    daily = Series(backup, FolderLabel("web"), Interval.DAILY, NOW)
    with snapshot_references(Series(backup, FolderLabel("web"), Interval.WEEKLY, NOW), [], lambda _text: None):
        assert prune(daily, Retention(1), lambda: False).plan is None
    assert prune(daily, Retention(1), lambda: False).plan is not None
