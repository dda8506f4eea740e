"""Patches of texts."""

from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.copying.patch import MOST_BYTES, MOST_LINES, patch_of, reason_against
from efs_backup.domain.snapshots.versions import runs_of

_TEXTS = st.lists(st.sampled_from([b"a\n", b"b\r\n", b"\x0c\n", b"\xff\n", b"no end"]), max_size=8).map(b"".join)


@given(_TEXTS, _TEXTS)
def test_a_patch_has_every_line_that_is_other(old: bytes, new: bytes) -> None:
    """Lines that stay and that go are the old text, those that stay and that come the other one, as far as shown."""
    lines = [*patch_of(old, new, (b"a", b"b"))]
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)
    assert bool(lines) is (old != new)
    for sign, text in ((b"-", old), (b"+", new)):
        assert all(shown in text for shown in _hunks(lines, sign))


def _hunks(lines: list[bytes], sign: bytes) -> list[bytes]:
    hunks: list[bytes] = []
    last = b""
    for line in lines[2:]:
        if line.startswith(b"@@"):
            hunks.append(b"")
        elif line[:1] in {b" ", sign}:
            hunks[-1] += line[1:]
        elif line.startswith(b"\\") and last[:1] in {b" ", sign}:
            hunks[-1] = hunks[-1].removesuffix(b"\n")
        last = line
    return hunks


def test_only_texts_of_a_sensible_size_have_a_patch() -> None:
    """And it is said why another has none."""
    assert reason_against(b"a", b"b") == ""
    assert reason_against(b"a\0", b"b") == "binary"
    assert reason_against(b"", b"x" * (MOST_BYTES + 1)) == "larger than 1,024 KiB"
    assert "more than 20,000" in reason_against(b"", b"\n" * (MOST_LINES + 1))


def test_numbers_that_follow_each_other_are_a_run() -> None:
    """Each run by its ends."""
    assert runs_of([0, 2, 3, 4, 7]) == [(0, 0), (2, 4), (7, 7)]
