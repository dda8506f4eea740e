"""The mark of a restore: what is the same order, and what an earlier one means for the next."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from efs_backup.domain.errors import RestoreFailed
from efs_backup.domain.operations.agent_settings import RestoreSettings
from efs_backup.domain.operations.restore_mark import RestoreMark, decide_restore, mark_key
from efs_backup.domain.results import RestoreStatus
from tests.domain.environments import RESTORE

SETTINGS = RestoreSettings.from_env(RESTORE)
NOW = datetime(2026, 11, 22, 2, 5, tzinfo=UTC)
MARK = RestoreMark.of(SETTINGS, "i-1", NOW)
LATER = NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    "change",
    [
        {"STACK_ID": "another"}, {"TARGET_FILE_SYSTEM": "another"}, {"BACKUP_FILE_SYSTEM": "another"},
        {"FOLDER_LABEL": "another"}, {"INTERVAL": "daily"}, {"BACKUP_NUMBER": "3"},
        {"RESTORE_AS_OF": "2026-11-20T12:00:00Z"}, {"RESTORE_PREFIX": "/another"}, {"RESTORE_SUB_DIR": "/another"},
        {"RESTORE_MODE": "overlay"},
    ],
)  # fmt: skip
def test_another_order_or_stack_has_another_mark(change: dict[str, str]) -> None:
    """Each field that says what is restored where."""
    assert mark_key(RestoreSettings.from_env(RESTORE | change)) != mark_key(SETTINGS)


@pytest.mark.parametrize(
    "change",
    [
        {"TOPIC_ARN": "another"}, {"LOG_BUCKET": "another"}, {"GROUP_NAME": "another"},
        {"MAX_OPERATIONS_PER_SECOND": "7"}, {"RESTORE_PREFIX": "/restore_prefix/"}, {"STACK_NAME": "another"},
    ],
)  # fmt: skip
def test_what_does_not_change_the_order_does_not_change_the_mark(change: dict[str, str]) -> None:
    """An update of the stack for the sake of an e-mail must not restore again."""
    assert mark_key(RestoreSettings.from_env(RESTORE | change)) == mark_key(SETTINGS)


def test_a_number_has_no_meaning_beside_a_time() -> None:
    """The time wins."""
    timed = RESTORE | {"RESTORE_AS_OF": "2026-11-20"}
    assert mark_key(RestoreSettings.from_env(timed | {"BACKUP_NUMBER": "5"})) == mark_key(
        RestoreSettings.from_env(timed)
    )


@pytest.mark.parametrize("mark", [MARK, MARK.over(LATER, RestoreStatus.SUCCESS, "All is there.", "s3://b/log")])
def test_a_mark_is_read_as_it_was_written(mark: RestoreMark) -> None:
    """Begun, or ended."""
    assert RestoreMark.from_text(mark.to_text(), "s3://b/k") == mark


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"begun": "yesterday"}', MARK.to_text().replace("2026-", "never-")])
def test_a_mark_that_cannot_be_read_stops_the_restore(text: str) -> None:
    """Something was begun, and nobody knows what."""
    with pytest.raises(RestoreFailed, match=r"s3://b/k cannot be read.*Nothing was touched now"):
        RestoreMark.from_text(text, "s3://b/k")


def test_a_restore_that_nobody_has_begun_is_carried_out() -> None:
    """The first time."""
    assert decide_restore(None, "i-1").yes


def test_the_instance_that_was_interrupted_goes_on() -> None:
    """An instance that was killed, or booted anew, only looks at what is restored already."""
    decided = decide_restore(MARK, "i-1")
    assert decided.yes
    assert "began it on 2026-11-22 02:05 UTC" in decided.reason


def test_no_other_instance_goes_on() -> None:
    """Nobody knows what was written into the target since."""
    decided = decide_restore(MARK, "i-2")
    assert not decided.yes
    assert decided.reason == (
        "This restore was begun on 2026-11-22 02:05 UTC by the instance i-1, which never said how it ended"
    )


@pytest.mark.parametrize("instance", ["i-1", "i-2"])
def test_what_was_done_is_not_done_again(instance: str) -> None:
    """By nobody."""
    decided = decide_restore(MARK.over(LATER, RestoreStatus.SUCCESS, "All is there.", None), instance)
    assert not decided.yes
    assert decided.reason == "This restore was done on 2026-11-22 03:05 UTC: All is there."


@pytest.mark.parametrize("result", ["Failed", RestoreStatus.INCOMPLETE])
def test_what_was_not_done_is_not_called_done(result: str) -> None:
    """A refusal says when the restore was begun, and how it ended."""
    decided = decide_restore(MARK.over(LATER, result, "The target is full.", None), "i-1")
    assert not decided.yes
    assert "done" not in decided.reason
    assert f"and ended on 2026-11-22 03:05 UTC as {result}: The target is full." in decided.reason


def test_a_time_in_another_offset_is_told_in_utc() -> None:
    """As all times are."""
    local = replace(MARK, begun=datetime.fromisoformat("2026-11-22T04:05:00+02:00"))
    assert "2026-11-22 02:05 UTC" in decide_restore(local, "i-2").reason
