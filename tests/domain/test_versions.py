"""Versions of a name, told from lines of changes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.snapshots.versions import (
    State,
    Told,
    known_from,
    lines_about,
    lines_below,
    spread,
    versions_of,
)

FIELDS = b"type=file mode=0644 uid=1 gid=2 time=-6.999999999 size=12 sha256digest=ab inode=7"
STATE = State("file", 0o644, 1, 2, -5_000_000_001, 12, sha256="ab", inode=7)
DIRECTORY = State.of(b"type=dir mode=0755 uid=0 gid=0 time=1.000000000")


def _state(number: int) -> State:
    return replace(STATE, size=number)


def test_the_fields_of_a_line_are_a_state() -> None:
    """Also times before 1970, and what has no size."""
    assert State.of(FIELDS) == STATE
    assert State.of(b"type=link mode=0777 uid=0 gid=0 time=1.000000002 link=a\\040b").link == b"a\\040b"
    assert State.of(b"type=char mode=0600 uid=0 gid=0 time=0.000000000 device=native,1,3").device == "native,1,3"


@pytest.mark.parametrize("fields", [b"", b"type=file", b"\xff=1", b"type=file mode=9 uid=0 gid=0 time=1.0", b"x"])
def test_what_are_no_fields_is_refused(fields: bytes) -> None:
    """A file that was torn, or that somebody has edited."""
    with pytest.raises(ValueError, match="tells nothing of a name"):
        State.of(fields)


def test_lines_about_a_name_are_found_by_its_whole_place() -> None:
    """Not those of longer or shorter names, nor of a symlink that leads there."""
    lines = [
        b"+ ./a/b type=file", b"+ ./a/bc type=file", b"- ./a type=dir", b"> ./x ./a/b", b"> ./a/b ./y",
        b"~ ./l type=link link=./a/b", b"< ./a/b/c type=file",
    ]  # fmt: skip
    text = b"".join(line + b"\n" for line in lines)
    assert sorted(lines_about(text, b"./a/b")) == sorted([lines[0], lines[4], lines[3]])
    assert [*lines_about(text, b"./l")] == [lines[5]]
    assert [*lines_about(text, b".")] == []
    assert [*lines_about(b"~ . type=dir mode=0755", b".")] == [b"~ . type=dir mode=0755"]
    assert lines_below(lines, b"+", b"./a") == [lines[0], lines[1]]
    assert lines_below(lines, b"-", b".") == [lines[2]]


def test_a_night_tells_what_a_name_was_and_is() -> None:
    """A file in whose place a directory is now is gone and new in one night."""
    told = Told()
    for line in (b"- ./a " + FIELDS, b"+ ./a type=dir mode=0755 uid=0 gid=0 time=1.000000000", b"> ./a ./b"):
        told.take(line, b"./a")
    assert (told.before, told.after, told.becomes, told.was) == (STATE, DIRECTORY, b"./b", b"")


def test_a_hash_that_is_known_for_one_alone_makes_no_version() -> None:
    """Nor does an inode, nor a directory's mtime; another hash does."""
    assert STATE.is_as(replace(STATE, sha256="", inode=9))
    assert not STATE.is_as(replace(STATE, sha256="cd"))
    assert DIRECTORY.is_as(replace(DIRECTORY, mtime_ns=5))
    assert not DIRECTORY.is_as(replace(DIRECTORY, mode=0o700))
    (version,) = versions_of({"1": replace(STATE, sha256=""), "2": STATE})
    assert (version.state.sha256, version.names) == ("ab", ("1", "2"))


def test_a_version_knows_what_was_before_and_what_came_after() -> None:
    """One that came back after it was gone counts anew."""
    found = versions_of({"1": None, "2": STATE, "3": STATE, "4": None, "5": STATE, "6": _state(1)})
    assert [(one.names, one.after, one.until, one.is_gone) for one in found] == [
        (("2", "3"), "1", "4", True),
        (("5",), "4", "6", False),
        (("6",), "5", None, False),
    ]
    assert versions_of({"1": None}) == []


histories = st.lists(st.none() | st.integers(1, 3), min_size=1, max_size=12)


@given(histories, st.data())
def test_changes_tell_the_state_in_each_snapshot(states: list[int | None], data: st.DataObject) -> None:
    """Whatever the history: some nights begin from an older snapshot than the one before, some from nothing.

    What is told is true, and where nothing begins from nothing, one snapshot's manifest is enough to know all.
    """
    truth = {f"{night:02}": _state(state) if state else None for night, state in enumerate(states)}
    names = sorted(truth)
    since: dict[str, str | None] = {names[0]: None}
    for at, name in enumerate(names[1:], 1):
        since[name] = names[data.draw(st.integers(max(0, at - 2), at - 1))] if data.draw(st.integers(0, 4)) else None
    told = {
        night: Told(truth[base], truth[night])
        for night, base in since.items()
        if base is not None and truth[base] != truth[night]
    }
    known = spread(known_from(told, since), since, told)
    assert all(truth[name] == state for name, state in known.items())
    anchor = data.draw(st.sampled_from(names))
    more = spread({**known, anchor: truth[anchor]}, since, told)
    assert all(truth[name] == state for name, state in more.items())
    if None not in [*since.values()][1:]:
        assert more.keys() == truth.keys()
