"""Mounts below the source that go: during a backup, or from one night to the next."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.builders import write
from tests.support.cli import Cli
from tests.support.namespaces import ask_with_mounts, bind
from tests.support.nightly import mostly_nightly

pytestmark = pytest.mark.root


@dataclass(frozen=True)
class Fault:
    """Lines of a shell that run in the middle of a backup, because of a file of the source that fpsync has to bring."""

    lines: Path
    for_fpsync: Path


@pytest.fixture
def fault(cli: Cli, source: Path, tmp_path: Path) -> Fault:
    """A fpsync before the real one that runs the lines: after the walk, and before the backup looks at mounts again."""
    programs, lines = tmp_path / "programs", tmp_path / "programs" / "lines"
    programs.mkdir()
    lines.write_text("")
    wrapper = programs / "fpsync"
    wrapper.write_text(f'#!/bin/bash\n. "{lines}"\nexec bash /usr/bin/fpsync "$@"\n')
    wrapper.chmod(0o755)
    cli.environment |= {"PATH": f"{programs}:{cli.environment['PATH']}", "EFS_BACKUP_RUN_FILES_PER_PART": "1"}
    return Fault(lines, write(source / "for fpsync", "x" * 300_000))


def let_umount(fault: Fault, point: Path) -> Path:
    """Have the fault unmount this in the next backup; gives the file that is there once it has."""
    hit = fault.lines.with_name("hit")
    fault.lines.write_text(f"umount -l '{point}' && touch '{hit}'\n")
    fault.for_fpsync.touch()
    return hit


def trees(backup: Path, kind: str = "2") -> list[str]:
    """The snapshots, or what else begins so."""
    return sorted(path.name for path in (backup / "efs-backup" / "daily").glob(f"{kind}*"))


MOUNTS = {
    "a file system": lambda _disk, point: f"mount -t tmpfs none '{point}'; cd '{point}'; touch $(seq 60); cd /",
    "a bind mount": bind,
}


@pytest.mark.parametrize("what", mostly_nightly(MOUNTS))
def test_what_is_unmounted_during_a_backup_has_not_vanished(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, fault: Fault, what: str
) -> None:
    """Nothing is published or dropped, and the next night goes on with what is copied."""
    disk, point = tmp_path / "disk", source / "sub"
    point.mkdir()
    for number in range(60):
        write(disk / str(number))
    mount = MOUNTS[what](disk, point)
    ask_with_mounts(cli, mount, "run", source, backup, "--retain", 1)
    before = trees(backup)
    write(source / "new")
    hit = let_umount(fault, point)
    ended = ask_with_mounts(cli, mount, "run", source, backup, "--json", code=1)
    assert hit.exists()
    assert ended.json["failure_reason"] == "SourceChanged"
    assert "unmounted during the backup: at 'sub'" in ended.json["message"]
    assert trees(backup) == before
    assert len(trees(backup, ".partial-")) == 1
    fault.lines.write_text("")
    result = ask_with_mounts(cli, mount, "run", source, backup, "--json").json
    assert len(os.listdir(Path(result["path"]) / "sub")) == 60
    assert trees(backup, ".partial-") == []


@pytest.mark.parametrize(
    "option", [("--exclude", "/sub"), pytest.param(("--one-file-system",), marks=pytest.mark.long)]
)
def test_what_a_backup_does_not_go_into_may_be_unmounted_meanwhile(
    cli: Cli, source: Path, backup: Path, fault: Fault, option: tuple[str, ...]
) -> None:
    """A mount that is left out anyway may go."""
    point = source / "sub"
    point.mkdir()
    hit = let_umount(fault, point)
    ask_with_mounts(cli, f"mount -t tmpfs none '{point}'; touch '{point}/1'", "run", source, backup, *option)
    assert hit.exists()


@pytest.mark.long
def test_what_a_logout_unmounts_during_a_backup_costs_nobody_the_night(
    cli: Cli, source: Path, backup: Path, fault: Fault
) -> None:
    """The snapshot is published without it, with a warning, and nothing is dropped."""
    point = source / "run" / "1000"
    point.mkdir(parents=True)
    mount = f"mount -t tmpfs -o uid=1000 none '{point}'; touch '{point}/1'"
    ask_with_mounts(cli, mount, "run", source, backup, "--retain", 1)
    hit = let_umount(fault, point)
    result = ask_with_mounts(cli, mount, "run", source, backup, "--json").json
    assert hit.exists()
    assert (result["status"], result["dropped"]) == ("Success", [])
    assert [(warned["kind"], warned["paths"]) for warned in result["warnings"]] == [("MountMissing", ["run/1000"])]


def test_a_tmpfs_that_is_gone_is_warned_of_and_nothing_is_dropped_while_the_last_snapshot_has_it(
    cli: Cli, source: Path, backup: Path
) -> None:
    """After a logout or a reboot; the dry run says so as well, and the night after it all is as usual."""
    point = source / "run" / "1000"
    point.mkdir(parents=True)
    mount = f"mount -t tmpfs none '{point}'; touch '{point}/1'"
    ask_with_mounts(cli, mount, "run", source, backup, "--retain", 1)
    planned = cli("run", source, backup, "--dry-run", "--json").json
    assert (planned["dropped"], "MountMissing" in str(planned)) == ([], False)
    assert "'run/1000'" in " ".join(planned["notes"])
    result = cli("run", source, backup, "--json").json
    assert (result["status"], result["dropped"]) == ("Success", [])
    assert [(warned["kind"], warned["paths"]) for warned in result["warnings"]] == [("MountMissing", ["run/1000"])]
    after = cli("run", source, backup, "--json").json
    assert (after["warnings"], len(after["dropped"])) == ([], 2)


def test_a_backup_that_fails_while_a_tmpfs_is_gone_does_not_forget_it(cli: Cli, source: Path, backup: Path) -> None:
    """Though it writes its rules before the copy, as each of an agent's does."""
    point = source / "sub"
    point.mkdir()
    mount = f"mount -t tmpfs none '{point}'; touch '{point}/1'"
    ask_with_mounts(cli, mount, "run", source, backup, "--retain", 1)
    cli("run", source, backup, "--retain", 1, "--save", "--window", 0.00001, code=3)
    result = cli("run", source, backup, "--window", 60, "--json").json
    assert ([warned["kind"] for warned in result["warnings"]], result["dropped"]) == (["MountMissing"], [])


def test_a_tmpfs_of_which_the_last_snapshot_has_nothing_may_go_in_silence(cli: Cli, source: Path, backup: Path) -> None:
    """Nothing of it can be lost."""
    ask_with_mounts(cli, f"mount -t tmpfs none '{source}/empty directory'", "run", source, backup, "--retain", 1)
    result = cli("run", source, backup, "--json").json
    assert (result["warnings"], len(result["dropped"])) == ([], 1)
