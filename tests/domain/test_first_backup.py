"""Whether a stack may begin a series."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from efs_backup.domain.errors import SeriesMissing
from efs_backup.domain.operations.first_backup import LabelFacts, may_begin
from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.names import FolderLabel, Interval

LABEL = FolderLabel("web")
NEWEST = BackupRecord(
    backup_id=BackupId("abcdef12"), status=BackupStatus.SUCCESS, start_time=datetime(2026, 11, 22, 2, tzinfo=UTC),
    window_minutes=180, interval=Interval.DAILY, retention=7, expires=datetime(2027, 2, 22, tzinfo=UTC),
    snapshot="20261122T020000Z", backup="fs-old",
)  # fmt: skip
NOTHING = LabelFacts(has_snapshots=False, has_expected=False, is_begun=False)


@pytest.mark.parametrize(
    ("newest", "facts", "begins"),
    [
        (None, NOTHING, True),
        (None, replace(NOTHING, is_begun=True), True),
        (None, replace(NOTHING, has_snapshots=True), False),
        (NEWEST, replace(NOTHING, has_snapshots=True), False),
        (NEWEST, replace(NOTHING, is_begun=True), True),
        (NEWEST, replace(NOTHING, has_expected=True), True),
    ],
)
def test_a_stack_begins_where_it_has_made_nothing_yet_or_where_it_is_meant(
    newest: BackupRecord | None, facts: LabelFacts, begins: bool
) -> None:
    """By another label, or by hand."""
    assert may_begin(newest, facts, LABEL, "fs-new") is begins


@pytest.mark.parametrize("newest", [None, NEWEST])
def test_a_series_whose_snapshots_are_all_gone_is_not_begun_anew(newest: BackupRecord | None) -> None:
    """Its file is no proof that nothing was there, but of the contrary; nor is another label beside it."""
    facts = replace(NOTHING, has_expected=newest is not None, has_lost=True)
    with pytest.raises(SeriesMissing, match="holds no backup of the label web, though"):
        may_begin(newest, facts, LABEL, "fs-1")
    assert not may_begin(newest, replace(facts, has_snapshots=True), LABEL, "fs-1")


@pytest.mark.parametrize("newest", [NEWEST, replace(NEWEST, snapshot=None, backup=None)])
def test_a_file_system_without_what_the_stack_has_made_is_not_filled(newest: BackupRecord) -> None:
    """A refusal says what is missing, and the two ways on."""
    with pytest.raises(SeriesMissing, match="fs-new holds no backup of the label web") as raised:
        may_begin(newest, NOTHING, LABEL, "fs-new")
    assert "ExistingBackupEFS" in raised.value.next_step
    assert "efs-backup init SOURCE BACKUP --label web" in raised.value.next_step
