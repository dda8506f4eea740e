"""The cost of a series: metering, operations, prices and their sum."""

import json
from dataclasses import fields, replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.cost.estimate import MONTH_DAYS, Estimate, StorageClass
from efs_backup.domain.cost.keeping import Keeping, changed_within
from efs_backup.domain.cost.metering import (
    GIB,
    KIB,
    LEAST_DATA_BYTES,
    MIB,
    cold_content,
    metered_data,
    stored_directory,
    stored_file,
    warm_inode,
)
from efs_backup.domain.cost.nights import (
    Habits,
    first_night,
    linked_night,
    steady_night,
    touched_directories,
    without_changes,
)
from efs_backup.domain.cost.prices import LIST_PRICES, Prices, own_prices, prices_of
from efs_backup.domain.cost.tree_figures import TreeFigures
from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.snapshots.duration import Duration
from efs_backup.domain.snapshots.names import Interval
from efs_backup.domain.snapshots.retention import Retention

ROOT = Path(__file__).parents[2]
PRICES = prices_of("us-east-1")
_sizes = st.integers(0, 2**50)


def tree_of(files: int, in_each: int = 20, size: int = 4096) -> TreeFigures:
    """The figures of a tree of so many files of one size, so many in each directory."""
    tree = TreeFigures()
    tree.add_names([size] * files, 0)
    for _ in range(max(1, files // in_each)):
        tree.add_directory(in_each)
    return tree


@given(_sizes, _sizes)
def test_more_bytes_are_metered_as_more(one: int, other: int) -> None:
    """At least as they are, at least 32 KiB, by the KiB, and at most 32 KiB more than they are."""
    small, large = sorted((one, other))
    assert metered_data(small) <= metered_data(large) or metered_data(small) - metered_data(large) <= LEAST_DATA_BYTES
    for size in (small, large):
        assert size <= metered_data(size) <= size + LEAST_DATA_BYTES
        assert metered_data(size) % KIB == 0


@pytest.mark.parametrize(
    ("size", "metered"),
    [
        (0, 0), (1, 32 * KIB), (32 * KIB, 32 * KIB), (32 * KIB + 1, 33 * KIB), (MIB, MIB), (MIB + 1, MIB + 32 * KIB),
        (2 * MIB + 100 * KIB, 2 * MIB + 100 * KIB),
    ],
)  # fmt: skip
def test_a_file_is_metered_by_operations_of_a_mebibyte(size: int, metered: int) -> None:
    """Each is 32 KiB at least."""
    assert metered_data(size) == metered


@given(_sizes)
def test_a_file_is_stored_by_four_kibibytes_and_an_inode(size: int) -> None:
    """In a cheaper class as 128 KiB at least, and the inode stays."""
    assert size <= stored_file(size) - 2 * KIB <= size + 4 * KIB
    assert cold_content(size) == 0 if size == 0 else cold_content(size) >= 128 * KIB
    assert warm_inode(size) == 2 * KIB
    assert stored_directory(0) == 6 * KIB <= stored_directory(10_000)


@given(st.floats(0, 1), st.integers(0, 400))
def test_what_changes_in_some_nights_is_a_share(share: float, nights: int) -> None:
    """Never more than all, and never less in more nights."""
    assert 0 <= changed_within(share, nights) <= changed_within(share, nights + 1) <= 1
    tree = tree_of(1000)
    assert 0 <= touched_directories(tree, share) <= tree.directories


_trees = st.builds(tree_of, st.integers(0, 3000), st.integers(1, 300), st.sampled_from([0, 1, 40_000, 3 * MIB]))
_habits = st.builds(
    Habits,
    st.floats(0, 1),
    st.integers(1, 170).map(Keeping.newest),
    st.integers(0, 400),
    st.sampled_from([24.0, 1.0, 1 / 7, 1 / 30]),
)


@given(_trees, _habits, st.floats(0.1, 3650))
def test_no_tree_and_no_habit_costs_less_than_nothing(tree: TreeFigures, habits: Habits, days: float) -> None:
    """Also an empty tree, and one that changes as a whole."""
    found = Estimate(tree, habits, PRICES, days)
    for one in found.kinds:
        assert min(one.read, one.written, one.instance, one.seconds) >= 0
    assert sum(found.nights().values()) == pytest.approx(max(1.0, days * habits.backups_a_day))
    assert min(found.nights().values()) >= 0
    for stored in found.storage():
        assert min(stored.storage, stored.moving, stored.moving_once, stored.reading) >= -1e-9
    assert found.steady.read + found.steady.written >= found.quiet.read + found.quiet.written - 1e-9


@pytest.mark.long
def test_a_million_files_cost_what_the_counted_operations_say() -> None:
    """docs/performance.md: 0.06 / 2.15 / 1.00, 0.13 to 0.18 / 1.13, and 0.13 / 0.002 for a file."""
    tree, habits = tree_of(1_000_000), Habits(0.01, Keeping.newest(2), 0)
    first, linked, quiet = (
        night.backup
        for night in (
            first_night(tree, habits),
            linked_night(tree, habits),
            steady_night(tree, without_changes(habits)),
        )
    )
    assert first.writes / 1e6 == pytest.approx(2.1, abs=0.1)
    assert (linked.reads / 1e6, linked.writes / 1e6) == pytest.approx((0.16, 1.11), abs=0.03)
    assert (quiet.reads / 1e6, quiet.writes / 1e6) == pytest.approx((0.1, 0), abs=0.03)


def test_a_spare_that_is_older_lacks_more() -> None:
    """Files that changed since the oldest snapshot are unlinked and linked anew; a quiet night does not mind."""
    tree = tree_of(100_000)
    writes = [steady_night(tree, Habits(0.01, Keeping.newest(retained))).backup.writes for retained in (2, 7, 30)]
    assert writes == sorted(writes)
    assert writes[2] > 5 * writes[0]


def test_a_scrub_reads_a_part_and_none_is_free() -> None:
    """All of it in its days, shared by the backups of a day."""
    tree = tree_of(9000)
    more = first_night(tree, Habits(scrub_days=90)).backup.data_read
    assert more == pytest.approx(100 * 32 * KIB)
    assert first_night(tree, Habits(scrub_days=0)).backup.data_read == 0
    assert first_night(tree, Habits(scrub_days=90, backups_a_day=24)).backup.data_read == pytest.approx(more / 24)


def test_the_archive_is_not_reached_while_the_scrub_reads_more_often() -> None:
    """Nor is anything cheaper where files are small."""
    classes = [one.storage_class for one in Estimate(tree_of(1000), Habits(), PRICES).storage()]
    assert classes == [StorageClass.STANDARD, StorageClass.INFREQUENT_ACCESS]
    large = Estimate(tree_of(1000, size=10 * MIB), Habits(0.001, scrub_days=0), PRICES)
    standard, infrequent, archive = (one.total for one in large.storage())
    assert archive < infrequent < standard
    small = Estimate(tree_of(1000, size=4096), Habits(scrub_days=0), PRICES)
    standard, infrequent, _ = (one.total for one in small.storage())
    assert infrequent > standard


def test_the_sums_are_of_the_parts() -> None:
    """The first days, and a month; by the week four backups and a bit."""
    found = Estimate(tree_of(5000), Habits(keeping=Keeping.newest(7)), PRICES, days=10)
    assert found.nights() == {"first backup": 1, "before the first spare": 7, "once the series is full": 2}
    assert found.period == pytest.approx(found.first.total + 7 * found.linked.total + 2 * found.steady.total)
    weekly = Estimate(tree_of(5000), Habits(backups_a_day=1 / 7), PRICES)
    assert weekly.month == pytest.approx(MONTH_DAYS / 7 * weekly.steady.total)
    assert Estimate(tree_of(5000), Habits(), PRICES, seconds=99).steady.seconds == 99


def test_aws_backup_stores_what_has_changed_beside_the_first() -> None:
    """The same number of versions."""
    tree = tree_of(1000)
    held = (tree.stored + tree.directory_bytes) / GIB
    vault = Estimate(tree, Habits(0.1, Keeping.newest(11)), PRICES).aws_backup
    assert vault.gigabytes == pytest.approx(2 * held)
    assert vault.storage == pytest.approx(2 * held * 0.05)
    assert vault.restore == pytest.approx(held * 0.02)


def test_each_list_of_prices_has_its_day_and_its_pages() -> None:
    """Else nobody can look them up."""
    for region, prices in LIST_PRICES.items():
        assert prices.region == region
        assert prices.sources
        assert "look up yours" in prices.told
        assert date(2026, 1, 1) <= prices.date


def test_own_prices_stand_in_the_place_of_those_that_they_name() -> None:
    """Upon the list prices of a known region, and alone where all are there."""
    own = own_prices({"date": "2026-11-01", "standard": 0.2}, "my.json")
    assert own == replace(PRICES, date=date(2026, 11, 1), standard=0.2, sources=())
    every = {entry.name: 1 for entry in fields(Prices) if entry.type is float}
    moon = own_prices({"region": "moon-1", "currency": "EUR", "date": date(2026, 1, 2), **every}, "my.toml")
    assert (moon.region, moon.currency, moon.read) == ("moon-1", "EUR", 1.0)
    assert "from a file of your own" in moon.told


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ([], "no object"),
        ({"standard": 0.3}, "its date"),
        ({"date": "yesterday"}, "its date"),
        ({"date": "2026-11-01", "standart": 0.3}, "'standart', which is no price"),
        ({"date": "2026-11-01", "standard": "0.3"}, "a price is a number"),
        ({"date": "2026-11-01", "standard": True}, "a price is a number"),
        ({"date": "2026-11-01", "read": -1}, "a price is a number"),
        ({"date": "2026-11-01", "read": float("nan")}, "a price is a number"),
        ({"date": "2026-11-01", "read": float("inf")}, "a price is a number"),
        ({"date": "2026-11-01", "region": "moon-1"}, "it lacks standard,"),
        ({"date": "2026-11-01", "region": 7}, "region is no text"),
        ({"date": "2026-11-01", "sources": []}, "'sources', which is no price"),
    ],
)
def test_a_file_of_prices_that_cannot_be_right_is_refused(found: object, why: str) -> None:
    """By name, with what is wrong."""
    with pytest.raises(WrongUsage, match=why) as refused:
        own_prices(found, "my.json")
    assert "my.json" in refused.value.message


