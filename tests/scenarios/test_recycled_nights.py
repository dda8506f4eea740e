"""A night with a spare: what is unchanged is not written, and nothing that exists is ever changed."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.builders import account, small_tree, write
from tests.support.cli import Cli
from tests.support.mounts import mounted_tmpfs
from tests.support.nightly import mostly_nightly
from tests.support.traced import assert_only_new_is_written, traced_lines, tracer


def _traced(cli: Cli, trace: Path, *arguments: object) -> list[str]:
    """Run a command under strace; what its processes have called, a line each."""
    done = subprocess.run(
        [*map(os.fsencode, tracer(trace)), *cli.line(*arguments)],
        env=cli.environment,
        capture_output=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    return traced_lines(trace)


@pytest.fixture
def steady(cli: Cli, tmp_path: Path) -> tuple[Path, Path]:
    """A series in which the next backup finds a spare: (source, backup)."""
    source, backup = small_tree(tmp_path / "source"), tmp_path / "backup"
    backup.mkdir()
    for _ in range(2):
        write(source / "changing", os.urandom(8).hex(), mtime_ns=1_700_000_000_000_000_000 + len(os.listdir(backup)))
        assert cli("run", source, backup, "--retain", 1).code == 0
    assert list((backup / "efs-backup" / "daily").glob(".spare-*Z"))
    return source, backup


@pytest.mark.root
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_nothing_that_exists_is_opened_for_writing_or_given_attributes(
    cli: Cli, steady: tuple[Path, Path], tmp_path: Path
) -> None:
    """Over a whole recycled night, all processes traced: a file of the partial may be a published snapshot's too."""
    source, backup = steady
    series = backup / "efs-backup" / "daily"
    write(source / "new", "new")
    (source / "a new link").symlink_to("new")
    next(path for path in sorted(source.rglob("*")) if path.is_file() and not path.is_symlink()).unlink()
    lines = _traced(cli, tmp_path / "trace", "run", source, backup, "--retain", 1)
    (published,) = series.glob("2*")
    assert_only_new_is_written(lines, published)
    assert account(published) == account(source)


@pytest.mark.parametrize("retain", mostly_nightly([2, 1, 3]))
def test_recycled_nights_publish_the_source_and_change_no_older_snapshot(cli: Cli, tmp_path: Path, retain: int) -> None:
    """Whatever the retention is; each snapshot is compared byte for byte after every night."""
    source, backup = small_tree(tmp_path / "source"), tmp_path / "backup"
    backup.mkdir()
    published: dict[Path, object] = {}
    for night in range(retain + 4):
        write(source / "nightly" / f"of night {night}", f"{night}")
        write(source / "changes", f"{night}", mtime_ns=1_700_000_000_000_000_000 + night)
        if night:
            (source / "nightly" / f"of night {night - 1}").rename(source / f"moved {night}")
        done = cli("run", source, backup, "--retain", retain, "--json")
        assert done.code == 0, done
        published[Path(done.json["path"])] = account(source)
        published = {path: facts for path, facts in published.items() if path.exists()}
        assert len(published) == min(night + 1, retain)
        assert {path: account(path) for path in published} == published
    names = {path.name for path in (backup / "efs-backup" / "daily").glob(".spare-*Z")}
    assert len(names) == 1


def test_without_a_spare_what_is_dropped_is_deleted_at_once(cli: Cli, steady: tuple[Path, Path]) -> None:
    """Also a spare that an earlier backup has kept: for data that must be gone on time."""
    source, backup = steady
    assert cli("run", source, backup, "--retain", 1, "--no-spare").code == 0
    series = backup / "efs-backup" / "daily"
    assert not [*series.glob(".spare-*")]
    assert not [*(series / ".trash").iterdir()]


def test_a_prune_deletes_the_spare(cli: Cli, steady: tuple[Path, Path]) -> None:
    """Who prunes by hand wants the space."""
    _, backup = steady
    assert cli("prune", backup, "--retain", 1, "--confirm").code == 0
    assert not [*(backup / "efs-backup" / "daily").glob(".spare-*")]


@pytest.mark.root
@pytest.mark.parametrize("name", ["immutable", "directory/immutable"])
def test_what_cannot_be_removed_from_the_spare_costs_no_night(cli: Cli, tmp_path: Path, name: str) -> None:
    """In the root or below it: the tree goes to the trash, is named there, and the next nights are as ever."""
    source, backup = small_tree(tmp_path / "source"), tmp_path / "backup"
    backup.mkdir()
    write(source / name)
    first = Path(cli("run", source, backup, "--retain", 1, "--json").json["path"])
    subprocess.run(["chattr", "+i", first / name], check=True)
    (source / name).unlink()
    try:
        for _ in range(3):
            ended = cli("run", source, backup, "--retain", 1, "--json").json
            assert account(Path(ended["path"])) == account(source)
        assert "NotDeleted" in [warning["kind"] for warning in ended["warnings"]]
    finally:
        subprocess.run(["chattr", "-R", "-i", backup], check=False, capture_output=True)  # it knows no symlinks
    assert [*(backup / "efs-backup" / "daily").glob(".spare-*Z")]


