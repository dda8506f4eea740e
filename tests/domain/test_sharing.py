"""One backup on several instances: how it is shared out, and what its leader decides about each share."""

import json
from dataclasses import replace

import pytest

from efs_backup.domain.copying.arrival import Cause, Trouble
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.requests.tuning import Copier
from efs_backup.domain.sharing.alone import why_by_one
from efs_backup.domain.sharing.attempts import SILENT_SECONDS, Attempt, Standing, Step, decide_share, doubtful
from efs_backup.domain.sharing.order import Order, Restored, Top, read_order, shared_out
from efs_backup.domain.sharing.result import Learned, ShareResult, read_result

TOP = Top("home/a\nname/\udcff", (0o40755, 0, 0, 1), None, 2)
ORDER = Order(
    "0123456789abcdef", "i-1", "20261122T020000Z", ("daily/20261121T020000Z",), "20261121T020000Z", ("*.tmp",), False,
    False, 1, None, (7, 8), shared_out([TOP, replace(TOP, path="other", there=())], ["stale/x"], 2),
)  # fmt: skip
BEGUN = Standing(Attempt(3, 0, "i-2"))


def tops(number: int) -> list[Top]:
    """Make so many subtrees."""
    return [Top(f"d{each}", (), None, 0) for each in range(number)]


def test_subtrees_are_dealt_out_to_at_most_eight_shares_for_each_worker() -> None:
    """Each belongs to exactly one share; the trash comes after all that a snapshot needs."""
    shares = shared_out(tops(100), ["a", "b", "c"], workers=2)
    assert sorted(top.path for share in shares for top in share.tops) == sorted(top.path for top in tops(100))
    assert [bool(share.tops) for share in shares] == [True] * 16 + [False] * 2
    assert sorted(path for share in shares for path in share.trash) == ["a", "b", "c"]
    assert len(shared_out(tops(3), [], workers=2)) == 3


def test_an_order_is_read_as_it_was_written() -> None:
    """Names may be of any bytes."""
    assert read_order(ORDER.text().encode()) == ORDER
    assert ORDER.walks == {0, 1}
    for restored in (Restored("", None, 2), Restored("home/\udcff", ("a b/c", "d"), 7)):
        order = replace(ORDER, restored=restored)
        assert read_order(order.text().encode()) == order


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2}, {"snapshot": "../../etc"}, {"references": ["daily/../x"]}, {"references": ["20261121T020000Z"]},
        {"shares": 3}, {"shares": [{"tops": [], "trash": ["../x"]}]}, {"shares": [{"tops": [], "trash": ["/x"]}]},
        {"shares": [{"tops": [{"path": "a//b", "wanted": [], "there": None, "flags": 0}], "trash": []}]},
        {"shares": [{"tops": [{"path": 1, "wanted": [], "there": None, "flags": 0}], "trash": []}]}, {"more": 1},
        {"restored": {"path": "../etc", "chosen": None, "target": 2}}, {"restored": {"path": "", "chosen": None}},
        {"restored": {"path": "", "chosen": ["a/../../b"], "target": 2}}, {"restored": 7},
    ],
)  # fmt: skip
def test_what_nobody_of_ours_has_written_is_no_order(change: dict[str, object]) -> None:
    """A path that leads out of the tree above all."""
    with pytest.raises(ValueError, match=r"."):
        read_order(json.dumps({**json.loads(ORDER.text()), **change}).encode())
    for text in (b"", b"[]", b"null", b"[" * 100_000):
        with pytest.raises(ValueError, match=r"."):
            read_order(text)


def test_a_restore_is_made_by_one_where_others_could_not_do_the_same() -> None:
    """The reason is for the operator."""
    assert (
        why_by_one(parts=0, mounts=0, copier=Copier.LINKS) == why_by_one(parts=1, mounts=0, copier=Copier.LINKS) == ""
    )
    assert "several paths" in why_by_one(parts=2, mounts=0, copier=Copier.LINKS)
    assert "mounted" in why_by_one(parts=1, mounts=1, copier=Copier.LINKS)
    assert "stock tools" in why_by_one(parts=1, mounts=0, copier=Copier.RSYNC)


def test_a_result_is_read_as_it_was_written() -> None:
    """With troubles, and what was learned of what is left out."""
    trouble = Trouble("a/\udcff", Cause.UNREADABLE, "Permission denied")
    result = ShareResult(
        CopyStatistics(5, 4, 1, 100, 90, 0), True, troubles=(trouble,), notes=("odd",), base="20261121T020000Z",
        learned=Learned((0,), ("gone",), ("closed",), ("own",)),
    )  # fmt: skip
    assert read_result(json.loads(json.dumps(result.said()))) == result
    odd: list[object] = [None, {}, {"statistics": {}}, {**result.said(), "troubles": [["a", "NO SUCH", "x"]]}]
    for said in odd:
        with pytest.raises(ValueError, match="no result"):
            read_result(said)


@pytest.mark.parametrize(
    ("attempts", "is_dead", "waited", "step"),
    [
        ([], False, 5, Step.WAIT),  # the queue hands it over
        ([], False, 301, Step.TAKE),  # it was lost on the way
        ([BEGUN], True, 999, Step.WAIT),  # somebody is at it, whatever the queue says
        ([replace(BEGUN, silent=SILENT_SECONDS)], False, 5, Step.TAKE),
        ([replace(BEGUN, silent=SILENT_SECONDS), Standing(Attempt(3, 1, "i-3"))], False, 5, Step.WAIT),
        ([replace(BEGUN, failure="x")], False, 5, Step.WAIT),  # it was given back
        ([replace(BEGUN, failure="x")], False, 301, Step.TAKE),
        ([replace(BEGUN, failure="x")], True, 5, Step.FAIL),
        ([replace(BEGUN, failure="x")] * 3, False, 5, Step.FAIL),
        ([replace(BEGUN, silent=SILENT_SECONDS)] * 3, False, 5, Step.FAIL),
        ([], True, 5, Step.FAIL),
    ],
)
def test_the_leader_decides_about_a_share_that_lacks_a_result(
    attempts: list[Standing], is_dead: bool, waited: float, step: Step
) -> None:
    """The leader waits as long as somebody is at it, and does what nobody does; three attempts are enough."""
    assert decide_share(attempts, is_dead=is_dead, waited=waited, patience=300).step is step


def test_a_share_that_fails_says_what_the_last_attempt_said() -> None:
    """The operator has to look somewhere."""
    decision = decide_share(
        [replace(BEGUN, failure="disk"), replace(BEGUN, silent=999)], is_dead=True, waited=0, patience=300
    )
    assert decision.reason == "2 attempts came to no end; the last one said: disk"


def test_what_was_begun_by_several_or_by_nobody_is_walked_again() -> None:
    """One may have removed what the other had just made."""
    attempts = [Attempt(0, 0, "a"), Attempt(1, 0, "a"), Attempt(1, 1, "b")]
    assert doubtful({0, 1, 2}, attempts) == {1, 2}
