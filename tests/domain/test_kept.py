"""Which snapshots the rules keep: as restic says, and as its documentation does."""

import json
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.snapshots.duration import Duration
from efs_backup.domain.snapshots.kept import kept_by
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.pruning import plan_prune
from efs_backup.domain.snapshots.retention import Retention
from tests.domain.strategies import crowded_series, series
from tests.support.nightly import mostly_nightly

VERDICTS = json.loads((Path(__file__).parent / "restic" / "verdicts.json").read_text())
NIGHTS = 2191
"""Six years of them."""

FIRST_NIGHT = datetime(2020, 12, 27, 2, tzinfo=UTC)

WEEKS = "%G-W%V"
FORMATS = {
    "hourly": "%Y-%m-%d %H", "daily": "%Y-%m-%d", "weekly": WEEKS, "monthly": "%Y-%m", "yearly": "%Y",
}  # fmt: skip


def named(text: str) -> SnapshotName:
    """The snapshot of this name."""
    name = SnapshotName.parse(text)
    assert name
    return name


def kept_as_documented(times: Iterable[datetime], rules: dict[str, int]) -> set[datetime]:
    """Keep what restic's manual says (060_forget.rst), with a table of periods instead of one pass over the snapshots.

    "For the last n days which have one or more snapshots, keep only the most recent one for each day"; "if there are
    not enough snapshots to keep one for each, the oldest snapshot is kept additionally".
    """
    there, kept = sorted(times), set[datetime]()
    for rule, count in rules.items():
        table = {time.strftime(FORMATS[rule]) if rule in FORMATS else time.isoformat(): time for time in there}
        newest_of_each = sorted(table.values(), reverse=True)
        kept.update(newest_of_each[:count])
        if len(newest_of_each) < count:
            kept.update(there[:1])
    return kept


@pytest.mark.parametrize("number", range(len(VERDICTS["series"])))
def test_what_is_kept_is_what_restic_keeps(number: int) -> None:
    """Its own code has decided about each series and policy: tests/domain/restic/ask.sh."""
    verdict, now = VERDICTS["series"][number], named(VERDICTS["asked"]).time
    names = [named(text) for text in verdict["snapshots"]]
    for policy, indexes in verdict["kept"].items():
        kept = plan_prune(names, Retention.parse(policy), now=now).keep
        assert [names.index(name) for name in kept] == indexes, policy


def nights_of_six_years(kind: str) -> Iterable[datetime]:
    """When backups ended: each night, or irregular, or several a day, or with gaps, or by a clock that jumps."""
    chance = random.Random(kind)  # noqa: S311 - only to be irregular, and the same each time
    for day in range(NIGHTS):
        night = FIRST_NIGHT + timedelta(days=day)
        if kind == "irregular":
            night += timedelta(minutes=chance.randrange(1300))
        if kind == "gaps" and chance.random() < 0.3:
            continue
        if kind == "long gaps" and day % 400 > 300:
            continue
        if kind == "clocks" and chance.random() < 0.02:
            night += timedelta(days=chance.randrange(-40, 3))
        yield from (night + timedelta(hours=7 * step) for step in range(3 if kind == "several a day" else 1))


def rules_of(text: str) -> dict[str, int]:
    """The rules, and how many each keeps."""
    return {name: int(count) for name, _, count in (pair.partition("=") for pair in text.split(","))}


ALL_KINDS = ["nights", "irregular", "several a day", "gaps", "long gaps", "clocks"]


@pytest.mark.parametrize(
    ("kind", "text", "most"),
    mostly_nightly(
        [
            ("nights", "daily=30,weekly=12", 37), ("several a day", "last=3,hourly=8,daily=14,weekly=8,monthly=12", 42),
            ("nights", "daily=14,weekly=8,monthly=12", 31),
            *((kind, "daily=30,weekly=26,monthly=24,yearly=7", 80) for kind in ALL_KINDS),
        ],
    ),
)  # fmt: skip
def test_six_years_of_nights_keep_what_the_manual_says(kind: str, text: str, most: int) -> None:
    """After each night; what was dropped once is never missed, and the link budget is kept."""
    there, kept_at_most = frozenset[SnapshotName](), 0
    for number, night in enumerate(nights_of_six_years(kind)):
        before = there | {SnapshotName.following(there, night)}
        there = kept_by(Retention.parse(text), before).all()
        kept_at_most = max(kept_at_most, len(there))
        if number % 7 == 0:
            assert {name.time for name in there} == kept_as_documented([name.time for name in before], rules_of(text))
    assert kept_at_most <= most


counts = st.integers(1, 12) | st.none()


@st.composite
def some_rules(draw: st.DrawFn) -> Retention:
    """Any rules that keep something."""
    found = {name: draw(counts) for name in ("last", *FORMATS)}
    within = draw(st.none() | st.builds(Duration, st.integers(0, 2), st.integers(0, 14), st.integers(1, 40)))
    if within is None and not any(found.values()):
        found["last"] = 1
    return Retention(**found, within=within)


@given(series | crowded_series, some_rules())
def test_the_newest_stays_and_a_second_prune_drops_nothing(snapshots: set[SnapshotName], retention: Retention) -> None:
    """Whatever the rules are, and nothing is both kept and dropped."""
    plan = plan_prune(snapshots, retention)
    assert sorted([*plan.keep, *plan.drop], reverse=True) == sorted(snapshots, reverse=True)
    assert set(plan.keep[:1]) == ({max(snapshots)} if snapshots else set())
    assert plan_prune(plan.keep, retention).drop == ()
    assert all(plan.reasons[name] for name in plan.keep)


