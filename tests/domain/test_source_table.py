"""The rows of a stack as they are stored: what is torn, or of a later version, hides nothing and is not lost."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.schedule import parse_schedule
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.sources.due import due_rows
from efs_backup.domain.sources.row import Policy, Source
from efs_backup.domain.sources.table import SourceTable, Taken

_NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
_POLICY = Policy("nightly", Interval.DAILY, "daily=7", "cron(0 2 * * ? *)", "", 120)
_WEB = Source(FolderLabel("web"), "fs-0123abcd", "/", _POLICY, datetime(2026, 11, 1, tzinfo=UTC))
_FIRST = Taken("efs-backup/daily", "efs-backup", ("fs-11111111", "/"), "daily")
_TABLE = SourceTable().with_policy(_POLICY).with_row(_WEB, _FIRST, "fs-22222222")


@pytest.mark.parametrize("torn", [{}, {"Label": "x"}, "text", None, 7, []])
def test_a_row_and_a_policy_that_cannot_be_read_hide_nothing_and_stay(torn: Any) -> None:
    """Who adds another file system writes them back as they were: a later version may know what they mean."""
    item = _TABLE.to_item()
    item["Rows"]["later/yearly"] = item["Policies"]["later"] = torn
    read = SourceTable.from_item(item)
    assert (read.rows, read.policies, len(read.faults)) == (_TABLE.rows, _TABLE.policies, 2)
    assert all("later" in fault and "left as it is" in fault for fault in read.faults)
    other = replace(_WEB, label=FolderLabel("data"), file_system="fs-0456abcd")
    stored = read.with_row(other, _FIRST, "fs-22222222").to_item()
    assert (stored["Rows"]["later/yearly"], stored["Policies"]["later"]) == (torn, torn)
    assert {"web/daily", "data/daily"} < set(stored["Rows"])


@pytest.mark.parametrize("torn", [{"Rows": 3}, {"Policies": []}, {}])
def test_a_table_without_its_lists_is_an_empty_one(torn: dict[str, Any]) -> None:
    """An empty table starts nothing."""
    assert SourceTable.from_item({"BackupId": "sources", **torn}).active == ()


@pytest.mark.parametrize("expression", ["rate(999999 days)", "rate(3661 days)", "rate(0 days)"])
def test_a_rate_that_never_comes_is_refused_and_holds_up_no_other_row(expression: str) -> None:
    """Its next time would lie after the last year that a date can have."""
    with pytest.raises(WrongUsage):
        parse_schedule(expression)
    never = replace(_WEB, label=FolderLabel("a"), policy=replace(_POLICY, schedule=expression))
    unreadable, due = due_rows((never, _WEB), _NOW)
    assert "a/daily cannot start" in str(unreadable)
    assert not isinstance(due, str)
    assert due.row == _WEB
