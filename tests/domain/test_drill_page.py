"""The page of a drill: whatever names hold it is one page without a script, and everything that matters is on it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.drill.chart import chart, size_of
from efs_backup.domain.drill.page import MOST_ROWS, page
from efs_backup.domain.drill.result import Bucket, DrillResult, Group, Place, Tallies
from tests.domain.drills import DIFFERENT, FULL, PLAN, STOPPED, finding, result, tallies
from tests.support.reading import Reader


@pytest.mark.parametrize(
    "drill", [result(), DIFFERENT, FULL, STOPPED], ids=["passed", "different", "failed", "stopped"]
)
def test_a_page_is_whole_and_has_no_script(drill: DrillResult) -> None:
    """Whatever came of it. Nothing is fetched, and nothing could be run."""
    text = page(drill)
    read = Reader(text)
    assert not {name for name in read.attributes if name.startswith("on")} | {"src", "href", "style"} & read.attributes
    assert "default-src 'none'" in text
    assert PLAN.seal_sha256 in read.text
    assert PLAN.seed in read.text


def test_a_page_tells_a_manager_what_he_asks() -> None:
    """Whether it worked, how sure that is, and how long it would take."""
    read = Reader(page(result())).text
    for words in ("Passed", "1,901", "< 0.30 %", "13 h 45 min", "22 November 2026, 02:00 UTC", "95\xa0% confidence"):
        assert words in read


def test_a_page_tells_an_auditor_how_to_follow() -> None:
    """The seal, the seed and what made it, what was chosen, and each finding with its place."""
    read = Reader(page(DIFFERENT)).text
    for words in ("Differences found", "a b", "other content, already in the snapshot", "home/alice/thesis.tex",
                  "sha256sum BACKUP/efs-backup/daily/.manifests/20261122T020000Z.seal.json", "2026-11-22"):  # fmt: skip
        assert words in read


@given(st.text(st.characters(codec=None), max_size=40))
def test_whatever_a_name_holds_it_means_nothing(name: str) -> None:
    """A name is shown on one line, in all places that show names."""
    hostile = f"</style></span><script>{name}"
    plan = replace(PLAN, pinned=(hostile,), label=hostile, drawn={})
    differing = tallies(finding(hostile, Group.PINNED, Place.SNAPSHOT, "content"))
    text = page(result(plan=plan, tallies=differing, notes=(hostile,), machine=hostile))
    assert "<script" not in text
    Reader(text)
    text.encode()


def test_a_long_list_is_cut_and_counted() -> None:
    """A page stays one that a browser can show."""
    made = Tallies()
    for number in range(MOST_ROWS + 7):
        made.add(Group.PINNED, 1, finding(f"name {number}", Group.PINNED))
    text = page(result(tallies=made))
    assert f"name {MOST_ROWS - 1}<" in text
    assert f"name {MOST_ROWS}<" not in text
    assert "And 7 more." in text


def test_the_chart_shows_the_least_difference() -> None:
    """One file of a million is a stripe that is seen, and words for who does not see it."""
    drawn = chart([Bucket(10**6, equal=10**6 - 2, different=1, missing=1), Bucket(), *[Bucket(5, equal=5)] * 4])
    widths = [float(part.split('"')[0]) for part in drawn.split(' width="')[4:7]]
    assert min(widths) >= 4
    assert "2 bad," in drawn
    assert "up to 4 KiB: 1,000,000 of 1,000,000 restored, 1 differ, 1 are missing" in drawn
    Reader(drawn)


def test_a_bar_leaves_room_for_its_figures() -> None:
    """Also where each part of it is shown."""
    drawn = chart([Bucket(9, equal=3, different=3, missing=3)] * 6)
    for part in drawn.split("<rect ")[3:]:
        values = dict(field.split("=") for field in part.split("/>")[0].replace('"', "").split())
        assert float(values["x"]) + float(values["width"]) <= 760 - 200


def test_buckets_are_named_as_people_read_them() -> None:
    """With one unit where one is enough."""
    assert [size_of(number) for number in range(6)] == [
        "up to 4 KiB", "4 to 32 KiB", "32 to 256 KiB", "256 KiB to 2 MiB", "2 to 16 MiB", "over 16 MiB",
    ]  # fmt: skip
