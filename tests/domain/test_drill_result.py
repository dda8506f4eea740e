"""The words of a drill: its result, how long everything takes, how many files may be bad, and the evidence."""

import json
from dataclasses import replace

import pytest

from efs_backup.domain.drill.choice import Figures, SizeClass
from efs_backup.domain.drill.estimate import (
    Measured,
    Rates,
    Stratum,
    bad_share_below,
    most_events,
    percent,
    seconds_for,
)
from efs_backup.domain.drill.evidence import drawn_of, evidence_of
from efs_backup.domain.drill.result import MOST_FINDINGS, DrillResult, DrillStatus, Group, Place, Tallies
from efs_backup.domain.drill.wording import (
    chosen_of,
    confidence_of,
    estimate_of,
    finding_text,
    lasted,
    message_of,
    next_step_of,
    speed_of,
)
from efs_backup.domain.errors import ExitCode
from tests.domain.drills import DIFFERENT, FULL, PLAN, STOPPED, finding, result, tallies

NOT_RESTORED = result(tallies=tallies(finding("x", Group.LARGE, Place.RESTORE)))


@pytest.mark.parametrize(
    ("drill", "status", "code"),
    [
        (result(), DrillStatus.PASSED, ExitCode.DONE),
        (DIFFERENT, DrillStatus.DIFFERENT, ExitCode.DIFFERENT),
        (replace(DIFFERENT, failure="One name was refused."), DrillStatus.DIFFERENT, ExitCode.DIFFERENT),
        (FULL, DrillStatus.FAILED, ExitCode.FAILED),
        (STOPPED, DrillStatus.INCOMPLETE, ExitCode.INCOMPLETE),
    ],
)
def test_a_result_has_a_status_and_an_exit_code(drill: DrillResult, status: DrillStatus, code: ExitCode) -> None:
    """A difference weighs more than what a restore complained of."""
    assert (drill.status, drill.exit_code) == (status, code)


def test_everything_takes_its_small_files_and_its_large_bytes() -> None:
    """And the time that a restore of nothing takes; that is taken from what was measured."""
    rates = Rates(Measured(900, 9_000, 5.0, 0.5), Measured(100, 10**8, 11.0, 1.0))
    assert rates.files_per_second == 200
    assert rates.bytes_per_second == 10**7
    assert seconds_for(rates, 1_000, 10**9) == 1 + 5 + 100
    assert seconds_for(rates, 0, 0) == 1


def test_what_was_not_measured_is_not_estimated() -> None:
    """But where there is nothing of the class, nothing has to be measured."""
    rates = Rates(Measured(900, 9_000, 5.0, 0.5), Measured())
    assert seconds_for(rates, 1_000, 1) is None
    assert seconds_for(rates, 900, 0) == pytest.approx(5.0)


def test_little_is_rough() -> None:
    """Few files, or so short a time that the start is as long."""
    enough, none = Measured(900, 9_000, 5.0, 0.5), Measured()
    assert not Rates(enough, none).is_rough
    assert Rates(enough, Measured(99, 10**9, 60.0)).is_rough
    assert Rates(Measured(900, 9_000, 5.0, 4.0), none).is_rough
    assert Rates(Measured(900, 9_000, 5.0, 9.0), none).files_per_second == 900 / 0.001


def test_the_rule_of_three() -> None:
    """1,000 files without a difference: fewer than 0.3 % are bad."""
    share = bad_share_below([Stratum(10**6, 1_000, 0)])
    assert share == pytest.approx(0.003, rel=0.01)
    assert percent(share or 0) == "0.30 %"


def test_of_two_classes_the_one_counts_that_was_looked_at_least() -> None:
    """The bound holds however bad files are spread over the classes."""
    spread = [Stratum(900_000, 900, 0), Stratum(100_000, 100, 0)]
    assert bad_share_below(spread) == pytest.approx(0.003, rel=0.01)
    skewed = [Stratum(500_000, 900, 0), Stratum(500_000, 100, 0)]
    assert bad_share_below(skewed) == pytest.approx(0.015, rel=0.01)
    for share_of_large in (0.0, 0.3, 1.0):
        small, large = 2 * 0.015 * (1 - share_of_large), 2 * 0.015 * share_of_large
        assert (1 - small) ** 900 * (1 - large) ** 100 <= 0.051


def test_what_was_found_raises_the_bound() -> None:
    """By Poisson's law."""
    assert [round(most_events(seen), 2) for seen in (0, 1, 2, 10)] == [3.0, 4.74, 6.3, 16.96]
    assert bad_share_below([Stratum(10**6, 1_000, 2)]) == pytest.approx(0.0063, rel=0.01)


