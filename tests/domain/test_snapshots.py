"""Names, numbers, retention, selection."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.errors import NothingThere, WrongUsage
from efs_backup.domain.snapshots.adoption import plan_adoption
from efs_backup.domain.snapshots.names import FolderLabel, Interval, SnapshotName, backup_number, number_links
from efs_backup.domain.snapshots.pruning import plan_prune
from efs_backup.domain.snapshots.retention import HARD_LINK_LIMIT, RETENTION_LIMIT, Retention
from efs_backup.domain.snapshots.selection import Selection
from tests.domain.strategies import crowded_series, series, snapshot_names, times

NEWEST, MIDDLE, OLDEST = (
    SnapshotName.of(datetime(2026, 11, day, 2, tzinfo=UTC)) for day in (22, 21, 20)
)  # fmt: skip
SERIES = [NEWEST, MIDDLE, OLDEST]


@given(snapshot_names)
def test_what_a_name_spells_can_be_read_again(name: SnapshotName) -> None:
    """A name that is written is parsed to the same name."""
    assert SnapshotName.parse(str(name)) == name


@given(snapshot_names, snapshot_names)
def test_names_sort_as_their_texts_do(one: SnapshotName, other: SnapshotName) -> None:
    """A plain `ls` shows the snapshots in order."""
    assert (one < other) == (str(one) < str(other))


def test_a_name_is_the_utc_second_of_the_start() -> None:
    """The offset is converted, the fraction cut off."""
    start = datetime(2026, 11, 22, 3, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=1)))
    assert str(SnapshotName.of(start)) == "20261122T020000Z"


@pytest.mark.parametrize(
    "text",
    [
        "", "daily.0", "20261122", "20261122T020000", "20261122T020000z", "20261122t020000Z", " 20261122T020000Z",
        "20261122T020000Z\n", "20261122T020000Z.tmp", ".partial-20261122T020000Z", "20261322T020000Z",
        "20260230T020000Z", "20261122T240000Z", "20161231T235960Z", "00000101T000000Z", "\u06620261122T020000Z",
        "2026112T0200000Z", "-0261122T020000Z", "20261122T 20000Z", "00010101T000000Z", "09991231T235959Z",
        "99990101T000000Z", "99991231T235959Z",
    ],
)  # fmt: skip
def test_what_is_no_name_is_left_alone(text: str) -> None:
    """Other directories of a series are no snapshots, however near they come."""
    assert SnapshotName.parse(text) is None


@pytest.mark.parametrize("text", ["10000101T000000Z", "99981231T235959Z"])
def test_names_have_years_of_four_digits_and_one_second_to_spare(text: str) -> None:
    """The first and the last name can be written as they are read, and another snapshot can follow the last."""
    name = SnapshotName.parse(text)
    assert name is not None
    assert str(name) == text
    assert SnapshotName.following([name], OLDEST.time) > name


@given(series | crowded_series, times)
def test_a_new_snapshot_is_newer_than_all_that_are_taken(taken: set[SnapshotName], now: datetime) -> None:
    """Wherever the clock has jumped, names stay unique and ordered."""
    assert all(name < SnapshotName.following(taken, now) for name in taken)


@given(series, times)
def test_a_new_snapshot_is_never_named_before_its_time(taken: set[SnapshotName], now: datetime) -> None:
    """The name is now, or later where that is needed to be the newest."""
    assert SnapshotName.following(taken, now) >= SnapshotName.of(now)


def test_a_snapshot_is_named_now_where_the_clock_goes_right() -> None:
    """Older names do not matter."""
    assert SnapshotName.following([OLDEST, MIDDLE], NEWEST.time) == NEWEST


def test_a_clock_that_jumped_back_costs_one_second_after_the_newest() -> None:
    """The name is as near to the truth as order allows."""
    assert str(SnapshotName.following([OLDEST, NEWEST], OLDEST.time)) == "20261122T020001Z"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"), (".", "begins with a dot"), ("..", "begins with a dot"), (".trash", "begins with a dot"),
        ("a/b", "no directory name"), ("/", "no directory name"), ("../up", "begins with a dot"),
        ("a\0b", "no directory name"), ("x" * 256, "255 bytes"), ("é" * 128, "255 bytes"),
    ],
)  # fmt: skip
def test_a_label_that_is_no_single_directory_is_refused(text: str, why: str) -> None:
    """The sentence says what is wrong with it."""
    with pytest.raises(WrongUsage, match=why):
        FolderLabel(text)


@pytest.mark.parametrize("text", ["efs-backup", "a", "a..b", "two words", "-x", "x" * 255, "é" * 127, "caf\udce9"])
def test_a_label_may_be_any_directory_name(text: str) -> None:
    """Also one with spaces, or with bytes that are no UTF-8."""
    assert str(FolderLabel(text)) == text


@pytest.mark.parametrize("count", [1, 7, RETENTION_LIMIT])
def test_a_series_keeps_one_to_170_snapshots(count: int) -> None:
    """Both ends are in."""
    assert Retention(count).last == count


@pytest.mark.parametrize("count", [0, -1, -170])
def test_a_retention_that_keeps_nothing_is_refused(count: int) -> None:
    """A backup that deletes every backup is none."""
    with pytest.raises(WrongUsage, match=f"retention {count} .* at least 1"):
        Retention(count)


def test_a_retention_above_the_link_budget_is_refused_for_that_reason() -> None:
    """The sentence names both limits."""
    with pytest.raises(WrongUsage, match=rf"above {RETENTION_LIMIT}: .* hard link .* {HARD_LINK_LIMIT}"):
        Retention(RETENTION_LIMIT + 1)


def test_the_link_budget_leaves_room_for_a_partial_and_for_trash() -> None:
    """Retained, partial and not yet deleted together stay within what EFS allows."""
    assert RETENTION_LIMIT + 2 <= HARD_LINK_LIMIT == 177


@given(series, st.integers(1, 40).map(Retention))
def test_a_prune_keeps_the_newest_and_drops_the_rest(snapshots: set[SnapshotName], retention: Retention) -> None:
    """Nothing is in both, nothing is forgotten, nothing kept is older than anything dropped."""
    plan = plan_prune(snapshots, retention)
    assert [*plan.keep, *plan.drop] == sorted(snapshots, reverse=True)
    assert len(plan.keep) == min(len(snapshots), retention.last or 0)


@given(series, st.integers(1, 40).map(Retention))
def test_a_second_prune_has_nothing_left_to_drop(snapshots: set[SnapshotName], retention: Retention) -> None:
    """Repeating is safe."""
    assert plan_prune(plan_prune(snapshots, retention).keep, retention).drop == ()


def test_a_prune_says_why() -> None:
    """The reason counts what is there, kept and dropped."""
    assert plan_prune(SERIES, Retention(2)).reason == "retention 2: 3 there, 2 kept, 1 dropped"


def test_number_0_is_the_newest() -> None:
    """The links for people who browse, in whatever order the snapshots come."""
    assert number_links(Interval.DAILY, [MIDDLE, OLDEST, NEWEST]) == {
        "daily.0": "daily/20261122T020000Z",
        "daily.1": "daily/20261121T020000Z",
        "daily.2": "daily/20261120T020000Z",
    }


@given(series, st.sampled_from(Interval))
def test_every_number_link_is_read_as_its_number(snapshots: set[SnapshotName], interval: Interval) -> None:
    """A link that is written is found again by its number."""
    numbers = [backup_number(interval, text) for text in number_links(interval, snapshots)]
    assert numbers == list(range(len(snapshots)))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("daily.0", 0), ("daily.12", 12), ("3", 3), ("daily.9999", 9999), ("daily.10000", None), ("daily.", None),
        ("", None), ("weekly.0", None), ("daily.-1", None), ("-1", None), ("daily.0.old", None), ("daily.0 ", None),
        ("daily.daily.0", None), ("Daily.0", None), ("daily.1e2", None), ("daily.²", None), ("daily.٣", None),
        ("daily", None), ("20261122T020000Z", None), ("0", 0), ("daily.10", 10), ("daily.00", None), ("daily.01", None),
        ("00", None), ("007", None),
    ],
)  # fmt: skip
def test_a_backup_number_stands_alone_or_behind_its_interval(text: str, number: int | None) -> None:
    """Everything else is no number, also what only has the value of one: each has one spelling."""
    assert backup_number(Interval.DAILY, text) == number


old_layouts = st.dictionaries(st.integers(0, 200), times, max_size=30)


@given(old_layouts, series | crowded_series, times)
def test_adopted_snapshots_keep_the_order_of_their_numbers(
    mtimes: dict[int, datetime], existing: set[SnapshotName], now: datetime
) -> None:
    """A higher number is always older, whatever the mtimes say; no name is given twice."""
    names = plan_adoption(mtimes, existing, now)
    assert sorted(names) == sorted(mtimes)
    assert [names[number] for number in sorted(names)] == sorted(set(names.values()), reverse=True)


@given(old_layouts, series | crowded_series, times)
def test_adopted_snapshots_are_older_than_all_that_have_names(
    mtimes: dict[int, datetime], existing: set[SnapshotName], now: datetime
) -> None:
    """No adopted snapshot pushes itself before one of ours."""
    adopted = plan_adoption(mtimes, existing, now).values()
    assert all(name < known for name in adopted for known in existing)


@given(old_layouts, series, times)
def test_the_next_backup_is_newer_than_what_was_adopted(
    mtimes: dict[int, datetime], existing: set[SnapshotName], now: datetime
) -> None:
    """Also where mtimes lie in the future: without other snapshots, its name is now."""
    adopted = plan_adoption(mtimes, existing, now)
    following = SnapshotName.following([*existing, *adopted.values()], now)
    assert following == SnapshotName.following(existing, now)


@given(st.dictionaries(st.integers(0, 50), times, max_size=20), times)
def test_an_adoption_that_broke_off_can_go_on(mtimes: dict[int, datetime], now: datetime) -> None:
    """The newest is renamed first, and the rest gets the same names afterwards as in one go."""
    names = plan_adoption(mtimes, [], now)
    for done in range(1, len(names) + 1):
        renamed, rest = sorted(names)[:done], sorted(names)[done:]
        again = plan_adoption({number: mtimes[number] for number in rest}, [names[old] for old in renamed], now)
        assert again == {number: names[number] for number in rest}


def test_an_adopted_snapshot_is_named_by_its_mtime_where_that_is_possible() -> None:
    """Equal mtimes are told apart by one second each."""
    same = MIDDLE.time
    names = plan_adoption({0: NEWEST.time, 1: same, 2: same, 4: OLDEST.time}, [], NEWEST.time + timedelta(days=1))
    assert [str(name) for name in names.values()] == [
        "20261122T020000Z", "20261121T020000Z", "20261121T015959Z", "20261120T020000Z",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("selection", "chosen"),
    [
        (Selection(), NEWEST),
        (Selection(number=0), NEWEST),
        (Selection(number=2), OLDEST),
        (Selection(name="20261121T020000Z"), MIDDLE),
        (Selection(name="20261121"), MIDDLE),
        (Selection(name="20261120T02"), OLDEST),
        (Selection(as_of=NEWEST.time), NEWEST),
        (Selection(as_of=NEWEST.time - timedelta(microseconds=1)), MIDDLE),
        (Selection(as_of=datetime(2026, 11, 22, 2, 59, 59, tzinfo=timezone(timedelta(hours=1)))), MIDDLE),
        (Selection(as_of=datetime(2099, 1, 1, tzinfo=UTC)), NEWEST),
    ],
)
def test_a_selection_means_one_snapshot(selection: Selection, chosen: SnapshotName) -> None:
    """By number, by name, or the newest that is not younger than a time; the newest of all where nothing is said."""
    assert selection.choose(SERIES) == chosen


@pytest.mark.parametrize(
    ("selection", "why"),
    [
        (Selection(number=3), "no backup number 3: the series holds 0 to 2"),
        (Selection(name="20261119T020000Z"), "no snapshot 20261119T020000Z: the newest is 20261122T020000Z"),
        (Selection(name="20261119"), "no snapshot 20261119: the newest is 20261122T020000Z"),
        (Selection(as_of=OLDEST.time - timedelta(seconds=1)), "as old as .*: the oldest is 20261120T020000Z"),
        (Selection(as_of=datetime.min.replace(tzinfo=UTC)), "the oldest is 20261120T020000Z"),
    ],
)
def test_a_snapshot_that_is_not_there_is_named(selection: Selection, why: str) -> None:
    """The sentence says what is there instead."""
    with pytest.raises(NothingThere, match=why):
        selection.choose(SERIES)


@pytest.mark.parametrize(
    ("selection", "why"),
    [
        (Selection(number=-1), "counts from 0"),
        (Selection(name="yesterday"), "'yesterday' is no snapshot name"),
        (Selection(name=""), "'' is no snapshot name"),
        (Selection(name="202611"), "'202611' is the beginning of 3 snapshots: 20261122T020000Z, 20261121T020000Z, 2"),
    ],
)
def test_a_selection_that_cannot_be_read_is_wrong_usage(selection: Selection, why: str) -> None:
    """That is another exit code than a snapshot that is not there."""
    with pytest.raises(WrongUsage, match=why):
        selection.choose(SERIES)


@pytest.mark.parametrize(
    "selection", [Selection(), Selection(number=0), Selection(name=str(NEWEST)), Selection(as_of=NEWEST.time)]
)
def test_an_empty_series_has_nothing_to_choose(selection: Selection) -> None:
    """However it is asked."""
    with pytest.raises(NothingThere, match="no snapshot in this series"):
        selection.choose([])


@pytest.mark.parametrize(
    "given_twice", [{"number": 0, "name": ""}, {"number": 0, "as_of": ""}, {"name": "", "as_of": ""}]
)
def test_a_snapshot_is_selected_in_one_way_only(given_twice: dict[str, str | int]) -> None:
    """Number 0 and an empty text count as given."""
    with pytest.raises(WrongUsage, match="only one"):
        Selection(**given_twice)  # type: ignore[arg-type]


@given(st.sets(snapshot_names, min_size=1), times)
def test_as_of_is_the_newest_that_is_not_younger(snapshots: set[SnapshotName], time: datetime) -> None:
    """The same as looking at each."""
    old_enough = [name for name in snapshots if name.time <= time]
    selection = Selection(as_of=time)
    if old_enough:
        assert selection.choose(sorted(snapshots, reverse=True)) == max(old_enough)
    else:
        with pytest.raises(NothingThere):
            selection.choose(sorted(snapshots, reverse=True))
