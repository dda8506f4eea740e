"""Where a backup may link unchanged files from."""

import os
from datetime import UTC, datetime
from pathlib import Path

from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.engine.series.references import snapshot_references
from efs_backup.engine.series.series import Series

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
