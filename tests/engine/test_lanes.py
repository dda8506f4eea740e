"""Shares that one instance does at once."""

import threading

import pytest

from efs_backup.engine.runs.sharing.lanes import LANES, Lanes


def test_so_many_begin_at_once_and_no_more() -> None:
    """A lane has room until as many are under way as there are lanes; each end makes room for the next."""
    lanes, goes_on = Lanes[int](), threading.Event()
    for share in range(LANES):
        assert lanes.has_room
        lanes.begin(share, lambda share=share: share if goes_on.wait(60) else -1)  # type: ignore[misc]
    assert not lanes.has_room
    assert lanes.settled(0) is None
    goes_on.set()
    assert lanes.settled(60) in range(LANES)
    assert lanes.has_room


def test_an_error_of_a_share_reaches_who_waits() -> None:
    """The error that a share has raised is raised where its end is waited for, and the share is under way no more."""

    def fail() -> int:
        raise OSError("no space")

    lanes = Lanes[int]()
    lanes.begin(3, fail)
    assert lanes.under_way == {3}
    with pytest.raises(OSError, match="no space"):
        lanes.settled(60)
    assert not lanes.under_way


def test_nobody_waits_for_a_share_that_never_ends() -> None:
    """The end of all is waited for so long and no longer; an error on the way is not raised there."""
    lanes, never = Lanes[int](), threading.Event()
    lanes.begin(0, never.wait)
    lanes.begin(1, lambda: 1 // 0)
    assert not lanes.end_within(0.2)
    assert lanes.under_way == {0}
    never.set()
    assert lanes.end_within(60)
