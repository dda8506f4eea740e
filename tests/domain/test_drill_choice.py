"""The draws of a drill: by a seed, repeatable, in both classes, within what was asked for."""

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.drill.choice import (
    BUCKETS,
    Figures,
    SizeClass,
    bucket_of,
    class_of,
    draws,
    fitting,
    one_of,
    outermost,
    places,
    seed_of,
    shares,
    tuning_for_rate,
)
from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.requests.drill import DrillRequest, pinned_lines, pinned_path, read_size
from efs_backup.domain.requests.tuning import Tuning

SEED = seed_of("5ea1" * 16, "2026-11-22")


def test_anybody_can_repeat_the_seed_and_a_draw() -> None:
    """With `sha256sum` alone, as the module says."""
    text = f"{'5ea1' * 16} 2026-11-22"
    assert hashlib.sha256(text.encode()).hexdigest() == SEED
    first = hashlib.sha256(f"{SEED} small 0".encode()).digest()[:8]
    assert next(draws(SEED, "small", 1, 1000)) == int.from_bytes(first, "big") % 1000
    assert one_of(SEED, "small", 1000) == int.from_bytes(first, "big") % 1000


def test_draws_are_those_of_the_seed_and_the_purpose() -> None:
    """Written down here, so that no later version draws otherwise from the same seed."""
    assert [*draws(SEED, "small", 5, 1_000_000)] == [*draws(SEED, "small", 9, 1_000_000)][:5]
    assert [*draws(SEED, "small", 3, 1_000_000)] == [881105, 45225, 85311]
    assert [*draws(SEED, "large", 5, 1_000_000)] != [*draws(SEED, "small", 5, 1_000_000)]
    assert seed_of("5ea1" * 16, "2026-11-23") != SEED


@given(st.integers(0, 60), st.integers(0, 50))
def test_no_number_is_drawn_twice(number: int, population: int) -> None:
    """And all are, where no more are there than were asked for."""
    drawn = [*draws(SEED, "small", number, population)]
    assert len(drawn) == len(set(drawn)) == min(number, population)
    assert set(drawn) <= set(range(population))


def test_every_file_is_as_likely_as_any_other() -> None:
    """Of 20 halves of a population each has about a twentieth of the draws."""
    drawn = [*draws(SEED, "small", 20_000, 10**9)]
    counts = [sum(1 for one in drawn if one * 20 // 10**9 == part) for part in range(20)]
    assert all(850 < count < 1150 for count in counts)


@given(st.integers(0, 2000), st.integers(0, 10**7), st.integers(0, 10**7))
def test_shares_are_of_what_is_there(files: int, small: int, large: int) -> None:
    """As many as were asked for, where there are as many, and of neither class less than a tenth."""
    share = shares(files, small, large)
    assert sum(share.values()) == min(files, small + large)
    assert share[SizeClass.SMALL] <= small
    assert share[SizeClass.LARGE] <= large
    for size_class, there in ((SizeClass.SMALL, small), (SizeClass.LARGE, large)):
        assert share[size_class] >= min(files // 10, there)


def test_a_share_is_that_of_all_files() -> None:
    """But for a class that would be too small to measure anything."""
    assert shares(1000, 700_000, 300_000) == {SizeClass.SMALL: 700, SizeClass.LARGE: 300}
    assert shares(1000, 999_000, 1_000) == {SizeClass.SMALL: 900, SizeClass.LARGE: 100}
    assert shares(1000, 999_000, 0) == {SizeClass.SMALL: 1000, SizeClass.LARGE: 0}
    assert shares(2, 10, 10) == {SizeClass.SMALL: 1, SizeClass.LARGE: 1}


@given(st.lists(st.integers(0, 5), max_size=20))
def test_an_ordinal_leads_to_its_block(counts: list[int]) -> None:
    """To the one that holds it, and its place in that."""
    ends = [sum(counts[: number + 1]) for number in range(len(counts))]
    wanted = [(block, before) for block, count in enumerate(counts) for before in range(count)]
    assert places([*range(sum(counts))], ends) == wanted


def test_what_is_too_large_leaves_room_for_the_others() -> None:
    """In the order in which they were drawn."""
    assert fitting([5, 100, 6, 1], 10) == [True, False, False, True]
    assert fitting([0, 0], 0) == [True, True]


def test_classes_and_buckets_end_alike() -> None:
    """A bucket of the chart is of one class."""
    assert [bucket_of(size) for limit in BUCKETS for size in (limit, limit + 1)] == [0, 1, 1, 2, 2, 3, 3, 4, 4, 5]
    assert all(class_of(low + 1) is class_of(high) for low, high in pairwise((-1, *BUCKETS)))
    assert class_of(256 * 1024) is SizeClass.SMALL
    assert class_of(256 * 1024 + 1) is SizeClass.LARGE


@pytest.mark.parametrize(
    ("paths", "outer"),
    [
        (["b", "a/b", "a"], ["a", "b"]),
        (["a/b", "a-b", "a/b/c/d"], ["a-b", "a/b"]),
        (["", "a"], [""]),
        ([], []),
    ],
)
def test_a_pinned_path_in_another_is_pinned_by_that(paths: list[str], outer: list[str]) -> None:
    """Nothing is restored twice for it."""
    assert outermost(paths) == outer


def test_large_files_are_restored_as_many_at_a_time_as_all_would_be() -> None:
    """Over a network, where there are too many to be brought one by one."""
    whole = Figures(5_000, 10**11)
    assert tuning_for_rate(Tuning(), 100, whole, 32, is_over_a_network=True) == Tuning(files_per_part=4)
    assert tuning_for_rate(Tuning(jobs=10), 100, whole, 32, is_over_a_network=True) == Tuning(
        jobs=10, files_per_part=10
    )
    for tuning, there, is_network in (
        (Tuning(), whole, False), (Tuning(files_per_part=7), whole, True), (Tuning(), Figures(10, 10**7), True),
    ):  # fmt: skip
        assert tuning_for_rate(tuning, 100, there, 32, is_over_a_network=is_network) == tuning


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("500", 500), ("1.5k", 1500), ("10G", 10**10), ("10gb", 10**10), ("2TB", 2 * 10**12), ("1 MiB", 2**20)],
)
def test_a_size_is_read(text: str, size: int) -> None:
    """Decimal units, or binary ones with an i."""
    assert read_size(text) == size


@pytest.mark.parametrize("text", ["", "G", "-1", "1e9", "10 apples", "1.G", "٣"])
def test_what_is_no_size_is_refused(text: str) -> None:
    """The sentence shows one."""
    with pytest.raises(WrongUsage, match="looks like"):
        read_size(text)


def test_a_pinned_path_is_one_of_the_snapshot() -> None:
    """From its root, whatever slashes there are; none leads out of it."""
    assert [pinned_path(text) for text in ("/a//b/", "./a", "/", "a b ")] == ["a/b", "a", "", "a b "]
    assert pinned_lines("# note\n\n  \n/a\r\nb c\n") == ["a", "b c"]
    for text in ("..", "a/../../b"):
        with pytest.raises(WrongUsage):
            pinned_path(text)


@pytest.mark.parametrize(
    "asked", [{"files": -1}, {"files": 100_001}, {"pinned": ("../x",)}, {"snapshot": "x", "is_random": True}]
)
def test_what_cannot_be_drawn_is_refused(asked: dict[str, object]) -> None:
    """Before anything is looked at."""
    with pytest.raises(WrongUsage):
        DrillRequest("backup", "scratch", **asked)  # type: ignore[arg-type]
