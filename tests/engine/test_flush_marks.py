"""The periodic flush beside a copy, and what its mark says."""

import os
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from efs_backup.domain.copying.commands import Command
from efs_backup.domain.errors import CopyFailed
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.series.flush_marks import ALL, FLUSH_SECONDS, NOTHING, Flusher, FlushMark, remove_marks

NAME = SnapshotName.of(datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC))


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Tell the seconds."""
        return self.now


class FailingRunner(Runner):
    """Its programs fail at once."""

    def begin(self, command: Command) -> subprocess.Popen[bytes]:
        """Begin one that fails."""
        return subprocess.Popen(("false",))


@pytest.fixture
def mark(tmp_path: Path) -> FlushMark:
    """The mark of a partial that has none yet."""
    (tmp_path / "partial").mkdir()
    return FlushMark(tmp_path, NAME)


def _flusher(place: Path, mark: FlushMark, clock: Clock, runner: Runner | None = None) -> Flusher:
    return Flusher(runner or Runner.with_new_family(), place / "partial", mark, clock=clock)


def _tick_until_marked(flusher: Flusher, mark: FlushMark) -> int:
    give_up = time.monotonic() + 60
    while (until := mark.until_ns()) == NOTHING:
        assert time.monotonic() < give_up
        flusher.tick()
        time.sleep(0.01)
    assert until is not None
    return until


def test_a_copy_is_flushed_every_few_minutes(tmp_path: Path, mark: FlushMark) -> None:
    """A flush makes believed what was written before it began, and nothing that came later."""
    clock = Clock()
    flusher = _flusher(tmp_path, mark, clock)
    before = _written(tmp_path / "partial" / "before")
    flusher.tick()
    assert mark.until_ns() == NOTHING
    clock.now += FLUSH_SECONDS
    flusher.tick()
    after = _written(tmp_path / "partial" / "after")
    until = _tick_until_marked(flusher, mark)
    assert before < until <= after
    clock.now += FLUSH_SECONDS
    give_up = time.monotonic() + 60
    while mark.until_ns() == until:
        assert time.monotonic() < give_up
        flusher.tick()
        time.sleep(0.01)
    assert (mark.until_ns() or 0) > after


def test_a_flush_that_fails_marks_nothing(tmp_path: Path, mark: FlushMark) -> None:
    """Nor does one that cannot be begun, or whose mark cannot be written; the copy goes on."""
    clock = Clock()
    flusher = _flusher(tmp_path, mark, clock, FailingRunner({}, "none"))
    for _ in range(20):
        clock.now += FLUSH_SECONDS
        flusher.tick()
        time.sleep(0.005)
    flusher = _flusher(tmp_path, FlushMark(tmp_path / "nowhere", NAME), clock)
    clock.now += FLUSH_SECONDS
    flusher.tick()
    assert mark.until_ns() == NOTHING


def test_a_flush_that_failed_once_is_not_forgotten(tmp_path: Path, mark: FlushMark) -> None:
    """The kernel tells each error once: the last flush hears nothing of it."""
    clock = Clock()
    flusher = _flusher(tmp_path, mark, clock, FailingRunner(os.environ, "none"))
    give_up = time.monotonic() + 60
    while not flusher._fault:
        assert time.monotonic() < give_up
        clock.now += FLUSH_SECONDS
        flusher.tick()
    with pytest.raises(CopyFailed, match="a flush beside the copy failed"):
        flusher.flush(60)
    flusher.finish()
    assert mark.until_ns() == NOTHING


def test_the_last_flush_marks_all(tmp_path: Path, mark: FlushMark) -> None:
    """When nothing more is written."""
    _flusher(tmp_path, mark, Clock()).finish()
    assert mark.until_ns() is ALL


def test_marks_go_when_no_partial_is_left(tmp_path: Path, mark: FlushMark) -> None:
    """All of them, unfinished ones too; what only looks alike stays."""
    other = SnapshotName.of(datetime(2025, 2, 2, tzinfo=UTC))
    FlushMark(tmp_path, other).write(5)
    mark.write(ALL)
    mark.probe()
    (tmp_path / "flushed-by-somebody").touch()
    remove_marks(tmp_path)
    assert mark.until_ns() == NOTHING
    assert {path.name for path in tmp_path.iterdir()} == {"partial", "flushed-by-somebody"}


@pytest.mark.parametrize(
    "torn",
    [
        b"",
        bytes(32),
        b'{"format": 1, "until_ns": nul',
        b'{"format": 1}',
        b'{"until_ns": null}',
        b'{"format": 2, "until_ns": null}',
        b'{"format": 1, "until_ns": "9999999999999999999"}',
        b'{"format": 1, "until_ns": 9e18}',
        b'{"format": 1, "until_ns": true}',
        b'{"format": 1, "until_ns": [null]}',
        b"[1, null]",
        b"null",
        b'{"format": 1, "until_ns": null, "\xff": 1}',
    ],
)
def test_a_torn_or_odd_mark_is_none(tmp_path: Path, mark: FlushMark, torn: bytes) -> None:
    """Nothing is believed, and the next mark takes its place."""
    (tmp_path / f".flushed-{NAME}").write_bytes(torn)
    assert mark.until_ns() == NOTHING
    mark.write(7)
    assert mark.until_ns() == 7


def test_a_directory_in_a_marks_place_is_none(tmp_path: Path, mark: FlushMark) -> None:
    """A directory in a mark's place is not ours: it stays, and hinders nobody."""
    (tmp_path / f".flushed-{NAME}").mkdir()
    assert mark.until_ns() == NOTHING
    _flusher(tmp_path, mark, Clock()).finish()
    remove_marks(tmp_path)
    assert (tmp_path / f".flushed-{NAME}").is_dir()


def _written(path: Path) -> int:
    """Write a file when the clock of the file system has moved; its ctime, and after it the clock moves again."""
    now = time.time_ns()
    for _ in range(2):
        while True:
            path.write_text("x")
            if path.stat().st_ctime_ns > now:
                break
        found, now = path.stat().st_ctime_ns, path.stat().st_ctime_ns
    probe = path.with_name("probe")
    while True:
        probe.touch()
        if probe.stat().st_ctime_ns > found:
            return found
