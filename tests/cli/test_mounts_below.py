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
    """A file of shell lines that a fpsync before the real one runs, which is after the survey and before the copy."""
    programs, lines = tmp_path / "programs", tmp_path / "programs" / "lines"
    programs.mkdir()
    lines.write_text("")
    wrapper = programs / "fpsync"
    wrapper.write_text(f'#!/bin/bash\n. "{lines}"\nexec bash /usr/bin/fpsync "$@"\n')
    wrapper.chmod(0o755)
    cli.environment["PATH"] = f"{programs}:{cli.environment['PATH']}"
    return lines


def let_umount(fault: Path, point: Path) -> Path:
    """Have the fault unmount this; gives the file that is there once it has."""
    hit = fault.with_name("hit")
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
