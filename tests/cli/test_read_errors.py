"""Files and directories that cannot be read: named, never published with other content, tolerated only on demand."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.support.builders import A_DAY_AGO_NS, account, small_tree, write
from tests.support.cli import Cli, both_copiers
from tests.support.nightly import mostly_nightly
from tests.support.simulator import Simulator
from tests.support.unprivileged import run_as_nobody

SIZES = {"small": 1000, "middle": 5_000_000, "large": 20_000_000, "sparse": 5_000_000}
"""Each is copied in a way of its own: written at once, by rsync, in pieces that are continued, with its holes."""


@pytest.fixture
def efs(simulator: Simulator) -> Path:
    """A source with files of all sizes, on a file system that can fail."""
    place = small_tree(simulator.mount("source") / "tree")
    for name, size in SIZES.items():
        _fill(place / "files" / name, name, size)
    return place


def _fill(path: Path, name: str, size: int) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        if name == "sparse":
            file.seek(size // 2)
        file.write(os.urandom(size - file.tell()))
    os.utime(path, ns=(A_DAY_AGO_NS, A_DAY_AGO_NS))


def _fail(
    simulator: Simulator, path: str, *, operation: str = "read", count: int | None = None, after: int = 0
) -> Path:
    """Let reading fail at this path; the mount, whose counts tell whether it did."""
    few = [f"fail_count={count}"] if count else []
    return simulator.mount(
        "source", f"fail_op={operation}", "fail_errno=EIO", f"fail_path={path}", f"fail_after={after}", *few
    )


def _is_hit(simulator: Simulator, mount: Path) -> bool:
    return bool(simulator.counts(mount)["faults"])


def _warned(result: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [(warned["kind"], warned["paths"]) for warned in result["warnings"]]


@both_copiers
def test_files_with_read_errors_are_named_or_left_out_as_ordered(
    cli: Cli, efs: Path, backup: Path, simulator: Simulator
) -> None:
    """Of each size: one more than tolerated fails the night; else they are left out, and nothing is in their place."""
    wanted = account(efs)
    mount = _fail(simulator, "/files/")
    result = cli("run", efs, backup, "--json", "--tolerate-unreadable", 3, code=1).json
    assert (result["status"], result["failure_reason"]) == ("Failed", "SourceUnreadable")
    assert all(f"'files/{name}'" in result["message"] for name in sorted(SIZES)[:3])
    assert _is_hit(simulator, mount)
    result = cli("run", efs, backup, "--json", "--tolerate-unreadable", 4).json
    assert _warned(result) == [("Unreadable", [f"files/{name}" for name in sorted(SIZES)])]
    assert account(Path(result["path"])) == {path: fact for path, fact in wanted.items() if "/files/" not in path}


@both_copiers
@pytest.mark.parametrize("name", mostly_nightly(SIZES))
def test_a_read_error_that_passes_is_survived(
    cli: Cli, efs: Path, backup: Path, simulator: Simulator, name: str
) -> None:
    """A file with one read error in its middle is whole. The newer version in the next backup is, too."""
    for version in (1, 2):
        mount = _fail(simulator, f"/files/{name}", count=1, after=1 if SIZES[name] > 1000 else 0)
        result = cli("run", efs, backup, "--json").json
        assert _is_hit(simulator, mount)
        assert account(Path(result["path"])) == account(efs)
        assert result["warnings"] == []
        _fill(efs / "files" / name, name, SIZES[name] + version)


@both_copiers
def test_a_changed_file_with_a_read_error_leaves_the_older_snapshot(
    cli: Cli, efs: Path, backup: Path, simulator: Simulator
) -> None:
    """The new snapshot is published without it: not with its older version, nor with a part of the newer one."""
    first = Path(cli("run", efs, backup, "--json").json["path"])
    before = account(first)
    _fill(efs / "files" / "large", "large", 21_000_000)
    wanted = account(efs)
    del wanted["./files/large"]
    mount = _fail(simulator, "/files/large", after=3)
    result = cli("run", efs, backup, "--json", "--tolerate-unreadable", 1).json
    assert _is_hit(simulator, mount)
    assert account(Path(result["path"])) == wanted
    assert account(first) == before
    simulator.mount("source")
    assert account(Path(cli("run", efs, backup, "--json").json["path"])) == account(efs)


@both_copiers
def test_unreadable_files_and_directories_are_counted_together(
    cli: Cli, efs: Path, backup: Path, simulator: Simulator
) -> None:
    """Two that are tolerated are published without their contents; one less, and the night fails."""
    for name in ("one", "other"):
        write(efs / f"broken {name}" / "file")
    write(efs / "whole")
    mount = _fail(simulator, "/broken ", operation="opendir")
    assert cli("run", efs, backup, "--json", "--tolerate-unreadable", 1, code=1).json["failure_reason"] == (
        "SourceUnreadable"
    )
    assert _is_hit(simulator, mount)
    result = cli("run", efs, backup, "--json", "--tolerate-unreadable", 2).json
    assert _warned(result) == [("Unreadable", ["broken one", "broken other"])]
    published = account(Path(result["path"]))
    assert not {path for path in published if path.startswith("./broken ") and "/file" in path}
    simulator.mount("source")
    wanted = account(efs)
    assert {path: fact for path, fact in published.items() if "broken" not in path} == {
        path: fact for path, fact in wanted.items() if "broken" not in path
    }


@pytest.mark.root
@both_copiers
def test_what_a_user_may_not_read_is_named_or_left_out_as_ordered(
    cli: Cli, source: Path, backup: Path, tmp_path: Path
) -> None:
    """A file and a directory of somebody else: N counts both."""
    write(source / "private").chmod(0)
    write(source / "closed" / "file")
    (source / "closed").chmod(0)
    backup.chmod(0o777)
    arguments = ("run", source, backup, "--json", "--tolerate-unreadable")
    failed = run_as_nobody(cli, tmp_path, *arguments, 1)
    assert (failed["status"], failed["failure_reason"]) == ("Failed", "SourceUnreadable")
    assert "private" in failed["message"] or "closed" in failed["message"]
    result = run_as_nobody(cli, tmp_path, *arguments, 2)
    assert (result["status"], _warned(result)) == ("Success", [("Unreadable", ["closed", "private"])])
    published = account(Path(result["path"]))
    assert "./private" not in published
    assert "./closed/file" not in published
    same = {path for path, fact in account(source).items() if stat.S_ISREG(fact.kind)} & published.keys()
    assert len(same) == 12
    assert all(published[path].content == account(source)[path].content for path in same)


@pytest.mark.root
@both_copiers
def test_a_failure_names_what_stood_in_its_way(cli: Cli, source: Path, backup: Path, tmp_path: Path) -> None:
    """Its sentence has room for three names; the warnings have twenty of each kind, and count all."""
    names = [f"private {number:02}" for number in range(25)]
    for name in names:
        write(source / name).chmod(0)
    backup.chmod(0o777)
    failed = run_as_nobody(cli, tmp_path, "run", source, backup, "--json")
    assert (failed["status"], failed["failure_reason"]) == ("Failed", "SourceUnreadable")
    assert _warned(failed) == [("Unreadable", names[:20])]
    assert failed["warnings"][0]["count"] == 25
