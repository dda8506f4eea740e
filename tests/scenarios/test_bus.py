"""Who else is told: rules on the bus, subscriptions with a filter, a chat; by the patterns that the documents show."""

import json
import re
from pathlib import Path
from typing import Any

import boto3
import pytest

from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus
from efs_backup.orchestrator import handler
from tests.support.cloud import ACCOUNT, REGION, Cloud, Faults
from tests.support.schemas import complaints_of_event

_DOCUMENT = Path(__file__).parents[2] / "docs/reference/events.md"
_PATTERN = re.compile(r"^### (.+?)\n.*?```json\n(.+?)```", re.MULTILINE | re.DOTALL)
PATTERNS = dict(_PATTERN.findall(_DOCUMENT.read_text()))


def _queue(name: str) -> str:
    url = boto3.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    boto3.client("sqs").purge_queue(QueueUrl=url)
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def _bodies(name: str) -> list[dict[str, Any]]:
    client = boto3.client("sqs")
    url = client.get_queue_url(QueueName=name)["QueueUrl"]
    found = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
    return [json.loads(message["Body"]) for message in found]


def _listen(title: str) -> str:
    """A rule with the pattern under this title, before a queue; gives the queue's name."""
    name = re.sub(r"\W+", "-", title)
    events = boto3.client("events")
    events.put_rule(Name=name, EventPattern=PATTERNS[title])
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": _queue(name)}])
    return name


def _night(cloud: Cloud, day: int, status: BackupStatus, **known: Any) -> BackupRecord:
    cloud.time = f"2026-11-{day}T02:00:00Z"
    backup = cloud.schedule_fires()
    cloud.agent_claims(backup.backup_id)
    cloud.time = f"2026-11-{day}T02:40:00Z"
    cloud.agent_reports(backup.backup_id, status, **known)
    cloud.agent_goes_home()
    cloud.deliver()
    cloud.agent_lets_go()
    cloud.deliver()
    return cloud.newest()


@pytest.mark.long
def test_rules_hear_what_their_patterns_say(cloud: Cloud) -> None:
    """A night that fails, and one of a mass change: each pattern of the reference, as a real rule."""
    heard = {title: _listen(title) for title in PATTERNS}
    _night(cloud, 22, BackupStatus.FAILED, failure_reason=FailureReason.MOUNT_FAILED)
    _night(
        cloud, 23, BackupStatus.SUCCESS, snapshot="20261123T020000Z", number_of_files=12, warning="MassChange",
        hold="20261121T020000Z", changed_share=0.6,
    )  # fmt: skip
    told = {title: [event["detail-type"] for event in _bodies(name)] for title, name in heard.items()}
    assert {title: sorted(kinds) for title, kinds in told.items()} == {
        "Everything": ["Backup Ended", "Backup Ended", "Backup Held", "Backup Started", "Backup Started"],
        "Whatever needs a person": ["Backup Ended", "Backup Ended", "Backup Held"],
        "A mount that failed": ["Backup Ended"],
        "A new snapshot of one label": ["Backup Ended"],
        "A hold": ["Backup Held"],
        "A window that was used up": [],
        "A restore or a drill": [],
    }
    for event in _bodies(heard["Everything"]):
        assert event["source"] == "efs-backup"
        assert not complaints_of_event("backup", json.dumps(event["detail"]))


@pytest.mark.long
def test_a_bus_that_is_away_changes_nothing_and_hears_it_later(cloud: Cloud, faults: Faults) -> None:
    """The mail goes out once; the event, by the next reconcile; the log says what failed meanwhile."""
    everything = _listen("Everything")
    with faults.refusing("events", "PutEvents", "ThrottlingException"):
        ended = _night(cloud, 22, BackupStatus.SUCCESS, snapshot="20261122T020000Z")
    assert (ended.status, ended.told, ended.report_time) == (BackupStatus.SUCCESS, "mail", None)
    assert (len(cloud.mails()), _bodies(everything)) == (1, [])
    cloud.time = "2026-11-22T03:00:00Z"
    cloud.reconcile()
    assert [event["detail-type"] for event in _bodies(everything)] == ["Backup Ended"]
    assert (len(cloud.mails()), cloud.newest().report_time) == (1, cloud.now())
    cloud.reconcile()
    assert len(_bodies(everything)) == 1


def test_a_subscription_gets_what_its_filter_asks_for_and_a_chat_its_own_words(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attributes are on each message; the topic of the chat has the schema of its service."""
    notifications = boto3.client("sns")
    chat = notifications.create_topic(Name="channel")["TopicArn"]
    notifications.subscribe(TopicArn=chat, Protocol="sqs", Endpoint=_queue("channel"))
    notifications.subscribe(
        TopicArn=cloud.environment["TOPIC_ARN"], Protocol="sqs", Endpoint=_queue("errors"),
        Attributes={"FilterPolicy": json.dumps({"severity": ["error"]})},
    )  # fmt: skip
    monkeypatch.setenv("CHAT_TOPIC_ARN", chat)
    monkeypatch.setenv("SCHEDULE_TIME_ZONE", "Europe/Berlin")
    handler.services.cache_clear()
    _night(cloud, 22, BackupStatus.SUCCESS, snapshot="20261122T020000Z", number_of_files=12)
    _night(cloud, 23, BackupStatus.FAILED, failure_reason=FailureReason.MOUNT_FAILED, message="No route to it.")
    (error,) = _bodies("errors")
    assert error["MessageAttributes"]["fileSystem"]["Value"] == cloud.environment["SOURCE_FILE_SYSTEM"]
    assert "The next backup starts on Tue 24 Nov 2026 02:00 CET (01:00 UTC)" in error["Message"]
    shown = [json.loads(body["Message"]) for body in _bodies("channel")]
    assert [told["content"]["keywords"][1] for told in shown] == ["Success", "Failed"]
    assert all((told["version"], told["source"]) == ("1.0", "custom") for told in shown)