@given(series | crowded_series, some_rules(), some_rules())
def test_joined_rules_keep_what_each_of_them_keeps(
    snapshots: set[SnapshotName], one: Retention, other: Retention
) -> None:
    """A flag that holds for once never drops what the stored rule keeps."""
    joined = one.joined(other)
    assert joined.includes(one)
    assert joined.includes(other)
    kept = kept_by(joined, snapshots).all()
    assert kept >= kept_by(one, snapshots).all() | kept_by(other, snapshots).all()


@given(series | crowded_series, some_rules(), st.sets(st.integers(0, 29)))
def test_what_is_protected_stays_and_takes_nobodys_place(
    snapshots: set[SnapshotName], retention: Retention, numbers: set[int]
) -> None:
    """The rules keep the same as without it."""
    ordered = sorted(snapshots)
    protected = {ordered[number]: "pinned: the audit" for number in numbers if number < len(ordered)}
    plan = plan_prune(snapshots, retention, protected)
    assert set(plan.keep) == set(protected) | set(plan_prune(snapshots, retention).keep)
    assert all(plan.reasons[name].endswith("pinned: the audit") for name in protected)


def test_each_snapshot_has_its_reasons() -> None:
    """The rule, and which of its snapshots it is; the oldest of a rule that is not full is called so."""
    names = [SnapshotName.of(datetime(2026, 11, day, 2, tzinfo=UTC)) for day in (24, 23, 22, 21, 20)]
    plan = plan_prune(names, Retention(daily=2, weekly=3, within=Duration(hours=30)), {names[3]: "pinned: x"})
    assert list(plan.reasons.values()) == [
        "daily 1, weekly 1, within 30h", "daily 2, within 30h", "weekly 2", "pinned: x", "weekly 3 (oldest)",
    ]  # fmt: skip
    assert plan.reason == ("retention daily 2, weekly 3, within 30h: 5 there, 5 kept (1 beyond the rules), 0 dropped")


def test_a_duration_is_not_counted_back_from_a_name_that_a_wrong_clock_has_given() -> None:
    """Or one wrong night would end all others; what lies in the future stays."""
    now = datetime(2026, 11, 24, 3, tzinfo=UTC)
    names = [SnapshotName.of(now - timedelta(days=day)) for day in range(5)]
    far = SnapshotName.of(datetime(2090, 1, 1, tzinfo=UTC))
    within = Retention(within=Duration(days=2))
    assert plan_prune([*names, far], within, now=now).keep == (far, *names[:2])
    assert plan_prune([far], within, now=now).keep == (far,)


@pytest.mark.parametrize(
    ("text", "time", "before"),
    [
        ("14d", "2024-03-10T02:00", "2024-02-25T02:00"), ("1m", "2024-03-31T02:00", "2024-03-02T02:00"),
        ("1m", "2024-10-31T02:00", "2024-10-01T02:00"), ("1y2m", "2024-01-15T02:00", "2022-11-15T02:00"),
        ("1y", "2024-02-29T02:00", "2023-03-01T02:00"), ("36h", "2024-01-01T02:00", "2023-12-30T14:00"),
        ("9999y", "2024-01-01T02:00", "0001-01-01T00:00"), ("2000y9999d", "2024-01-01T00:00", "0001-01-01T00:00"),
    ],
)  # fmt: skip
def test_a_duration_is_counted_by_the_calendar(text: str, time: str, before: str) -> None:
    """A day that a month has not runs over, as restic has it."""
    assert Duration.parse(text).before(datetime.fromisoformat(f"{time}+00:00")).isoformat()[:16] == before


@pytest.mark.parametrize("text", ["", "14", "d", "0d", "1w", "-1d", "1d2d", "1 d", "1.5d", "99999d", "٣d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """With an example of one."""
    with pytest.raises(WrongUsage, match="such as 14d"):
        Duration.parse(text)


@given(some_rules())
def test_rules_are_read_as_they_are_written(retention: Retention) -> None:
    """In series.json, in a record and in the stack's parameter."""
    assert Retention.parse(str(retention)) == retention
    assert Retention.parse(str(retention).replace(",", " , ")) == retention


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "each is one of last, hourly"), ("daily", "a whole number"), ("daily=", "a whole number"),
        ("daily=x", "a whole number"), ("daily=0", "at least 1"), ("daily=1,daily=2", "once"),
        ("fortnightly=1", "one of"),
        ("daily=1,", "one of"), ("within=1w", "is no duration"), ("daily=-1", "a whole number"),
        ("daily=100,weekly=71", "above 170"), ("last=171", "above 170"), ("daily=unlimited", "a whole number"),
    ],
)  # fmt: skip
def test_wrong_rules_are_refused_with_what_is_wrong(text: str, why: str) -> None:
    """Never a guess."""
    with pytest.raises(WrongUsage, match=why):
        Retention.parse(text)


def test_rules_tell_the_options_that_say_the_same() -> None:
    """For the sentence that says how to change them."""
    assert Retention(5).options == "--retain 5"
    rules = Retention(last=1, daily=30, within=Duration(days=14))
    assert rules.options == "--keep-last 1 --keep-daily 30 --keep-within 14d"
    assert (Retention(1).kept_in_words, rules.told) == ("1 snapshot", "last 1, daily 30, within 14d")
