"""The page about the doctor is what the doctor does."""

import re
from typing import TYPE_CHECKING, Any

from efs_backup.domain.doctor.series_checks import LOCAL_CHECKS
from efs_backup.domain.doctor.stack_checks import STACK_CHECKS
from tests.support.operator_policy import PAGE, policy

if TYPE_CHECKING:
    from efs_backup.domain.doctor.finding import Check


def test_the_tables_have_each_check_in_order() -> None:
    """With the sentence that it says where all is well, and why it matters."""
    tables = PAGE.read_text().partition("\n## Of a source")[2]
    rows = [line for line in tables.splitlines() if re.match(r"\| `[a-z-]+` \| .* \| .* \|", line)]
    checks: list[Check[Any]] = [*LOCAL_CHECKS, *STACK_CHECKS]
    wanted = [f"| `{one.id}` | {one.sound} | {one.why} |" for one in checks]
    assert rows == wanted


def test_no_two_checks_of_one_doctor_have_one_id() -> None:
    """--only would mean both."""
    for checks in (LOCAL_CHECKS, STACK_CHECKS):
        assert len({one.id for one in checks}) == len(checks)


def test_the_policy_only_reads() -> None:
    """Whoever copies it gives nothing away."""
    reading = ("Describe", "Get", "List", "Scan", "Simulate")
    assert all(action.partition(":")[2].startswith(reading) for action in policy())
