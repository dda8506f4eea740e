"""A person's event that is delivered a second time, for its first answer was lost: it is answered like the first."""

from collections.abc import Iterator

import pytest

from efs_backup.domain.operations.record import BackupId
from efs_backup.domain.operations.triggers import RUNNING, start_event, stop_event
from efs_backup.domain.results import BackupStatus
from tests.support.cloud import Cloud, a_stack
from tests.support.rows import add_row, ends, further_sources, records, rows_of

_BY = "the automation 0a1b"


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """An account with a stack that may back up several file systems, one after the other."""
    with a_stack(monkeypatch.setenv) as made, further_sources(made):
        yield made


def _twice(cloud: Cloud, event: dict[str, str]) -> list[str]:
    return [cloud.call(event | {"event_id": "once"})["action"] for _ in range(2)]


@pytest.mark.long
def test_a_start_that_waits_is_no_start_that_was_skipped(cloud: Cloud) -> None:
    """A start that came twice waits once, nobody is mailed, and its turn comes."""
    add_row(cloud, "web")
    first = cloud.schedule_fires()
    assert _twice(cloud, start_event("web")) == ["queue", "queue"]
    assert ([each.row for each in rows_of().waiting()], list(records(cloud))) == (["web/daily"], [""])
    ends(cloud, first.backup_id)
    assert records(cloud)["web"].status is BackupStatus.RUNNING


def test_a_start_is_answered_by_what_became_of_it(cloud: Cloud) -> None:
    """Begun, or skipped: there is one record of it."""
    assert _twice(cloud, start_event()) == ["start", "start"]
    assert [cloud.call(start_event() | {"event_id": "late"})["action"] for _ in range(2)] == ["skip", "skip"]
    assert len(list(cloud.store.backups())) == 2


@pytest.mark.parametrize("which", ["", RUNNING])
def test_a_stop_ends_nothing_that_began_after_it(cloud: Cloud, which: str) -> None:
    """The one that it has ended is over, and the next one is at work."""
    add_row(cloud, "web")
    first = cloud.schedule_fires()
    cloud.call(start_event("web"))
    stop = stop_event(which or first.backup_id, _BY) | {"event_id": "0a1b"}
    assert cloud.call(stop)["action"] == "stop"
    ends(cloud, first.backup_id, BackupStatus.INCOMPLETE)
    web = records(cloud)["web"]
    assert cloud.call(stop) == {
        "action": "stop", "reason": f"the event was delivered before: {first.backup_id} is over"
    }  # fmt: skip
    assert (cloud.store.get(web.backup_id).stop_cause, cloud.capacity()) == (None, 1)


def test_a_late_end_of_a_window_is_answered_as_late(cloud: Cloud) -> None:
    """Nobody waits for the answer of the rule."""
    first = cloud.schedule_fires()
    ends(cloud, first.backup_id)
    cloud.time = "2026-11-23T02:00:00Z"
    cloud.schedule_fires()
    assert cloud.call(stop_event(BackupId(first.backup_id)))["action"] == "ignore"