def test_where_everything_was_compared_nothing_is_left_to_chance() -> None:
    """A class that was compared as a whole counts with what was found in it."""
    assert bad_share_below([Stratum(40, 40, 1), Stratum(10, 10, 0)]) == 1 / 50
    assert bad_share_below([Stratum(100, 100, 1), Stratum(900, 300, 0)]) == pytest.approx(
        0.001 + 3 * 0.9 / 300, rel=0.01
    )
    assert bad_share_below([Stratum(10, 0, 0), Stratum(900, 300, 0)]) is None
    assert bad_share_below([Stratum(0, 0, 0)]) is None
    assert bad_share_below([Stratum(10**6, 1, 0)]) == 1.0


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (0.003, "0.30 %"), (0.00301, "0.31 %"), (0.0000123, "0.0013 %"), (0.05, "5.0 %"), (0.111, "12 %"),
     (1, "100 %")],
)  # fmt: skip
def test_a_share_is_never_rounded_down(share: float, text: str) -> None:
    """A share is a bound."""
    assert percent(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.44, "0.4 s"), (42.3, "42 s"), (720, "12 min"), (12_000, "3 h 20 min"), (100 * 3600, "4 days 4 h")],
)
def test_a_duration_is_told_as_people_say_it(seconds: float, text: str) -> None:
    """No more exactly than it is known."""
    assert lasted(seconds) == text


def test_a_drill_that_passed_says_what_that_means() -> None:
    """How much, how sure, how fast, how long."""
    said = result()
    assert message_of(said) == (
        "Restored 1,901 files from snapshot 20261122T020000Z, which has 1,000,000: all are as they were sealed."
    )
    assert confidence_of(said) == (
        "1,000 random files without a difference: fewer than 0.30 % of all are bad, with 95 % confidence."
    )
    assert speed_of(said) == "200 small files a second, 22.2 MB of large files a second"
    assert estimate_of(said) == "A restore of everything would take about 13 h 45 min."
    assert (
        chosen_of(PLAN)
        == "1 small file and 0 large files at random; the small files of 47 whole directories, for the speed"
    )
    assert next_step_of(said) == ""


def test_a_drill_that_found_something_names_it_and_what_to_do() -> None:
    """The snapshot's own damage is another matter than a restore's."""
    assert "1 is not as sealed, first 'a b': other content, already in the snapshot." in message_of(DIFFERENT)
    assert "efs-backup verify BACKUP --snapshot 20261122T020000Z" in next_step_of(DIFFERENT)
    assert "1 of which differs: fewer than 0.48 %" in confidence_of(DIFFERENT)
    assert "in the snapshot, but not restored" in message_of(NOT_RESTORED)
    assert "scratch" in next_step_of(NOT_RESTORED)
    assert finding_text(finding("x", Group.PINNED)) == "missing in the snapshot"


def test_a_drill_that_was_not_done_says_nothing_about_the_snapshot() -> None:
    """Neither how sure nor how long."""
    for drill in (FULL, STOPPED):
        assert (confidence_of(drill), estimate_of(drill), drill.bad_share_below) == ("", "", None)
    assert message_of(FULL) == "The restore could not be rehearsed: It is full."
    assert next_step_of(FULL) == "Give more room."
    assert message_of(STOPPED) == "Stopped before the end: SIGTERM was received."


def test_what_has_no_hash_is_not_counted_as_compared() -> None:
    """Its attributes alone say nothing of its content."""
    made = tallies()
    for _ in range(100):
        made.add(Group.SMALL, 1, None, has_hash=False)
    said = result(tallies=made)
    assert said.total.without_hash == 100
    assert confidence_of(said).startswith("1,000 random files")
    assert "Too few" in confidence_of(result(tallies=tallies(large=0)))


def test_many_findings_are_counted_and_the_first_are_named() -> None:
    """A snapshot that is gone as a whole is no reason to fill the memory."""
    made = Tallies()
    for number in range(MOST_FINDINGS + 5):
        made.add(Group.PINNED, 1, finding(str(number), Group.PINNED))
    assert len(made.findings) == MOST_FINDINGS
    assert result(tallies=made).total.missing == MOST_FINDINGS + 5


def test_the_evidence_has_the_words_of_its_format() -> None:
    """Programs that read the evidence depend on these words; it names no path of the machine."""
    value = json.loads(json.dumps(evidence_of(DIFFERENT)))
    assert {"drill", "status", "snapshot", "seal_sha256", "seed", "machine", "chosen", "equal", "different", "missing",
            "without_hash", "restore", "whole_tree", "confidence"} <= value.keys()  # fmt: skip
    assert value["drill"] == "20261122T060000Z"
    assert value["different"][0] == {
        "path": "a b", "group": "small", "where": "snapshot", "aspects": ["content"],
        "message": "other content, already in the snapshot",
    }  # fmt: skip
    assert value["whole_tree"]["files"] == 1_000_000
    assert value["confidence"]["level"] == 0.95
    assert drawn_of(DIFFERENT)["small"] == [{"path": "a", "bytes": 1, "sha256": "ab" * 32}]
    odd = result(tallies=tallies(finding("\udcff", Group.SMALL, Place.SNAPSHOT, "mode")))
    assert evidence_of(odd)["different"][0]["path_bytes"] == "/w=="


def test_a_snapshot_without_files_passes() -> None:
    """There is nothing that could be bad."""
    plan = replace(PLAN, whole={one: Figures() for one in SizeClass}, drawn={})
    empty = result(plan=plan, tallies=Tallies())
    assert empty.status is DrillStatus.PASSED
    assert "Too few" in confidence_of(empty)
    assert empty.whole_seconds == 0
