"""Patches of texts."""

from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.copying.patch import MOST_BYTES, MOST_LINES, patch_of, reason_against
from efs_backup.domain.snapshots.versions import runs_of

_TEXTS = st.lists(st.sampled_from([b"a\n", b"b\r\n", b"\x0c\n", b"\xff\n", b"no end"]), max_size=8).map(b"".join)


@given(_TEXTS, _TEXTS)
def test_a_patch_has_every_line(old: bytes, new: bytes) -> None:
    """What it takes away and adds, beside what stays, are both texts."""
    lines = [*patch_of(old, new, (b"a", b"b"))][2:]
    for sign, text in ((b"-", old), (b"+", new)):
        kept = [line[1:] for line in lines if line[:1] in {b" ", sign}]
        whole = b"".join(kept).replace(b"\n\\ No newline at end of file\n", b"")
        assert not lines or text.endswith(whole) or whole in text


def test_only_texts_of_a_sensible_size_have_a_patch() -> None:
    """And it is said why another has none."""
    assert reason_against(b"a", b"b") == ""
    assert reason_against(b"a\0", b"b") == "binary"
    assert reason_against(b"", b"x" * (MOST_BYTES + 1)) == "larger than 1,024 KiB"
    assert "more than 20,000" in reason_against(b"", b"\n" * (MOST_LINES + 1))


def test_numbers_that_follow_each_other_are_a_run() -> None:
    """Each run by its ends."""
    assert runs_of([0, 2, 3, 4, 7]) == [(0, 0), (2, 4), (7, 7)]
