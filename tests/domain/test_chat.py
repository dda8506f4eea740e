"""A report for Slack and Microsoft Teams, in the schema of Amazon Q Developer in chat applications."""

import json

import pytest

from efs_backup.domain.operations.reports.chat import chat_notification
from tests.domain.mails import MAILS


@pytest.mark.parametrize("name", MAILS)
def test_every_report_is_a_custom_notification(name: str) -> None:
    """Of version 1.0, within what a channel shows."""
    report = MAILS[name]()
    told = json.loads(chat_notification(report))
    assert (told["version"], told["source"], told["content"]["textType"]) == ("1.0", "custom", "client-markdown")
    assert report.subject in told["content"]["title"]
    assert "*What happened*" in told["content"]["description"]
    assert told["content"]["keywords"] == ["efs-backup", report.attributes["status"]]
    assert told["metadata"]["additionalContext"] == report.attributes
    assert len(told["content"]["description"]) < 10_000


def test_what_to_do_is_a_list_of_next_steps() -> None:
    """Steps that nobody has to take are none."""
    cut_off = json.loads(chat_notification(MAILS["incomplete, the window closed"]()))
    assert cut_off["content"]["nextSteps"][0].startswith("Give a longer BackupWindow: it is 180 minutes")
    assert cut_off["metadata"]["threadId"] == "0badcafe"
    assert "nextSteps" not in json.loads(chat_notification(MAILS["success"]()))["content"]
