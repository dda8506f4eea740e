"""Orders of a restore into the source: hostile and contradicting words are refused before anything runs."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.operations.restore_record import Mounts
from efs_backup.domain.operations.triggers import AskRestore, UnknownTrigger, read_trigger, restore_event
from efs_backup.domain.requests.requests import RestoreMode
from efs_backup.domain.requests.restore_order import MOST_LETTERS, MOST_PATHS, RestoreOrder
from efs_backup.domain.snapshots.selection import Selection

_ONE = {"paths": ["/home/alice/thesis.tex"], "to_original": True}


def _read(**members: Any) -> object:
    return read_trigger({"mode": "restore", "action": "start", **members})


def _refused(**members: Any) -> str:
    found = _read(**members)
    assert isinstance(found, UnknownTrigger), found
    return found.reason


_ORDERS = st.builds(
    RestoreOrder,
    paths=st.lists(st.sampled_from(["/", "home/a b", "übung/*.tex", "a[*]"]), min_size=1, max_size=4).map(tuple),
    into=st.just("/restored here"),
    selection=st.sampled_from([
        Selection(), Selection(number=3), Selection(name="20261122T020000Z"),
        Selection(as_of=datetime(2026, 11, 20, 12, tzinfo=UTC)),
    ]),
    mode=st.sampled_from(RestoreMode), keeps_places=st.sampled_from([None, True, False]),
    keeps_replaced=st.sampled_from([None, True, False]), dry_run=st.booleans(), by=st.just("arn:aws:iam::1:user/a"),
)  # fmt: skip


@given(_ORDERS)
def test_an_order_survives_the_event_and_the_record(order: RestoreOrder) -> None:
    """The instance reads the order that was given."""
    assert read_trigger(restore_event(order, "e1")) == AskRestore(order, "e1")
    assert RestoreOrder.of_text(order.to_text()) == order


def test_what_a_form_sends_is_read_too() -> None:
    """A form has texts alone, and sends what nobody has filled in."""
    order = RestoreOrder(("/home",), None, True, Selection(number=2), dry_run=True)
    sent = {"paths": "/home", "to_original": "Yes", "into": "", "number": "2", "snapshot": "", "dry_run": "true"}
    assert _read(**sent, keep_paths="", restore_mode="") == AskRestore(order)


def test_an_undo_names_a_quarantine_and_nothing_else() -> None:
    """Its own action, so that neither is taken for the other."""
    order = RestoreOrder(undoes="/home.quarantine-20261122T120000Z")
    assert read_trigger(restore_event(order, "e1")) == AskRestore(order, "e1")
    for wrong in ({"action": "undo", **_ONE}, {"action": "undo", "quarantine": "/"}, {"quarantine": "/q"}):
        assert isinstance(read_trigger({"mode": "restore", "action": "start", **wrong}), UnknownTrigger)
    with pytest.raises(WrongUsage):
        RestoreOrder(("/a",), undoes="/q")


@pytest.mark.parametrize(
    "text",
    [
        "/a\nb", "/a\0", "/\x1b[2J", "/\u202egnp.exe", "/a\u2028b", "/\udcff", "../etc", "/home/../../etc", "  ",
        "/" + "a" * 1024,
    ],
)  # fmt: skip
@pytest.mark.parametrize("member", ["paths", "into", "quarantine"])
def test_hostile_text_is_refused_at_the_event(member: str, text: str) -> None:
    """Neither a terminal, a mail nor a log gets to see it, and nothing leads out of a file system."""
    value = [text] if member == "paths" else text
    assert _refused(**{**_ONE, "to_original": member == "paths", member: value})


@pytest.mark.parametrize(
    "members",
    [
        {}, {"paths": ["/a"]}, {"to_original": True}, {"paths": ["/a"], "into": "/b", "to_original": True},
        {**_ONE, "paths": {"a": 1}}, {**_ONE, "paths": [1]}, {**_ONE, "paths": "/a", "into": 7},
        {**_ONE, "number": -1}, {**_ONE, "number": True}, {**_ONE, "number": "99999"},
        {**_ONE, "number": "2", "snapshot": "2026"},
        {**_ONE, "as_of": "yesterday"}, {**_ONE, "restore_mode": "delete"}, {**_ONE, "dry_run": "perhaps"},
        {**_ONE, "to_original": 1}, {**_ONE, "action": "stop"}, {**_ONE, "by": "a\nb"},
        {**_ONE, "paths": ["/a"] * (MOST_PATHS + 1)}, {**_ONE, "paths": ["/" + "a" * 1000] * (MOST_LETTERS // 1000)},
        {"paths": ["/home"], "into": "/", "restore_mode": "mirror"},
        {"paths": ["/home"], "into": "/./", "restore_mode": "mirror"},
    ],
    ids=lambda members: str(members)[:60],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(members: dict[str, Any]) -> None:
    """With a reason, and never an exception."""
    assert _refused(**members)


@given(st.dictionaries(st.sampled_from(["paths", "into", "to_original", "number", "as_of", "by", "snapshot"]),
                       st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text())))  # fmt: skip
def test_no_event_raises(members: dict[str, Any]) -> None:
    """Whatever somebody sends."""
    assert isinstance(_read(**members), AskRestore | UnknownTrigger)


def test_a_mirror_of_everything_into_the_root_is_meant() -> None:
    """A mirror is meant for the whole; a part belongs into its directory, or to its original place."""
    assert RestoreOrder(("/",), "/", mode=RestoreMode.MIRROR).writes
    assert RestoreOrder(("/home",), to_original=True, mode=RestoreMode.MIRROR).writes


def test_mounts_are_told_as_file_systems() -> None:
    """Nobody but the instance can look at its paths."""
    mounts = Mounts((("/run/efs-backup/source", "fs-1"), ("/run/efs-backup/backup", "fs-2")))
    assert (
        mounts.told("'/run/efs-backup/source/home/a' is in '/run/efs-backup/backup'") == "'fs-1:/home/a' is in 'fs-2:/'"
    )
    assert mounts.in_file_system("/run/efs-backup/source/.quarantine-T") == "/.quarantine-T"
    assert mounts.in_file_system("/elsewhere") == "/elsewhere"


def test_an_undo_may_move_away_what_was_changed_since() -> None:
    """By the event too; a restore knows no such thing, and an undo no snapshot."""
    undo = RestoreOrder(undoes="/.q", moves_changed=True, by="ann")
    assert RestoreOrder.of_text(undo.to_text()) == undo
    assert RestoreOrder.of_event({"quarantine": "/.q", "move_changed": "Yes"}).moves_changed
    with pytest.raises(WrongUsage, match="by an undo alone"):
        RestoreOrder(("/a",), to_original=True, moves_changed=True)
    with pytest.raises(WrongUsage, match="and nothing else"):
        RestoreOrder(undoes="/.q", selection=Selection(number=1))
