"""Pins protect snapshots, whatever lies in their place."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from efs_backup.domain.errors import NothingThere
from efs_backup.domain.snapshots.names import FolderLabel, Interval, SnapshotName
from efs_backup.domain.snapshots.pins import TornPin
from efs_backup.domain.snapshots.retention import Retention
from efs_backup.engine.series.lock import reading
from efs_backup.engine.series.pinning import pin, unpin
from efs_backup.engine.series.pins import Pins
from efs_backup.engine.series.prune import prune
from efs_backup.engine.series.series import Series

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
NAMES = [SnapshotName.of(NOW.replace(day=day)) for day in (23, 22, 21)]


@pytest.fixture
def series(backup: Path) -> Series:
    """A series with three snapshots."""
    made = Series(backup, FolderLabel("web"), Interval.DAILY, NOW)
    made.prepare()
    for name in NAMES:
        (made.path / str(name)).mkdir()
    return made


def no_note(_text: str) -> None:
    """Nothing."""


@pytest.mark.parametrize("kind", ["torn", "fifo", "symlink", "directory", "huge", "of a later version"])
def test_a_pin_that_cannot_be_read_holds(series: Series, kind: str) -> None:
    """A pin that is odd is named, whatever lies in its place; another pin mends it."""
    (series.path / ".pins").mkdir()
    odd = series.path / ".pins" / f"{NAMES[2]}.pin.json"
    match kind:
        case "torn":
            odd.write_text('{"format": 1, "reas')
        case "of a later version":
            odd.write_text('{"format": 2}')
        case "fifo":
            os.mkfifo(odd)
        case "symlink":
            odd.symlink_to("/dev/zero")
        case "directory":
            odd.mkdir()
        case "huge":
            odd.write_bytes(b" " * 2**21)
    pruned = prune(series, Retention(1), lambda: False)
    assert pruned.plan
    assert (pruned.plan.keep, pruned.dropped) == ((NAMES[0], NAMES[2]), (NAMES[1],))
    assert pruned.plan.reasons[NAMES[2]].startswith("pinned, though its pin cannot be read")
    assert f"The pin of {NAMES[2]} cannot be read" in pruned.notes[0]
    pin(series, NAMES[2], "anew", None, no_note)
    assert [made.told() for made in Pins(series.path).find().pins.values()] == ["pinned: anew"]


@pytest.mark.parametrize("kind", ["symlink", "file"])
def test_pins_that_cannot_be_looked_for_hold_all(series: Series, tmp_path: Path, kind: str) -> None:
    """Nobody knows which snapshots are pinned."""
    (tmp_path / "elsewhere").mkdir()
    if kind == "symlink":
        (series.path / ".pins").symlink_to(tmp_path / "elsewhere")
    else:
        (series.path / ".pins").write_text("x")
    pruned = prune(series, Retention(1), lambda: False)
    assert pruned.plan
    assert (pruned.dropped, len(pruned.plan.keep)) == ((), 3)
    assert pruned.plan.reasons[NAMES[1]].startswith("the pins cannot be read")
    (note,) = pruned.notes
    assert note.startswith(f"The pins in '{series.path}/.pins' cannot be read (")
    assert "nothing is dropped" in note
    assert os.listdir(tmp_path / "elsewhere") == []


def test_what_was_dropped_just_now_cannot_be_pinned(series: Series) -> None:
    """Who pins holds the series as a reader does, so that no prune drops it between the look and the pin."""
    prune(series, Retention(1), lambda: False)
    with pytest.raises(NothingThere, match="dropped just now"):
        pin(series, NAMES[2], "too late", None, no_note)
    with reading(series.path, no_note):
        pin(series, NAMES[0], "in time", None, no_note)
        assert prune(series, Retention(1), lambda: False).plan is None
    assert Pins(series.path).find().holding(NOW).keys() == {NAMES[0]}


def test_a_pin_of_a_snapshot_that_is_gone_by_hand_stays_until_it_is_released(series: Series) -> None:
    """A pin without its snapshot says what there should be, and every prune says that it counts: no list shows it."""
    pin(series, NAMES[2], "the audit", None, no_note)
    (series.path / str(NAMES[2])).rmdir()
    for _ in range(2):
        (note,) = prune(series, Retention(1), lambda: False).notes
        assert note.startswith(f"The snapshot {NAMES[2]} is gone, though it is pinned: the audit. The pin counts in")
    unpin(series, NAMES[2], "it is gone", no_note)
    assert prune(series, Retention(1), lambda: False).notes == ()


def test_a_directory_in_the_place_of_a_pin_can_be_released(series: Series) -> None:
    """A directory in a pin's place holds as a torn pin does; it is set aside with all in it, and that is said."""
    (series.path / ".pins" / f"{NAMES[2]}.pin.json" / "of somebody").mkdir(parents=True)
    notes = list[str]()
    assert isinstance(unpin(series, NAMES[2], "it is none", notes.append), TornPin)
    assert Pins(series.path).find().pins == {}
    assert (series.path / ".pins" / f"{NAMES[2]}.pin.json.odd" / "of somebody").is_dir()
    assert len(notes) == 1
