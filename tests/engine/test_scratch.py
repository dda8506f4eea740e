"""The scratch directory of a drill: what is made there goes again, and nothing else."""

import os
from pathlib import Path

import pytest

from efs_backup.domain.errors import Locked, RestoreFailed
from efs_backup.engine.runs.scratch import MARK_NAME, scratch_directory
from tests.support.builders import account, write


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A place that is not there yet."""
    return tmp_path / "scratch"


def _use(scratch: Path, *, keeps: bool = False) -> list[str]:
    """Restore something; the notes."""
    notes = list[str]()
    with scratch_directory(scratch, notes.append, keeps=keeps) as place:
        assert place.stat().st_mode & 0o7777 == 0o700
        write(place / "deep" / "file").parent.chmod(0o500)
        (place / "link").symlink_to("/")
    return notes


def test_a_directory_that_was_made_goes_again(scratch: Path) -> None:
    """One that was there and empty stays, and is empty."""
    assert _use(scratch) == []
    assert not scratch.exists()
    scratch.mkdir()
    assert _use(scratch) == []
    assert not list(scratch.iterdir())


def test_what_was_made_goes_whatever_happens(scratch: Path) -> None:
    """An error of the caller reaches him."""
    with pytest.raises(ZeroDivisionError):
        _fail_in(scratch)
    assert not scratch.exists()


def _fail_in(scratch: Path) -> None:
    with scratch_directory(scratch, print) as place:
        write(place / "file")
        raise ZeroDivisionError


def test_what_is_not_empty_is_refused(scratch: Path) -> None:
    """Whatever lies there may be somebody's: nothing is touched."""
    write(scratch / "somebody's")
    before = account(scratch)
    with pytest.raises(RestoreFailed, match="not empty"):
        _use(scratch)
    assert account(scratch) == before


def test_only_what_a_killed_drill_has_made_is_removed(scratch: Path, tmp_path: Path) -> None:
    """Its mark names that. Everything else in a marked directory stays, and so does the mark."""
    ours, like_ours, outside = f"restored-{'0' * 32}", f"restored-{'1' * 32}", write(tmp_path / "outside" / "file")
    for name in (ours, like_ours, "other"):
        write(scratch / name / "file")
    (scratch / MARK_NAME).write_text(f"{ours}\n../outside\nother\n")
    assert _use(scratch) == []
    assert {path.name for path in scratch.iterdir()} == {MARK_NAME, like_ours, "other"}
    assert (scratch / "other" / "file").exists()
    assert outside.exists()


def test_what_leads_elsewhere_under_a_name_of_ours_is_not_followed(scratch: Path, tmp_path: Path) -> None:
    """A note says that a name of ours which leads elsewhere stays."""
    outside, name = write(tmp_path / "outside" / "file"), f"restored-{'0' * 32}"
    scratch.mkdir()
    (scratch / name).symlink_to(outside.parent)
    (scratch / MARK_NAME).write_text(name)
    (note,) = _use(scratch)
    assert name in note
    assert outside.exists()


@pytest.mark.parametrize("kind", ["fifo", "symlink", "directory"])
def test_a_mark_that_is_no_file_is_refused(scratch: Path, tmp_path: Path, kind: str) -> None:
    """Nobody leads a drill elsewhere, or lets it wait."""
    scratch.mkdir()
    mark = scratch / MARK_NAME
    if kind == "symlink":
        mark.symlink_to(write(tmp_path / "elsewhere"))
    else:
        {"fifo": os.mkfifo, "directory": os.mkdir}[kind](mark)
    with pytest.raises(RestoreFailed):
        _use(scratch)
    assert kind != "symlink" or (tmp_path / "elsewhere").read_text() == "text"


def test_two_drills_do_not_share_a_directory(scratch: Path) -> None:
    """The second would take away what the first compares."""
    with scratch_directory(scratch, print) as place:
        write(place / "file")
        with pytest.raises(Locked, match="Another drill"):
            _use(scratch)
        assert (place / "file").exists()
    assert not scratch.exists()


def test_what_is_to_be_kept_stays_for_ever(scratch: Path) -> None:
    """The next drill works beside it, and does not remove it."""
    _use(scratch, keeps=True)
    (kept,) = scratch.glob("restored-*")
    _use(scratch)
    assert [*scratch.glob("restored-*")] == [kept]
    assert (scratch / MARK_NAME).read_text() == ""


def test_a_place_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """The sentence names it."""
    with pytest.raises(RestoreFailed, match="nowhere"):
        _use(tmp_path / "nowhere" / "scratch")
    with pytest.raises(RestoreFailed, match="cannot be used"):
        _use(write(tmp_path / "file"))
