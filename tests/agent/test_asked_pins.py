"""Pins that are asked for by an event while no instance runs: the next agent carries them out, once."""

import json
from typing import Any

import pytest

from tests.agent.instance import Instance, successful_night
from tests.support.nightly import mostly_nightly

pytestmark = pytest.mark.root


def _ask(instance: Instance, action: str, snapshot: str, **more: str) -> dict[str, str]:
    return instance.cloud.call({
        "mode": "backup", "action": action, "snapshot": snapshot, "reason": "the audit", "by": "ann", **more
    })  # fmt: skip


def _said(instance: Instance, name: str) -> dict[str, Any] | None:
    path = instance.backup / "efs-backup" / "daily" / ".pins" / name
    return json.loads(path.read_text()) if path.exists() else None


def test_a_pin_a_note_and_their_end_are_carried_out_by_the_next_agent(instance: Instance) -> None:
    """With who has asked, in the pin and in the mail; what cannot be done is told, and tried once."""
    first, gone = str(successful_night(instance, 20).snapshot), "20260101T020000Z"
    answer = _ask(instance, "pin", first, until="2026-12-31", event_id="event 1")
    assert answer == {"action": "note", "reason": f"the agent of the next backup carries out the pin of {first}"}
    _ask(instance, "note", first, reason="before the upgrade")
    _ask(instance, "pin", gone)
    ended = successful_night(instance, 21)
    told = str(ended.message)
    assert ended.pinned == f"{first} pinned until 2026-12-31: the audit"
    assert f"The snapshot {first} is pinned, as ann has asked: the audit." in told
    assert f"The pin of {gone} could not be carried out, as ann has asked: The snapshot {gone} was dropped" in told
    pin, note = _said(instance, f"{first}.pin.json"), _said(instance, f"{first}.note.json")
    assert pin
    assert note
    assert (pin["by"], pin["reason"], pin["until"]) == ("ann", "the audit", "2026-12-31T23:59:59Z")
    assert (note["by"], note["text"]) == ("ann", "before the upgrade")
    _ask(instance, "unpin", first)
    _ask(instance, "note", first, reason="")
    again = _ask(instance, "pin", first, event_id="event 1")
    assert again == answer, "somebody whom the first answer did not reach reads the same"
    told = str(successful_night(instance, 22).message)
    assert f"The pin of the snapshot {first} is released, as ann has asked: the audit." in told
    assert "could not be carried out" not in told
    assert (_said(instance, f"{first}.pin.json"), _said(instance, f"{first}.note.json")) == (None, None)


@pytest.mark.parametrize(
    ("event", "refused"),
    mostly_nightly(
        [
            ({"action": "pin", "snapshot": "latest", "reason": "why"}, "the event must name a snapshot"),
            ({"action": "unpin", "reason": "why"}, "the event must name a snapshot"),
            ({"action": "pin", "snapshot": "20261120T020000Z"}, "The reason needs 1 to 1,000 letters"),
            ({"action": "note", "snapshot": "20261120T020000Z", "reason": "x" * 1001}, "The note needs 1 to 1,000"),
            (
                {"action": "pin", "snapshot": "20261120T020000Z", "reason": "a", "until": "some day"},
                "is no ISO 8601 time",
            ),
        ],
        2,
    ),
)
def test_an_event_that_names_no_snapshot_or_reason_asks_for_nothing(
    instance: Instance, event: dict[str, str], refused: str
) -> None:
    """The answer says what it lacks."""
    answer = instance.cloud.call({"mode": "backup", **event})
    assert answer["action"] == "ignore"
    assert refused in answer["reason"]
