"""Locks where there are none, or no space for them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.builders import account, write
from tests.support.cli import Cli
from tests.support.mounts import fill, mounted_tmpfs

_WITHOUT_LOCKS = """
#include <errno.h>
int flock(int descriptor, int operation) { (void)descriptor; (void)operation; errno = ERROR; return -1; }
"""


@pytest.fixture(params=["ENOLCK", *(pytest.param(error, marks=pytest.mark.long) for error in ("EOPNOTSUPP", "ENOSYS"))])
def without_locks(request: pytest.FixtureRequest, cli: Cli, tmp_path: Path) -> Cli:
    """The command on a machine whose file systems have no flock."""
    if not shutil.which("cc"):
        pytest.skip("needs a C compiler")
    (source := tmp_path / "without.c").write_text(_WITHOUT_LOCKS)
    library = tmp_path / "without.so"
    subprocess.run(["cc", "-shared", "-fPIC", f"-DERROR={request.param}", "-o", library, source], check=True)
    return Cli({**cli.environment, "LD_PRELOAD": str(library)})


def test_without_locks_nothing_is_written_but_what_is_there_can_be_restored(
    cli: Cli, without_locks: Cli, source: Path, backup: Path, tmp_path: Path
) -> None:
    """`run` and `prune` refuse with the remedy, also for a first backup; reading goes on, and says what that means."""
    for _ in range(2):
        cli("run", source, backup)
    for arguments in (
        ("run", source, backup),
        ("run", source, tmp_path / "new"),
        ("prune", backup, "--retain", 1, "--confirm"),
    ):
        ended = without_locks(*arguments, "--json", code=1)
        assert "has no locks" in ended.json["message"]
        assert "NFS 4.1" in ended.json["next_step"]
        assert "BackupFull" not in ended.stdout
        assert "Traceback" not in ended.stderr
    assert len(without_locks("list", backup, "--json").json["snapshots"]) == 2
    assert len(without_locks("history", backup, "--json").json["backups"]) == 2
    without_locks("diff", backup, 1, 0)
    ended = without_locks("restore", backup, tmp_path / "restored")
    assert "cannot be locked" in ended.stderr
    assert "cannot be locked" in ended.stdout
    assert account(tmp_path / "restored") == account(source)
    (note,) = without_locks("restore", backup, tmp_path / "restored", "--json").json["notes"]
    assert note.endswith("while this runs, prune nothing in it.")


def test_a_lock_that_is_no_file_is_named_and_hinders_no_restore(
    cli: Cli, source: Path, backup: Path, tmp_path: Path
) -> None:
    """As a FIFO that somebody has put there: `run` and `prune` say which file to remove, and change nothing."""
    cli("run", source, backup)
    (lock,) = backup.glob("*/daily/.lock")
    lock.unlink()
    os.mkfifo(lock)
    before = sorted(backup.rglob("*"))
    for arguments in (("run", source, backup), ("prune", backup)):
        refused = cli(*arguments, "--json", code=1).json
        assert repr(str(lock)) in refused["message"]
        assert "Remove it" in refused["next_step"]
    assert sorted(backup.rglob("*")) == before
    cli("restore", backup, tmp_path / "restored")
    assert account(tmp_path / "restored") == account(source)
    lock.unlink()
    cli("run", source, backup)


@pytest.mark.root
@pytest.mark.parametrize("options", ["size=4m", "size=4m,nr_inodes=120"])
def test_a_full_backup_can_be_pruned_restored_and_listed(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, options: str
) -> None:
    """With no byte, or no inode, left; also where nobody has read from the series before."""
    with mounted_tmpfs(backup, options):
        for number in range(3):
            write(source / "file", "x" * number)
            cli("run", source, backup, "--retain", 10)
        (backup / "efs-backup" / "daily" / ".readers").unlink(missing_ok=True)
        fill(backup)
        _use_up_inodes(backup)
        ended = cli("restore", backup, tmp_path / "restored")
        assert ("cannot be locked (No space left on device)" in ended.stderr) == ("nr_inodes" in options)
        assert len(cli("list", backup, "--json").json["snapshots"]) == 3
        assert len(cli("prune", backup, "--retain", 1, "--confirm", "--json").json["dropped"]) == 2
        assert len(cli("list", backup, "--json").json["snapshots"]) == 1
    assert account(tmp_path / "restored") == account(source)


def _use_up_inodes(place: Path) -> None:
    if os.statvfs(place).f_files > 1000:
        return
    for number in range(1000):
        try:
            (place / f"filler {number}").touch()
        except OSError:
            return


@pytest.mark.root
def test_a_backup_that_is_mounted_read_only_can_be_restored(
    cli: Cli, source: Path, backup: Path, tmp_path: Path
) -> None:
    """Where nobody has read before there is no file to lock, and a note."""
    with mounted_tmpfs(backup, "size=4m"):
        cli("run", source, backup)
        (backup / "efs-backup" / "daily" / ".readers").unlink()
        subprocess.run(["mount", "-o", "remount,ro", backup], check=True)
        ended = cli("restore", backup, tmp_path / "restored")
    assert "cannot be locked (Read-only file system)" in ended.stderr
    assert account(tmp_path / "restored") == account(source)


@pytest.mark.parametrize("name", [".lock", ".readers"])
def test_a_lock_that_is_a_link_is_not_followed(cli: Cli, source: Path, backup: Path, tmp_path: Path, name: str) -> None:
    """The target of the link stays as it was; a backup needs the lock, a restore does not."""
    cli("run", source, backup)
    decoy = write(tmp_path / "decoy", "as it was")
    lock = backup / "efs-backup" / "daily" / name
    lock.unlink()
    lock.symlink_to(decoy)
    ended = cli("run", source, backup, code=None)
    assert ended.code == (1 if name == ".lock" else 0)
    assert "Traceback" not in ended.stderr
    cli("restore", backup, tmp_path / "restored")
    assert decoy.read_text() == "as it was"
