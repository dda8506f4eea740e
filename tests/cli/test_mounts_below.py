"""What is mounted below the source, and goes: during a backup, or from one night to the next."""

import os
from pathlib import Path

import pytest

from tests.builders import write
from tests.conftest import Cli
from tests.namespaces import bind, run_with_mounts

pytestmark = pytest.mark.root


@pytest.fixture
def fault(cli: Cli, tmp_path: Path) -> Path:
    """A file of shell lines that a fpsync before the real one runs, which is after the walk, when anything is left."""
    programs, lines = tmp_path / "programs", tmp_path / "programs" / "lines"
    programs.mkdir()
    lines.write_text("")
    wrapper = programs / "fpsync"
    wrapper.write_text(f'#!/bin/bash\n. "{lines}"\nexec bash /usr/bin/fpsync "$@"\n')
    wrapper.chmod(0o755)
    cli.environment["PATH"] = f"{programs}:{cli.environment['PATH']}"
    cli.environment["EFS_BACKUP_RUN_FILES_PER_PART"] = "1"
    return lines


def let_umount(fault: Path, point: Path) -> Path:
    """Have the fault unmount this, and something left to fpsync; gives the file that is there once it has."""
    hit = fault.with_name("hit")
    os.mkfifo(fault.parents[1] / "source" / "fifo")
    fault.write_text(f"umount -l '{point}' && touch '{hit}'\n")
    return hit


def trees(backup: Path, kind: str = "2") -> list[str]:
    """The snapshots, or what else begins so."""
    return sorted(path.name for path in (backup / "efs-backup" / "daily").glob(f"{kind}*"))


MOUNTS = {
    "a file system": lambda _disk, point: f"mount -t tmpfs none '{point}'; cd '{point}'; touch $(seq 60); cd /",
    "a bind mount": bind,
}


@pytest.mark.parametrize("what", MOUNTS)
def test_what_is_unmounted_during_a_backup_has_not_vanished(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, fault: Path, what: str
) -> None:
    """Nothing is published or dropped, and the next night goes on with what is copied."""
    disk, point = tmp_path / "disk", source / "sub"
    point.mkdir()
    for number in range(60):
        write(disk / str(number))
    mount = MOUNTS[what](disk, point)
    run_with_mounts(cli, mount, "run", source, backup, "--retain", 1)
    before = trees(backup)
    write(source / "new")
    hit = let_umount(fault, point)
    ended = run_with_mounts(cli, mount, "run", source, backup, "--json", code=1)
    assert hit.exists()
    assert ended.json["failure_reason"] == "SourceChanged"
    assert "unmounted during the backup: at 'sub'" in ended.json["message"]
    assert trees(backup) == before
    assert len(trees(backup, ".partial-")) == 1
    fault.write_text("")
    result = run_with_mounts(cli, mount, "run", source, backup, "--json").json
    assert len(os.listdir(Path(result["path"]) / "sub")) == 60
    assert trees(backup, ".partial-") == []


@pytest.mark.parametrize("option", [("--exclude", "/sub"), ("--one-file-system",)])
def test_what_a_backup_does_not_go_into_may_be_unmounted_meanwhile(
    cli: Cli, source: Path, backup: Path, fault: Path, option: tuple[str, ...]
) -> None:
    """It was left out anyway."""
    point = source / "sub"
    point.mkdir()
    hit = let_umount(fault, point)
    run_with_mounts(cli, f"mount -t tmpfs none '{point}'; touch '{point}/1'", "run", source, backup, *option)
    assert hit.exists()


def test_what_a_logout_unmounts_during_a_backup_costs_nobody_the_night(
    cli: Cli, source: Path, backup: Path, fault: Path
) -> None:
    """The snapshot is published without it, with a warning, and nothing is dropped."""
    point = source / "run" / "1000"
    point.mkdir(parents=True)
    mount = f"mount -t tmpfs -o uid=1000 none '{point}'; touch '{point}/1'"
    run_with_mounts(cli, mount, "run", source, backup, "--retain", 1)
    hit = let_umount(fault, point)
    result = run_with_mounts(cli, mount, "run", source, backup, "--json").json
    assert hit.exists()
    assert (result["status"], result["pruned"]) == ("Success", [])
    assert [(warned["kind"], warned["paths"]) for warned in result["warnings"]] == [("MountMissing", ["run/1000"])]


def test_a_tmpfs_that_is_gone_is_warned_of_and_nothing_is_dropped_while_the_last_snapshot_has_it(
    cli: Cli, source: Path, backup: Path
) -> None:
    """After a logout or a reboot; the dry run says so as well, and the night after it all is as usual."""
    point = source / "run" / "1000"
    point.mkdir(parents=True)
    mount = f"mount -t tmpfs none '{point}'; touch '{point}/1'"
    run_with_mounts(cli, mount, "run", source, backup, "--retain", 1)
    planned = cli("run", source, backup, "--dry-run", "--json").json
    assert (planned["would_drop"], "MountMissing" in str(planned)) == ([], False)
    assert "'run/1000'" in " ".join(planned["notes"])
    result = cli("run", source, backup, "--json").json
    assert (result["status"], result["pruned"]) == ("Success", [])
    assert [(warned["kind"], warned["paths"]) for warned in result["warnings"]] == [("MountMissing", ["run/1000"])]
    after = cli("run", source, backup, "--json").json
    assert (after["warnings"], len(after["pruned"])) == ([], 2)


def test_a_backup_that_fails_while_a_tmpfs_is_gone_does_not_forget_it(cli: Cli, source: Path, backup: Path) -> None:
    """Though it writes its rules before the copy, as each of an agent's does."""
    point = source / "sub"
    point.mkdir()
    mount = f"mount -t tmpfs none '{point}'; touch '{point}/1'"
    run_with_mounts(cli, mount, "run", source, backup, "--retain", 1)
    cli("run", source, backup, "--retain", 1, "--save", "--window", 0.00001, code=3)
    result = cli("run", source, backup, "--window", 60, "--json").json
    assert ([warned["kind"] for warned in result["warnings"]], result["pruned"]) == (["MountMissing"], [])


def test_a_tmpfs_of_which_the_last_snapshot_has_nothing_may_go_in_silence(cli: Cli, source: Path, backup: Path) -> None:
    """Nothing of it can be lost."""
    run_with_mounts(cli, f"mount -t tmpfs none '{source}/empty directory'", "run", source, backup, "--retain", 1)
    result = cli("run", source, backup, "--json").json
    assert (result["warnings"], len(result["pruned"])) == ([], 1)
