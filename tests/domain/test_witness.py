"""What a copy witnesses, and which directories are whole by it."""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.copy_worker.witness import Names, Witness, pack, read, unpack, written
from efs_backup.domain.copying.evidence import Evidence, Surveyed

_PATHS = st.binary(min_size=0, max_size=40)
_NAMES = st.sets(st.binary(min_size=1, max_size=20), max_size=8)
_INODES = st.lists(st.integers(0, 2**64 - 1), max_size=5)
_BEFORE_NS = 1_000


@dataclass(frozen=True)
class State:
    """What the kernel tells of a directory."""

    st_ino: int = 7
    st_ctime_ns: int = _BEFORE_NS


@given(_NAMES, st.randoms())
def test_names_are_the_same_in_whatever_order_and_parts_they_come(names: set[bytes], random: Random) -> None:
    """A directory may be split over parts, and each lists it in its own order."""
    shuffled = sorted(names)
    random.shuffle(shuffled)
    half = len(shuffled) // 2
    assert _names(shuffled[:half]) + _names(shuffled[half:]) == _names(names)


@given(_NAMES, _NAMES)
def test_other_names_make_another_set(some: set[bytes], others: set[bytes]) -> None:
    """Also where they are as many."""
    assert (_names(some) == _names(others)) == (some == others)


def test_a_name_that_came_twice_does_not_stand_in_for_one_that_is_missing() -> None:
    """A directory that changes while it is listed may be listed twice."""
    assert _names([b"one", b"one"]) != _names([b"one", b"two"])
    assert _names([b"one", b"one"]) != _names([b"one"])


@given(st.lists(st.tuples(_PATHS, _NAMES, _INODES), max_size=5))
def test_records_are_read_as_they_were_written(records: list[tuple[bytes, set[bytes], list[int]]]) -> None:
    """Whatever bytes a path has, a newline or what is no UTF-8 among them."""
    raw = b"".join(written(path, _witness(names, inodes)) for path, names, inodes in records)
    found = [(path, witness.names, list(unpack(witness.inodes))) for path, witness in read(raw)]
    assert found == [(path, _names(names), inodes) for path, names, inodes in records]


@pytest.mark.parametrize("length", range(60))
def test_a_record_that_was_cut_off_witnesses_nothing(length: int) -> None:
    """Whoever wrote it was killed; the whole ones before it count."""
    whole = written(b"new\nline", _witness({b"one"}, [1]))
    rest = written(b"\xff", _witness({b"two"}, [2, 3]))[: min(length, 48)]
    assert [path for path, _ in read(whole + rest)] == [b"new\nline"]


def test_witnesses_of_two_parts_add_up() -> None:
    """Names and inodes."""
    both = _witness({b"one"}, [1]) + _witness({b"two"}, [2])
    assert (both.names, both.linked, list(unpack(both.inodes))) == (_names([b"one", b"two"]), 2, [1, 2])


def test_a_directory_is_supposed_whole_if_exactly_the_surveyed_names_were_put_in_place() -> None:
    """One less, one more or another: then one must look, and also where nobody knows anything."""
    evidence = Evidence(
        {name: _surveyed({b"one", b"two"}) for name in ("whole", "less", "more", "other", "unseen")},
        {
            "whole": _witness({b"one", b"two"}),
            "less": _witness({b"one"}),
            "more": _witness({b"one", b"two", b"three"}),
            "other": _witness({b"one", b"three"}),
            "unknown": _witness({b"one"}),
        },
    )
    names = ("whole", "less", "more", "other", "unseen", "unknown")
    assert [name for name in names if evidence.supposed(name)] == ["whole"]


def test_a_directory_without_files_needs_no_witness() -> None:
    """No part lists anything of it."""
    assert Evidence({"directory": _surveyed(set())}, {}).supposed("directory")


def test_a_directory_that_is_doubted_has_to_be_looked_at() -> None:
    """Names in it were replaced after the copy."""
    evidence = Evidence({"one": _surveyed(set()), "two": _surveyed(set())}, {}).doubting(["one"])
    assert [name for name in ("one", "two") if evidence.supposed(name)] == ["two"]
    assert evidence.doubting(["two"]).supposed("one") is None


@pytest.mark.parametrize(
    ("found", "is_unchanged"),
    [
        (State(), True),
        (State(st_ctime_ns=_BEFORE_NS + 1), False),
        (State(st_ctime_ns=_BEFORE_NS - 1), False),
        (State(st_ino=8), False),
    ],
)
def test_a_directory_with_another_ctime_or_inode_has_changed(found: State, is_unchanged: bool) -> None:
    """Another directory may have been moved into its place; a clock may go backwards."""
    assert _surveyed(set()).is_unchanged(found) is is_unchanged


def _names(names: Iterable[bytes]) -> Names:
    made = Names()
    for name in names:
        made.add([name])
    return made


def _witness(names: set[bytes], inodes: Iterable[int] = ()) -> Witness:
    return Witness(_names(names), b"".join(map(pack, inodes)))


def _surveyed(names: set[bytes], ctime_ns: int = _BEFORE_NS) -> Surveyed:
    return Surveyed(_names(names), (), 7, ctime_ns)
