"""Coarse times of the backup's file system: learned, and compared as exactly as it keeps them."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from efs_backup.copy_worker.rules import is_equal
from efs_backup.domain.copying.arrival import Fidelity
from efs_backup.domain.copying.commands import Comparing, Purpose, rsync_options
from efs_backup.engine.trees.time_step import time_step_of
from tests.support.builders import A_DAY_AGO_NS, Found, account, write
from tests.support.cli import Cli, both_copiers

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("kept", "step"),
    [
        (lambda ns: ns, 1),
        (lambda ns: ns // 100 * 100, 100),
        (lambda ns: ns // 1000 * 1000, 1000),
        (lambda ns: ns // 1_000_000 * 1_000_000, 1_000_000),
        (lambda ns: ns // SECOND * SECOND, SECOND),
        (lambda ns: ns // (2 * SECOND) * 2 * SECOND, 2 * SECOND),
        (lambda ns: -(-ns // SECOND) * SECOND, 2 * SECOND),
        (lambda ns: 0, 2 * SECOND),
    ],
    ids=["ext4", "NTFS", "microseconds", "milliseconds", "ext3", "FAT", "rounded up", "not kept"],
)
def test_the_step_of_times_is_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: "type[int]", step: int
) -> None:
    """From a file that is made and removed; where times are kept in no known way the coarsest is taken."""
    real = os.utime

    def coarse(path: int, *, ns: tuple[int, int]) -> None:
        real(path, ns=(kept(ns[0]), kept(ns[1])))

    monkeypatch.setattr("efs_backup.engine.trees.time_step.os.utime", coarse)
    descriptor = os.open(tmp_path, os.O_RDONLY)
    assert time_step_of(descriptor) == step
    os.close(descriptor)
    assert os.listdir(tmp_path) == []


def _file(mtime_ns: int, size: int = 5) -> Found:
    return Found(0o100644, 0, 0, size, 8, 0, mtime_ns, 0)


@pytest.mark.parametrize("step", [1, 100, SECOND, 2 * SECOND])
def test_times_are_compared_as_exactly_as_they_are_kept(step: int) -> None:
    """Digits that a file system has cut off are no difference; one step more is, and so is another size."""
    mtime = A_DAY_AGO_NS // (2 * SECOND) * 2 * SECOND
    source, kept, next_one = _file(mtime + step - 1), _file(mtime), _file(mtime + step)
    fidelity = Fidelity(owners=True, time_step_ns=step)
    assert is_equal(source, kept, step)
    assert fidelity.losses(source, kept) == ()
    assert not is_equal(source, next_one, step)
    assert fidelity.losses(source, next_one) == ("mtime",)
    assert not is_equal(source, _file(mtime, size=6), step)
    assert fidelity.losses(source, _file(mtime, size=6)) == ("size",)


@pytest.mark.parametrize(("step", "window"), [(1, -1), (100, 0), (1_000_000, 0), (SECOND, 0), (2 * SECOND, 1)])
def test_rsync_compares_times_no_more_exactly_than_they_are_kept(step: int, window: int) -> None:
    """The tool knows nanoseconds and whole seconds; a window of 0 takes times within one second for equal."""
    assert Comparing(step).modify_window == window
    options = rsync_options((), Purpose.BACKUP, Comparing(step))
    assert f"--modify-window={window}" in options


@pytest.fixture
def coarse_backup(tmp_path: Path) -> Iterator[Path]:
    """A file system that keeps whole seconds, as one of ext4 with small inodes does."""
    image, place = tmp_path / "image", tmp_path / "coarse"
    with image.open("wb") as file:
        file.truncate(64 * 2**20)
    place.mkdir()
    subprocess.run(["mkfs.ext4", "-q", "-F", "-I", "128", image], check=True, capture_output=True)
    mounted = subprocess.run(["mount", "-o", "loop", image, place], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("needs loop devices")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


@pytest.mark.root
@both_copiers
def test_a_backup_with_coarse_times_is_incremental_and_true(cli: Cli, source: Path, coarse_backup: Path) -> None:
    """The backup says that times are coarse, and copies what changes by a second; a restore changes nothing equal."""
    write(source / "middle", "x" * 300_000)
    write(source / "large", "x" * 17_000_000)
    first = cli("run", source, coarse_backup, "--json").json
    assert any("keeps times by 1,000,000,000 ns only" in note for note in first["notes"])
    write(source / "directory 1" / "file 1", "changed 1", A_DAY_AGO_NS + SECOND)
    second = cli("run", source, coarse_backup, "--json").json
    assert (second["transferred_files"], second["linked_files"]) == (
        1, second["files"] - 1,
    )  # fmt: skip
    published, wanted = account(Path(second["path"])), account(source)
    assert {path: fact.content for path, fact in published.items()} == {
        path: fact.content for path, fact in wanted.items()
    }
    assert all(published[path].mtime_ns == wanted[path].mtime_ns // SECOND * SECOND for path in wanted)