def test_a_region_that_is_not_known_is_refused() -> None:
    """Nobody's prices are guessed; a file about another region than was asked for neither."""
    with pytest.raises(WrongUsage, match="eu-central-1"):
        prices_of("eu-central-1")
    with pytest.raises(WrongUsage, match="--region says"):
        own_prices({"date": "2026-11-01", "region": "us-east-1"}, "my.json", "eu-west-1")


def test_the_file_of_prices_in_the_documents_can_be_used() -> None:
    """As it stands there."""
    text = (ROOT / "docs" / "how-to" / "cost.md").read_text().split("```json")[1].split("```")[0]
    assert own_prices(json.loads(text), "cost.md").region == "eu-central-1"


def test_rules_keep_snapshots_that_are_farther_apart() -> None:
    """A weekly snapshot holds what a week has changed, and the spare is the first night that no rule keeps."""
    rules = Retention(daily=7, weekly=4)
    keeping = Keeping.of(rules, Interval.DAILY)
    assert keeping.ages[:7] == (0, 1, 2, 3, 4, 5, 6)
    assert [later - age for age, later in pairwise(keeping.ages[7:])] == [7] * (keeping.retained - 8)
    assert keeping.spare == 7
    assert Keeping.of(Retention(last=5), Interval.DAILY) == Keeping.newest(5)
    assert keeping.versions(0.01) > Keeping.newest(keeping.retained).versions(0.01)
    assert keeping.versions(0) == 1
    assert keeping.versions(1) == keeping.retained


@pytest.mark.parametrize("interval", Interval)
def test_any_rules_have_a_keeping(interval: Interval) -> None:
    """Of every interval, also those that reach back for years, and those that keep all there is."""
    rules = Retention(hourly=5, daily=30, monthly=24, yearly=7, within=Duration.parse("1y2m3d4h"))
    keeping = Keeping.of(rules, interval)
    assert keeping.ages[0] == 0
    assert keeping.retained >= 7
    assert keeping.spare not in keeping.ages
