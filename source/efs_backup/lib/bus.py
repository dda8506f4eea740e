"""EventBridge: the default bus of the account, on which others hear of backups."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from efs_backup.domain.errors import ReportFailed
from efs_backup.domain.operations.events import SOURCE, Event
from efs_backup.domain.operations.reports.message import NOT_SENT

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


class EventBus:
    """Puts events on the default bus, which each account has."""

    def __init__(self, client: "EventBridgeClient") -> None:
        self._client = client

    def put(self, events: Sequence[Event]) -> None:
        """Put a few events. Raises ReportFailed where EventBridge does not take all of them."""
        entries = [{"Source": SOURCE, "DetailType": str(one.kind), "Detail": one.to_text()} for one in events]
        try:
            answer = self._client.put_events(Entries=entries)  # type: ignore[arg-type]
        except (ClientError, BotoCoreError) as error:
            raise ReportFailed(f"{NOT_SENT} as an event: {error}.") from error
        if answer["FailedEntryCount"]:
            refused = ", ".join(entry["ErrorCode"] for entry in answer["Entries"] if "ErrorCode" in entry)
            raise ReportFailed(f"{NOT_SENT} as an event: EventBridge says {refused}.")
