"""Holds: what they protect, what ends them, and how they are told."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.operations.hold_requests import HoldAction, HoldRequest, held_days, requests_in
from efs_backup.domain.snapshots.hold import NO_HOLD, Cause, Hold, LabelHold, Torn, because, plan_release, reminder
from efs_backup.domain.snapshots.names import Interval, SnapshotName
from efs_backup.domain.snapshots.pruning import plan_prune
from efs_backup.domain.snapshots.retention import Retention
from tests.support.records import RUNNING

START = datetime(2026, 11, 1, 2, tzinfo=UTC)


def _name(day: int) -> SnapshotName:
    return SnapshotName.of(START + timedelta(days=day))


def _cause(day: int, *, hour: int = 0, share: float | None = 0.6) -> Cause:
    at = START + timedelta(days=day, hours=hour)
    return Cause(_name(day), "60 % of 1,000 files changed or went", "tripwire", at, share, (str(_name(0)),))


def _held(*days: int) -> LabelHold:
    hold = Hold(_cause(days[0]))
    for day in days[1:]:
        hold = Hold(_cause(day)).upon(hold)
    return LabelHold({Interval.DAILY: hold})


TORN = LabelHold({Interval.WEEKLY: Torn("/backup/web/weekly/.hold.json", "it is no small file")})


def test_a_hold_is_read_back_as_it_was() -> None:
    """The newest reason stands at the top of its file, as an operator reads it."""
    hold = Hold(_cause(9)).upon(Hold(_cause(5)))
    assert Hold.parse(hold.to_text()) == hold
    assert json.loads(hold.to_text())["since"] == str(_name(9))
    assert (hold.since, hold.began, hold.latest) == (_name(9), _cause(5).at, _cause(9).at)


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{}", "5", '{"since": "never"}', "[" * 100_000,
        '{"since": "20261122T020000Z", "reason": "x", "by": "y", "at": "2026-11-22"}',
        '{"since": "20261122T020000Z", "reason": "x", "by": "y", "at": "2026-11-22T02:00:00Z", "share": "much"}',
        '{"since": "20261122T020000Z", "reason": "x", "by": "y", "at": "2026-11-22T02:00:00Z", "earlier": 5}',
        '{"format": 2, "since": "20261122T020000Z", "reason": "x", "by": "y", "at": "2026-11-22T02:00:00Z"}',
    ],
)  # fmt: skip
def test_what_is_no_hold_is_refused(text: str) -> None:
    """Whatever it is: who reads it holds everything then."""
    with pytest.raises(ValueError, match="no hold"):
        Hold.parse(text)


def test_many_reasons_do_not_fill_a_disk_and_the_first_is_kept() -> None:
    """For the hold has lasted since then."""
    held = _held(*range(100)).readable[0]
    assert held.began == _cause(0).at
    assert held.since == _name(99)
    assert len(held.to_text()) < 20_000


def test_what_is_older_is_protected_in_all_series_of_the_label() -> None:
    """By the time of a name; a torn hold protects everything."""
    names = [_name(day) for day in range(10)]
    assert [*_held(5).protects(names)] == names[:5]
    assert [*_held(5, 8).protects(names)] == names[:8]
    assert [*TORN.protects(names)] == names
    assert NO_HOLD.protects(names) == {}


@given(st.sets(st.integers(0, 300), min_size=1), st.integers(0, 300), st.integers(1, 20))
def test_a_prune_drops_nothing_that_is_held_and_newer_ones_rotate_among_themselves(
    days: set[int], since: int, count: int
) -> None:
    """As many of the newer ones stay as the rule says, and one at least where there is one."""
    names = [_name(day) for day in days]
    plan = plan_prune(names, Retention(count), _held(since).protects(names))
    newer = sorted((name for name in names if name >= _name(since)), reverse=True)
    assert sorted(plan.keep) == sorted([name for name in names if name < _name(since)] + newer[:count])
    assert [*plan.drop] == newer[count:]
    assert max(names) in plan.keep


def test_the_reason_of_a_prune_says_what_is_held() -> None:
    """In the words of the dry run."""
    names = [_name(day) for day in range(8)]
    plan = plan_prune(names, Retention(2), _held(3).protects(names))
    assert plan.reason == "retention 2: 8 there, 5 kept (3 beyond the rules), 3 dropped"


def test_a_release_that_is_carried_out_later_ends_no_hold_that_came_since() -> None:
    """Nobody can have meant it; nor one that is torn. Who is there and sees them ends all."""
    held = LabelHold({Interval.DAILY: _held(5).readable[0], **TORN.holds})
    assert plan_release(held, START + timedelta(days=6)) == [Interval.DAILY]
    assert plan_release(held, START + timedelta(days=5) - timedelta(seconds=1)) == []
    assert plan_release(_held(5, 8), START + timedelta(days=6)) == []
    assert plan_release(held, None) == [Interval.DAILY, Interval.WEEKLY]


def test_a_hold_is_told_each_night_and_louder_after_two_weeks() -> None:
    """A hold is never released by time."""
    (told,) = reminder(_held(5), START + timedelta(days=14, hours=3))
    assert told.startswith(f"Held for 9 days: no snapshot older than {_name(5)} is dropped, because 60 % of")
    assert "`efs-backup release BACKUP --reason ...`" in told
    assert "That is long" not in told
    (louder,) = reminder(_held(5, 18), START + timedelta(days=20))
    assert louder.startswith(f"Held for 15 days: no snapshot older than {_name(18)}")
    assert "That is long" in louder
    assert reminder(_held(5), START + timedelta(days=5))[0].startswith("Held since today")
    assert reminder(NO_HOLD, START) == []


def test_who_holds_in_the_end_hides_no_mass_change_from_before() -> None:
    """The newest reason is told and the oldest, of all series of the label."""
    person = replace(_cause(9), reason="the audit", by="ann", share=None)
    (told,) = reminder(LabelHold({Interval.DAILY: Hold(person).upon(Hold(_cause(5)))}), START + timedelta(days=9))
    assert f"no snapshot older than {_name(9)} is dropped, because the audit (by ann), and before that, since" in told
    assert f"since {_name(5)}, because 60 % of 1,000 files changed or went (by tripwire). Compare" in told
    weekly = LabelHold({**_held(5, 6, 7).holds, Interval.WEEKLY: Hold(person)})
    assert because(weekly.readable).endswith("(by tripwire), and 2 reasons between")


def test_a_torn_hold_and_a_crowd_are_named() -> None:
    """A hold may need more links than a file can have."""
    torn, crowd = reminder(TORN, START, crowd=171, room=170)
    assert "'/backup/web/weekly/.hold.json' cannot be read: it is no small file" in torn
    assert "171 snapshots, more than the 170" in crowd
    assert len(reminder(_held(5), START, crowd=170, room=170)) == 1


def test_requests_are_read_from_their_item_in_the_order_in_which_they_came() -> None:
    """Each has attributes of its own."""
    first = HoldRequest(HoldAction.RELEASE, "meant", "ann", START, "event 1")
    second = HoldRequest(HoldAction.HOLD, "not\nmeant", "bob", START + timedelta(hours=1), "event 2")
    item = {**second.to_item(), **first.to_item(), "BackupId": "hold"}
    assert {"HoldRelease", "HoldAsked"} < {*item}
    assert [(one.action, one.reason) for one in requests_in(item)] == [("release", "meant"), ("hold", "not meant")]
    assert requests_in({"BackupId": "hold", "HoldReleaseId": "event 1"}) == []


def test_a_request_that_is_half_written_ends_no_backup() -> None:
    """Without its time nobody knows which hold was meant; without an author it is somebody's."""
    assert requests_in({"HoldRelease": "why", "HoldReleaseTime": "plugh", "HoldAsked": "why"}) == []
    (only,) = requests_in({"HoldAsked": "why", "HoldAskedTime": "2026-11-22T09:00:00"})
    assert (only.by, only.at, only.event_id) == ("somebody", datetime(2026, 11, 22, 9, tzinfo=UTC), "")


def test_the_days_of_a_hold_are_those_since_its_snapshot() -> None:
    """For a metric; 0 without one."""
    assert held_days(RUNNING, START) == 0
    assert held_days(replace(RUNNING, hold=str(_name(2))), START + timedelta(days=3, hours=12)) == 1.5


def test_a_reason_is_one_line_and_no_novel() -> None:
    """A reason is read in mails and in seals."""
    text = Hold(Cause(_name(1), "a\nb" * 1000, "me", START)).to_text()
    reason = Hold.parse(text).cause.reason
    assert len(reason) < 1100
    assert "\n" not in reason
