"""The plan and the result of a restore."""

from datetime import UTC, datetime

import pytest

from efs_backup.domain.copying.comparison import Difference, Kind, Summary
from efs_backup.domain.errors import ExitCode
from efs_backup.domain.requests.requests import RestoreMode
from efs_backup.domain.results import RestorePlan, RestoreResult, RestoreStatus
from efs_backup.domain.snapshots.names import SnapshotName


@pytest.fixture
def plan() -> RestorePlan:
    """One path to create, two to replace, three that only the target has."""
    summary = Summary()
    for path, kind in zip("abcdef", [Kind.ADDED, *[Kind.CHANGED] * 2, *[Kind.REMOVED] * 3], strict=True):
        summary.add(Difference(path, kind))
    return RestorePlan(SnapshotName.of(datetime(2026, 11, 22, tzinfo=UTC)), RestoreMode.OVERLAY, "/target", summary)


def test_a_plan_counts_what_the_target_will_see(plan: RestorePlan) -> None:
    """Added is created, changed is replaced, removed is what only the target has."""
    assert (plan.created, plan.replaced, plan.extra) == (1, 2, 3)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (RestoreStatus.PLANNED, ExitCode.DONE),
        (RestoreStatus.SUCCESS, ExitCode.DONE),
        (RestoreStatus.INCOMPLETE, ExitCode.INCOMPLETE),
    ],
)
def test_every_end_of_a_restore_has_an_exit_code(plan: RestorePlan, status: RestoreStatus, code: ExitCode) -> None:
    """A plan that was only shown is done, too."""
    assert RestoreResult(status, plan, "It ended.").exit_code is code
