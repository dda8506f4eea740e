"""Requests about single snapshots: read from events, kept as items."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.operations.pin_requests import PIN_KEY, PinAction, PinRequest, Wish
from efs_backup.domain.operations.record import readable
from efs_backup.domain.snapshots.names import SnapshotName

_SECONDS = st.integers(0, 10**9).map(lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
_TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=50)


@given(
    action=st.sampled_from(PinAction), time=_SECONDS, at=_SECONDS, text=_TEXTS, by=_TEXTS, event_id=_TEXTS,
    until=st.none() | _SECONDS,
)  # fmt: skip
def test_a_wish_comes_back_from_its_event_and_from_its_item(
    action: PinAction, time: datetime, at: datetime, text: str, by: str, event_id: str, until: datetime | None
) -> None:
    """To the second; only a pin ends."""
    wish = Wish(action, SnapshotName(time), text, by, until if action is PinAction.PIN else None)
    assert Wish.read(action, wish.event(), "nobody") == wish
    request = PinRequest(wish, at, event_id)
    assert PinRequest.from_item(request.to_item()) == request
    assert request.key.startswith(PIN_KEY)
    assert list(readable([request.to_item()])) == []


@pytest.mark.parametrize("name", ["", "latest", "20261322T020000Z", "20261122T020000Z/../x", "../20261122T020000Z"])
def test_only_a_name_names_a_snapshot(name: str) -> None:
    """A snapshot's name becomes the name of a file."""
    with pytest.raises(WrongUsage, match="must name a snapshot"):
        Wish.read(PinAction.PIN, {"snapshot": name, "reason": "why"}, "ann")


def test_who_asks_is_told_at_no_greater_length_than_people_have_names() -> None:
    """And by whom it was brought, where it does not say."""
    event = {"snapshot": "20261122T020000Z", "reason": " why ", "by": "x" * 1000}
    wish = Wish.read(PinAction.UNPIN, event, "the orchestrator")
    assert (wish.text, len(wish.by)) == ("why", 200)
    assert Wish.read(PinAction.UNPIN, {**event, "by": " "}, "the orchestrator").by == "the orchestrator"


@pytest.mark.parametrize(
    "item",
    [
        {}, {"Action": "pin"}, {"Action": "xyzzy", "SnapshotName": "20261122T020000Z", "Reason": "", "AskedBy": "",
         "AskedTime": "2026-11-22T02:00:00Z", "EventId": ""},
        {"Action": "pin", "SnapshotName": "..", "Reason": "", "AskedBy": "", "AskedTime": "", "EventId": ""},
        {"Action": "pin", "SnapshotName": 1, "Reason": "", "AskedBy": "", "AskedTime": "", "EventId": ""},
    ],
)  # fmt: skip
def test_an_item_that_is_no_request_is_none(item: dict[str, str]) -> None:
    """Whoever may write into the table could put anything there."""
    assert PinRequest.from_item(item) is None
