"""Holds that are asked for by an event while no instance runs: the next agent carries them out, once."""

import json
import os
from typing import Any

import pytest

from efs_backup.domain.operations.record import BackupRecord
from tests.agent.instance import Instance, successful_night
from tests.support.builders import write

pytestmark = pytest.mark.root

_FILES = 210


def _ask(instance: Instance, time: str, action: str, **more: str) -> dict[str, str]:
    instance.cloud.time = time
    return instance.cloud.call({"mode": "backup", "action": action, "reason": "because", **more})


def _rewrite(instance: Instance) -> None:
    for number in range(_FILES):
        write(instance.source / f"file {number}", os.urandom(4).hex())


def _hold(instance: Instance) -> dict[str, Any] | None:
    path = instance.backup / "efs-backup" / "daily" / ".hold.json"
    return json.loads(path.read_text()) if path.exists() else None


def _warns(backup: BackupRecord, kind: str) -> bool:
    return kind in (backup.warning or "").split(", ")


def test_a_mass_change_is_mailed_held_and_released_by_an_event(instance: Instance) -> None:
    """The mail has a subject of its own; a reminder comes each night; the release is carried out by the next backup."""
    _rewrite(instance)
    successful_night(instance, 20)
    _rewrite(instance)
    ended = successful_night(instance, 21)
    assert _warns(ended, "MassChange")
    assert (ended.changed_files, ended.removed_files, ended.renamed_files, ended.attribute_changes) == (_FILES, 0, 0, 0)
    assert ended.changed_share == round(_FILES / (_FILES + 13), 4)
    assert ended.hold == ended.snapshot
    subject, text = instance.cloud.mails()[-1]
    assert subject.startswith("EFS backup MASS CHANGE: 94.1 % of the files changed or went, nothing older")
    assert f"All that are older than {ended.hold} are held" in text
    assert "efs-backup stack release" in text
    assert _warns(successful_night(instance, 22), "Held")
    assert "with a WARNING" in instance.cloud.mails()[-1][0]
    assert _ask(instance, "2026-11-22T12:00:00Z", "release", by="ann")["action"] == "note"
    assert _hold(instance)
    ended = successful_night(instance, 23)
    assert not _warns(ended, "Held")
    assert ended.hold is None
    assert "is released, as ann has asked: because." in str(ended.message)
    assert _hold(instance) is None


@pytest.mark.long
def test_a_release_that_was_asked_for_before_a_hold_does_not_end_it(instance: Instance) -> None:
    """Nor does an event that is delivered again when it was carried out long ago."""
    _rewrite(instance)
    successful_night(instance, 20)
    first = _ask(instance, "2026-11-20T12:00:00Z", "release", event_id="event 1")
    _rewrite(instance)
    ended = successful_night(instance, 21)
    assert "There is no hold that an event of the orchestrator could have meant" in str(ended.message)
    assert _hold(instance)
    answer = _ask(instance, "2026-11-21T12:00:00Z", "release", event_id="event 1")
    assert answer == first, "somebody whom the first answer did not reach reads the same"
    successful_night(instance, 22)
    assert _hold(instance)


def test_a_hold_that_is_asked_for_protects_what_is_there(instance: Instance) -> None:
    """A hold is made before that night's backup, which drops nothing then."""
    successful_night(instance, 20)
    _ask(instance, "2026-11-20T12:00:00Z", "hold", by="bob")
    ended = successful_night(instance, 21)
    assert "is held, as bob has asked: because." in str(ended.message)
    hold = _hold(instance)
    assert hold
    assert (hold["by"], hold["reason"], hold["protects"]) == ("bob", "because", ["20261120T020000Z"])


def test_an_event_without_a_reason_asks_for_nothing(instance: Instance) -> None:
    """Whoever reads it in a year has only that."""
    answer = instance.cloud.call({"mode": "backup", "action": "release"})
    assert answer == {"action": "ignore", "reason": "a release must give its reason"}
