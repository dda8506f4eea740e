"""Events are put on the default bus, or it is said that they were not."""

from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.stub import Stubber

from efs_backup.domain.errors import ReportFailed
from efs_backup.domain.operations.events import DetailType, Event
from efs_backup.domain.operations.report import NOT_SENT
from efs_backup.lib.bus import EventBus
from tests.lib.refusals import Refuse

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

EVENT = Event(DetailType.BACKUP_ENDED, {"schema": 1, "message": "é"})
ENTRY = {"Source": "efs-backup", "DetailType": "Backup Ended", "Detail": '{"schema": 1, "message": "é"}'}


@pytest.fixture
def client(session: boto3.Session) -> "EventBridgeClient":
    """EventBridge."""
    return session.client("events")


def test_an_event_is_put_under_our_name(client: "EventBridgeClient") -> None:
    """On no other bus than the account's own."""
    with Stubber(client) as stub:
        stub.add_response("put_events", {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}, {"Entries": [ENTRY]})
        EventBus(client).put([EVENT])


def test_an_event_that_is_not_taken_is_told_as_a_report_that_is_not(client: "EventBridgeClient") -> None:
    """An answer may refuse one of several; the alarm listens for these words."""
    answer = {"FailedEntryCount": 1, "Entries": [{"EventId": "1"}, {"ErrorCode": "ThrottlingException"}]}
    with Stubber(client) as stub:
        stub.add_response("put_events", answer)
        with pytest.raises(ReportFailed, match=f"{NOT_SENT} as an event: EventBridge says ThrottlingException"):
            EventBus(client).put([EVENT, EVENT])


def test_a_bus_that_refuses_has_not_been_told(client: "EventBridgeClient", refuse: Refuse) -> None:
    """For whatever cause."""
    refuse(client, "put_events", "AccessDeniedException")
    with pytest.raises(ReportFailed, match="AccessDeniedException"):
        EventBus(client).put([EVENT])
