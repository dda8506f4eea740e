"""The lines of the orchestrator's log, as Lambda writes it."""

import json
from typing import Any

import pytest
from awslambdaric.lambda_runtime_log_utils import JsonFormatter  # type: ignore[import-untyped]

from efs_backup.domain.operations.ended_line import ENDED_LINE
from efs_backup.domain.operations.record import BackupId
from efs_backup.domain.operations.report import NOT_SENT
from tests.scenarios.nights import succeed
from tests.support.cloud import Cloud, Faults, event_from_file


def _lines(told: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """All that was logged, by the formatter that a function with JSON logs has."""
    formatter = JsonFormatter()
    return [json.loads(formatter.format(record)) for record in told.records]


def _night(cloud: Cloud) -> BackupId:
    backup_id = cloud.schedule_fires().backup_id
    succeed(cloud, backup_id)
    return backup_id


def test_each_line_carries_the_backups_id(cloud: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    """From where it is known to the end of its event, and no further: Logs Insights can ask for it."""
    backup = cloud.schedule_fires()
    first, *_, last = _lines(caplog)
    assert (first.get("backup_id"), last["backup_id"]) == (None, backup.backup_id)
    caplog.clear()
    cloud.call(event_from_file("another_service"))
    assert not [line for line in _lines(caplog) if "backup_id" in line]


def test_each_backup_that_ends_is_a_line(cloud: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    """Also one that was skipped: its line has its own id, not that of the backup that runs."""
    succeeded = _night(cloud)
    running = cloud.schedule_fires().backup_id
    cloud.time = "2026-11-22T02:10:00Z"
    cloud.schedule_fires()
    ended = [line for line in _lines(caplog) if line["message"] == ENDED_LINE]
    assert [(line["kind"], line["status"]) for line in ended] == [("backup", "Success"), ("backup", "Skipped")]
    assert ended[0]["backup_id"] == succeeded
    assert ended[1]["backup_id"] not in {succeeded, running}


def test_a_backup_of_which_nobody_is_mailed_is_a_line_once(
    cloud: Cloud, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reconcile, which looks at all records, does not tell it again."""
    monkeypatch.setenv("SUCCESS_NOTIFICATION", "No")
    _night(cloud)
    cloud.reconcile()
    assert len([line for line in _lines(caplog) if line["message"] == ENDED_LINE]) == 1
    assert cloud.mails() == []


def test_a_report_that_is_refused_matches_the_filter_of_its_alarm(
    cloud: Cloud, faults: Faults, caplog: pytest.LogCaptureFixture
) -> None:
    """The alarm counts lines whose `errorMessage` begins like that (tests/cdk/test_backup_stack.py)."""
    with faults.refusing("sns", "Publish", "KMSAccessDenied"):
        backup_id = _night(cloud)
    (line,) = [line for line in _lines(caplog) if str(line.get("errorMessage", "")).startswith(NOT_SENT)]
    assert (line["level"], line["backup_id"]) == ("ERROR", backup_id)
