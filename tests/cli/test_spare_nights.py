"""Nights in which the snapshot that was dropped becomes the next one."""

import os
import shutil
from pathlib import Path

import pytest

from tests.support.builders import Fact, account, many_parts, write
from tests.support.cli import Cli
from tests.support.nightly import mostly_nightly
from tests.support.unprivileged import NOBODY, run_as_nobody


def _snapshots(backup: Path) -> list[Path]:
    return sorted(path for path in (backup / "efs-backup/daily").iterdir() if not path.name.startswith("."))


def _spare(backup: Path) -> Path | None:
    return next((backup / "efs-backup/daily").glob(".spare-*Z"), None)


def _change(source: Path, night: int) -> None:
    """Something of each kind is new, other or gone, and something changes its type."""
    write(source / f"night {night}/deep/file", f"night {night}")
    write(source / "directory 0/file 0", f"night {night}", night)
    (source / "directory 1").chmod(0o700 + night)
    (source / "becomes").mkdir() if night % 2 else write(source / "becomes")
    shutil.rmtree(source / f"night {night - 2}", ignore_errors=True)
    for name in ("one", "other"):
        (source / "links" / name).unlink(missing_ok=True)
    write(source / "links/one")
    if night % 2:
        os.link(source / "links/one", source / "links/other")
    else:
        write(source / "links/other")


@pytest.mark.parametrize("retain", mostly_nightly([2, 1, 3]))
def test_every_night_is_true_and_no_published_snapshot_ever_changes(
    cli: Cli, source: Path, backup: Path, retain: int
) -> None:
    """A snapshot stays as it was published, to the last attribute, for as long as it is there."""
    many_parts(source / "many")
    published = dict[Path, dict[str, Fact]]()
    inodes = set[int]()
    for night in range(retain + 4):
        becomes = source / "becomes"
        shutil.rmtree(becomes) if becomes.is_dir() else becomes.unlink(missing_ok=True)
        _change(source, night)
        spare = _spare(backup) if night else None
        inodes = {spare.stat().st_ino} if spare else set()
        path = Path(cli("run", source, backup, "--retain", retain, "--json").json["path"])
        published[path] = account(source)
        assert inodes in ({path.stat().st_ino}, set())
        assert bool(inodes) == (night > retain), "the spare has become the snapshot"
        found = _snapshots(backup)
        assert found == sorted(published)[-retain:]
        assert {one: account(one) for one in found} == {one: published[one] for one in found}


@pytest.mark.root
@pytest.mark.long
def test_who_is_not_root_has_recycled_nights_too(cli: Cli, source: Path, backup: Path, tmp_path: Path) -> None:
    """Directories that are closed to their owner in a snapshot are brought up to date, moved away and deleted."""
    for night in range(5):
        closed = source / "closed"
        if closed.exists():
            shutil.rmtree(closed)
        write(closed / "below/file", f"night {night}", night)
        write(closed / f"night {night}/file")
        for path in (source, *source.rglob("*"), backup):
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        for path in (closed / "below", closed / f"night {night}", closed):
            path.chmod(0o500)
        result = run_as_nobody(cli, tmp_path, "run", source, backup, "--retain", 1, "--json")
        assert (result["status"], result["warnings"]) == ("Success", []), result
        assert account(Path(result["path"])) == account(source)
        assert _snapshots(backup) == [Path(result["path"])]
        assert os.listdir(backup / "efs-backup/daily/.trash") == []
