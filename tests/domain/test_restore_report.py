"""The report to the operator about a restore by the stack."""

import re

from efs_backup.domain.copying.comparison import Difference, Kind, Summary
from efs_backup.domain.errors import RestoreFailed
from efs_backup.domain.operations.agent_settings import RestoreSettings
from efs_backup.domain.operations.restore_mark import RestoreMark, decide_restore
from efs_backup.domain.operations.restore_report import (
    report_on_end_without_result,
    report_on_failure,
    report_on_repeated,
    report_on_restore,
)
from efs_backup.domain.requests.requests import RestoreMode
from efs_backup.domain.results import RestorePlan, RestoreResult, RestoreStatus
from efs_backup.domain.snapshots.names import SnapshotName
from tests.domain.environments import RESTORE
from tests.domain.told import HOSTILE, is_mail
from tests.support.records import START

SETTINGS = RestoreSettings.from_env(RESTORE | {"RESTORE_SUB_DIR": HOSTILE, "RESTORE_PREFIX": HOSTILE})


def test_names_in_the_plan_of_a_restore_are_shown_escaped() -> None:
    """Those of a snapshot are of users: none begins a line of its own, and each mail goes out."""
    summary = Summary()
    for number in range(12):
        summary.add(Difference(f"{HOSTILE}{number}", Kind.ADDED))
    plan = RestorePlan(SnapshotName.of(START), RestoreMode.MIRROR, HOSTILE, summary)
    result = RestoreResult(RestoreStatus.SUCCESS, plan, f"Into {HOSTILE!r}.", quarantine=HOSTILE)
    text = report_on_restore(result, SETTINGS, None).text
    assert is_mail(text)
    assert text.count("  added: name\\nWhat to do:") == 10
    assert text.count("\nWhat to do:\n") == 1


def test_names_in_the_report_of_a_failure_are_shown_escaped() -> None:
    """Also where they were not written as Python writes them."""
    text = report_on_failure(RestoreFailed(f"Of {HOSTILE!r}, \x1b[1m and \udcff."), SETTINGS, None).text
    assert is_mail(text)
    assert r"\x1b[1m and \xff." in text


def test_a_restore_that_is_not_repeated_says_which_one_was_done() -> None:
    """With the order, and what to do if it is meant; names in it are users' text."""
    mark = RestoreMark.of(SETTINGS, "i-1", START).over(START, RestoreStatus.SUCCESS, "All is there.", "s3://b/log")
    text = report_on_repeated(mark, decide_restore(mark, "i-2"), SETTINGS).text
    assert is_mail(text)
    assert "What happened:\nThis restore was done on 2026-11-22 02:00 UTC: All is there." in text
    assert re.search(r"restore_mode +mirror", text)
    assert "Nothing, if the stack was only updated." in text
    assert text.count("\nWhat to do:\n") == 1
    assert "s3://b/log\n" in text


def test_what_has_not_succeeded_says_how_it_is_done_again() -> None:
    """By itself it never is."""
    plan = RestorePlan(SnapshotName.of(START), RestoreMode.OVERLAY, "/target", Summary())
    result = RestoreResult(RestoreStatus.INCOMPLETE, plan, "SIGTERM was received.", "Look at it.")
    for report in (
        report_on_restore(result, SETTINGS, None),
        report_on_failure(RestoreFailed("No.", "Look at it."), SETTINGS, None),
        report_on_end_without_result(SETTINGS, "", None),
    ):
        assert "delete the stack and deploy it again" in report.text
        assert is_mail(report.text)


def test_what_a_restore_notes_is_in_its_report() -> None:
    """Beside what happened, and as well escaped."""
    plan = RestorePlan(SnapshotName.of(START), RestoreMode.OVERLAY, "/target", Summary())
    result = RestoreResult(RestoreStatus.SUCCESS, plan, "Restored.", notes=("Prune nothing.", f"Of {HOSTILE!r}."))
    text = report_on_restore(result, SETTINGS, None).text
    assert is_mail(text)
    assert "What happened:\nRestored. Prune nothing. Of 'name" in text