@pytest.mark.root
@pytest.mark.parametrize("letter", mostly_nightly(["i", "a"]))
@pytest.mark.parametrize("changed", mostly_nightly(["removed", "added", "its mode"]))
def test_a_frozen_directory_of_the_spare_costs_no_night(cli: Cli, tmp_path: Path, letter: str, changed: str) -> None:
    """Somebody protects a part of a snapshot by chattr: it cannot even be moved away. The tree is made anew."""
    source, backup = small_tree(tmp_path / "source"), tmp_path / "backup"
    backup.mkdir()
    write(source / "home/user/file")
    first = Path(cli("run", source, backup, "--retain", 1, "--json").json["path"])
    subprocess.run(["chattr", f"+{letter}", first / "home/user"], check=True)
    cli("run", source, backup, "--retain", 1)
    if changed == "removed":
        (source / "home/user/file").unlink()
    elif changed == "added":
        write(source / "home/user/other")
    else:
        (source / "home/user").chmod(0o750)
    try:
        for _ in range(3):
            ended = cli("run", source, backup, "--retain", 1, "--json").json
            assert account(Path(ended["path"])) == account(source)
    finally:
        subprocess.run(["chattr", "-R", "-i", "-a", backup], check=False, capture_output=True)


@pytest.mark.root
def test_a_frozen_spare_is_left_and_named(cli: Cli, tmp_path: Path) -> None:
    """Nights go on with links; who asks for its deletion is told that it is still there."""
    source, backup = small_tree(tmp_path / "source"), tmp_path / "backup"
    backup.mkdir()
    for _ in range(2):
        cli("run", source, backup, "--retain", 1)
    (spare,) = (backup / "efs-backup" / "daily").glob(".spare-*Z")
    subprocess.run(["chattr", "+i", spare], check=True)
    try:
        ended = cli("run", source, backup, "--retain", 1, "--json").json
        assert account(Path(ended["path"])) == account(source)
        assert any("The spare" in note for note in ended["notes"])
        for command in (["prune", backup], ["run", source, backup, "--no-spare"]):
            warned = cli(*command, "--retain", 1, "--json").json["warnings"]
            assert [spare.name in str(warning) for warning in warned] == [True]
    finally:
        subprocess.run(["chattr", "-i", spare], check=True)
    assert cli("prune", backup, "--retain", 1, "--confirm", "--json").json["warnings"] == []
    assert not spare.exists()


@pytest.mark.parametrize("what", mostly_nightly(["a FIFO", "nested", "endless"]))
@pytest.mark.parametrize("which", [".spare-*.json", ".flushed-*"])
def test_a_broken_mark_says_nothing(cli: Cli, tmp_path: Path, what: str, which: str) -> None:
    """A broken mark is neither waited for nor believed, and the next night is as ever."""
    source, backup = small_tree(tmp_path / "source"), tmp_path / "backup"
    backup.mkdir()
    for _ in range(3):
        ended = cli("run", source, backup, "--retain", 1, "--json").json
    series = backup / "efs-backup" / "daily"
    if which == ".flushed-*":
        shutil.copytree(Path(ended["path"]), partial := series / ".partial-20260101T000000Z")
        mark = series / f".flushed-{partial.name.removeprefix('.partial-')}"
    else:
        (mark,) = series.glob(which)
        mark.unlink()
    if what == "a FIFO":
        os.mkfifo(mark)
    elif what == "nested":
        mark.write_text("[" * 100_000)
    else:
        mark.symlink_to("/dev/zero")
    ended = cli("run", source, backup, "--retain", 1, "--json").json
    assert account(Path(ended["path"])) == account(source)


@pytest.mark.root
@pytest.mark.long
def test_a_partial_that_has_filled_the_disk_makes_room_when_the_source_has_shrunk(cli: Cli, tmp_path: Path) -> None:
    """Not an inode is free for the marks of the night that goes through it."""
    source, disk = tmp_path / "source", tmp_path / "disk"
    write(source / "directory" / "file")
    disk.mkdir()
    with mounted_tmpfs(disk, "size=24M,nr_inodes=400"):
        for _ in range(3):
            cli("run", source, disk, "--retain", 1)
        for number in range(500):
            write(source / "directory" / f"new {number}")
        full = cli("run", source, disk, "--retain", 1, "--json", code=1).json
        assert full["failure_reason"] == "BackupFull"
        for number in range(500):
            (source / "directory" / f"new {number}").unlink()
        ended = cli("run", source, disk, "--retain", 1, "--json").json
        assert account(Path(ended["path"])) == account(source)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MiB."""
    image, disk = tmp_path / "image", tmp_path / "disk"
    disk.mkdir()
    with image.open("wb") as file:
        file.truncate(64 * 1024**2)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", image], check=True, capture_output=True)
    if subprocess.run(["mount", "-o", "loop", image, disk], check=False, capture_output=True).returncode:
        pytest.skip("needs loop devices")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.mark.root
@pytest.mark.long
def test_what_is_stale_in_the_spare_makes_room_on_a_full_disk(cli: Cli, tmp_path: Path, small_disk: Path) -> None:
    """The disk holds two of three versions: the spare's goes to the trash, which is emptied, and the night succeeds."""
    source, backup = tmp_path / "source", small_disk / "backup"
    backup.mkdir()
    for night in range(3):
        shutil.rmtree(source, ignore_errors=True)
        write(source / f"of night {night}" / "large", f"{night}" * 24_000_000)
        ended = cli("run", source, backup, "--retain", 1, "--json").json
        assert account(Path(ended["path"])) == account(source)
