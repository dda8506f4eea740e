"""What the survey has seen of each entry, as it is handed to the copies."""

import stat
from dataclasses import astuple, fields, replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from efs_backup.copy_worker.attributes import NOT_SURVEYED, SurveyedAttributes, each_packed, packed
from tests.builders import Found, write

names = [field.name for field in fields(Found)]
words, sizes = st.integers(0, 2**32 - 1), st.integers(0, 2**63 - 1)
times = st.integers(-(2**63), 2**63 - 1)
times_too_far = st.integers(2**63, 2**70) | st.integers(-(2**70), -(2**63) - 1)
found = st.builds(Found, st.integers(1, 2**32 - 1), words, words, sizes, sizes, st.integers(0, 2**64 - 1), times, times)


@given(st.lists(st.tuples(found, words)))
def test_whatever_the_kernel_can_tell_comes_out_as_it_went_in(entries: list[tuple[Found, int]]) -> None:
    """Times from 1678 to 2262, every owner and every size included; and each in its place."""
    raw = b"".join(packed(entry, mode) for entry, mode in entries)
    for one, (entry, mode) in zip(each_packed(raw), entries, strict=True):
        surveyed = SurveyedAttributes(one)
        assert tuple(getattr(surveyed, name) for name in names) == astuple(entry)
        assert surveyed.directory_mode == mode
        assert one != NOT_SURVEYED


@given(found, times_too_far, st.booleans())
def test_a_time_too_far_off_is_asked_for_again(entry: Found, time: int, is_atime: bool) -> None:
    """Anybody may set one: it must not end the survey."""
    far = replace(entry, **{"st_atime_ns" if is_atime else "st_mtime_ns": time})
    assert packed(far, 0o755) == NOT_SURVEYED


def test_a_real_file_is_what_it_was(tmp_path: Path) -> None:
    """With the mode of the directory that it lies in."""
    file = write(tmp_path / "file")
    surveyed = SurveyedAttributes(packed(file.stat(), tmp_path.stat().st_mode))
    assert (surveyed.st_size, surveyed.st_mtime_ns) == (file.stat().st_size, file.stat().st_mtime_ns)
    assert stat.S_ISDIR(surveyed.directory_mode)
