"""The result of a backup, and how it ended."""

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.errors import (
    BackupError,
    BackupFull,
    CopyFailed,
    ExitCode,
    FailureReason,
    Locked,
    SourceUnreadable,
    ToolMissing,
)
from efs_backup.domain.results import BackupResult, BackupStatus

statistics = st.builds(CopyStatistics, *[st.integers(0, 10**15)] * 6)


@given(statistics, statistics)
def test_statistics_add_up_figure_by_figure(one: CopyStatistics, other: CopyStatistics) -> None:
    """No figure is lost, none goes into another."""
    assert astuple(one + other) == tuple(a + b for a, b in zip(astuple(one), astuple(other), strict=True))


@given(st.lists(statistics, max_size=5))
def test_no_statistics_at_all_are_zero(all_of_them: list[CopyStatistics]) -> None:
    """A sum may begin with an empty one."""
    assert sum(all_of_them, CopyStatistics()) == sum(reversed(all_of_them), CopyStatistics())


def test_what_is_not_linked_is_copied() -> None:
    """Both together are all files."""
    assert CopyStatistics(number_of_files=10, number_of_files_linked=7).number_of_files_copied == 3


def test_statuses_are_the_words_of_the_record() -> None:
    """Dashboards and scripts depend on them."""
    assert [status.value for status in BackupStatus] == [
        "Running", "Success", "Incomplete", "Failed", "Unknown", "Skipped",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (BackupStatus.RUNNING, ExitCode.FAILED),
        (BackupStatus.SUCCESS, ExitCode.DONE),
        (BackupStatus.INCOMPLETE, ExitCode.INCOMPLETE),
        (BackupStatus.FAILED, ExitCode.FAILED),
        (BackupStatus.UNKNOWN, ExitCode.FAILED),
        (BackupStatus.SKIPPED, ExitCode.LOCKED),
    ],
)
def test_every_status_has_an_exit_code(status: BackupStatus, code: ExitCode) -> None:
    """Only a success is 0."""
    assert BackupResult(status, "It ended.").exit_code is code


@pytest.mark.parametrize("error", [SourceUnreadable, BackupFull, ToolMissing, CopyFailed, Locked, BackupError])
def test_a_failed_backup_tells_the_reason_and_the_next_step(error: type[BackupError]) -> None:
    """And it exits as its error does."""
    result = BackupResult.failed(error("It broke.", "Mend it."))
    assert (result.status, result.message, result.next_step) == (BackupStatus.FAILED, "It broke.", "Mend it.")
    assert result.failure_reason is error.reason
    assert result.exit_code is error.exit_code


def test_a_failed_backup_has_no_snapshot() -> None:
    """There is nothing to point to."""
    assert BackupResult.failed(CopyFailed("It broke.")).snapshot is None


def test_only_a_lock_changes_the_exit_code_of_a_failure() -> None:
    """Every other reason is told in words."""
    codes = {reason: BackupResult(BackupStatus.FAILED, "", failure_reason=reason).exit_code for reason in FailureReason}
    assert {reason for reason, code in codes.items() if code is not ExitCode.FAILED} == {FailureReason.LOCKED}
