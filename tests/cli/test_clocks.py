"""The clock of this machine and those of the file servers are hours apart, in both directions."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.builders import account, write
from tests.support.cli import Cli, both_copiers
from tests.support.nightly import mostly_nightly
from tests.support.simulator import Simulator

pytestmark = pytest.mark.skipif(shutil.which("faketime") is None, reason="needs faketime")

SHIFTS = ["+3h", "-3h"]


def _run(cli: Cli, shift: str, *arguments: object) -> dict[str, Any]:
    """Run the command as if its clock were wrong; what file systems say stays as it is."""
    environment = {**cli.environment, "NO_FAKE_STAT": "1"}
    line = [b"faketime", b"-f", shift.encode(), *cli.line(*arguments)]
    done = subprocess.run(line, capture_output=True, env=environment, check=False, timeout=120)
    assert done.returncode == 0, done
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_the_clock_is_wrong_and_the_times_of_files_are_not(cli: Cli, tmp_path: Path) -> None:
    """Else the tests would prove nothing."""
    program = "import os, sys, time; print(time.time() - os.stat(sys.argv[1]).st_mtime)"
    write(tmp_path / "file").touch()
    environment = {**os.environ, "NO_FAKE_STAT": "1"}
    line = ("faketime", "-f", "+3h", "python3", "-c", program, tmp_path / "file")
    apart = float(subprocess.run(line, capture_output=True, env=environment, check=True).stdout)
    assert 10_700 < apart < 11_000


@both_copiers
@pytest.mark.parametrize("shift", mostly_nightly(SHIFTS))
def test_files_that_come_and_go_during_a_backup_are_no_failure(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, shift: str
) -> None:
    """Whatever the clocks say: what went is not missed, and what came is brought.

    They do so when the first rsync begins, which is after our walk, and before the one that looks at what rsync did.
    """
    os.mkfifo(source / "directory 0" / "fifo")
    for path in ("directory 1/file 4", "directory 2/file 5"):
        write(source / path, "x" * 300_000)
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "rsync").write_text(
        '#!/bin/sh\ncase "$*" in *--files-from*)\n'
        f"[ -e '{programs}/done' ] || {{ cd '{source}'; rm -r 'directory 1/file 4' 'directory 2';"
        " mkdir -p new/deep; echo new >new/deep/file; echo new >'directory 0/new';"
        f" touch '{programs}/done'; }};; esac\nexec /usr/bin/rsync \"$@\"\n"
    )
    (programs / "rsync").chmod(0o755)
    cli.environment["PATH"] = f"{programs}:{cli.environment['PATH']}"
    result = _run(cli, shift, "run", source, backup, "--files-per-part", 1, "--json")
    assert (programs / "done").exists()
    assert result["status"] == "Success"
    assert result["warnings"] == []
    published, wanted = account(Path(result["path"])), account(source)
    assert wanted.keys() <= published.keys()
    assert not {"./directory 1/file 4", "./directory 2/file 5"} & published.keys()
    for path in wanted.keys() & published.keys():
        assert published[path].content == wanted[path].content
    again = _run(cli, shift, "run", source, backup, "--json")
    assert account(Path(again["path"])) == account(source)


@pytest.mark.former
@pytest.mark.parametrize("shift", SHIFTS)
def test_names_that_a_crawl_has_lost_are_found(cli: Cli, source: Path, simulator: Simulator, shift: str) -> None:
    """A directory cannot be listed for once, by fpart; however old or new the names in it seem to be."""
    efs, backup = simulator.mount("source"), simulator.mount("backup")
    shutil.copytree(source, efs / "tree", symlinks=True)
    simulator.mount(
        "source", "fail_op=opendir", "fail_errno=EIO", "fail_path=directory 1", "fail_after=1", "fail_count=1"
    )
    result = _run(cli, shift, "run", efs / "tree", backup, "--json", "--copier", "rsync")
    assert simulator.counts(efs)["faults"]
    assert account(Path(result["path"])) == account(efs / "tree")


@pytest.mark.parametrize("shift", SHIFTS)
def test_unchanged_files_are_linked_whatever_the_clock_says(cli: Cli, source: Path, backup: Path, shift: str) -> None:
    """Times are compared with times of the same server."""
    cli("run", source, backup)
    result = _run(cli, shift, "run", source, backup, "--json")
    assert (result["transferred_files"], result["linked_files"]) == (0, result["files"])
