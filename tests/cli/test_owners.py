"""Root that may not give files away, as in a container: no snapshot and no restore ever has a wrong owner."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from efs_backup.domain.requests.tuning import Copier
from tests.support.builders import A_DAY_AGO_NS, account, small_tree, write
from tests.support.cli import Cli, Ended, both_copiers
from tests.support.nightly import mostly_nightly

pytestmark = pytest.mark.root

OWNER = 4242
_WITHOUT_CHOWN = ("setpriv", "--bounding-set=-chown")


def _make(place: Path, kind: str) -> Path:
    """An entry of this kind, that of another owner."""
    if kind in {"small", "middle", "large"}:
        write(place, "x" * {"small": 10, "middle": 300_000, "large": 17_000_000}[kind])
    elif kind == "sparse":
        place.touch()
        os.truncate(place, 100_000)
    elif kind == "symlink":
        place.symlink_to("nowhere")
    elif kind == "FIFO":
        os.mkfifo(place)
    else:
        place.mkdir()
    os.chown(place, OWNER, OWNER, follow_symlinks=False)
    os.utime(place, ns=(A_DAY_AGO_NS, A_DAY_AGO_NS), follow_symlinks=False)
    return place


KINDS = ["small", "large", "directory", "middle", "sparse", "symlink", "FIFO"]


def _run(cli: Cli, *arguments: object) -> Ended:
    done = subprocess.run(
        (*_WITHOUT_CHOWN, *cli.line(*arguments)), capture_output=True, env=cli.environment, check=False, timeout=120
    )
    return Ended(done.returncode, os.fsdecode(done.stdout), os.fsdecode(done.stderr), str(arguments[0]))


def test_the_capability_is_away(tmp_path: Path) -> None:
    """Else the tests would prove nothing."""
    (tmp_path / "file").touch()
    done = subprocess.run((*_WITHOUT_CHOWN, "chown", str(OWNER), tmp_path / "file"), capture_output=True, check=False)
    assert b"not permitted" in done.stderr


@both_copiers
@pytest.mark.parametrize("kind", mostly_nightly(KINDS, 2))
def test_an_owner_that_cannot_be_given_fails_the_backup(cli: Cli, source: Path, backup: Path, kind: str) -> None:
    """Of whatever it is; the owner is named, and nothing is published."""
    _make(source / "theirs", kind)
    result = json.loads(_run(cli, "run", source, backup, "--json").stdout)
    assert (result["status"], result["failure_reason"]) == ("Failed", "CopyFailed")
    assert "theirs" in result["message"]
    assert f"{OWNER}:{OWNER}" in result["message"]
    assert "CAP_CHOWN" in result["next_step"]
    assert cli("list", backup, code=5).stdout == ""


@both_copiers
@pytest.mark.long
def test_what_has_a_wrong_owner_is_never_continued_from(cli: Cli, source: Path, backup: Path) -> None:
    """Once owners can be given all of them are right, and what was right already is kept; rsync alone begins anew."""
    for kind in KINDS:
        _make(source / f"a {kind}", kind)
    for _ in range(2):
        assert json.loads(_run(cli, "run", source, backup, "--json").stdout)["failure_reason"] == "CopyFailed"
    result = cli("run", source, backup, "--json").json
    assert account(Path(result["path"])) == account(source)
    assert result["linked_files"] >= (12 if cli.copier is Copier.LINKS else 0)


@both_copiers
def test_a_tree_of_ones_own_needs_no_capability(cli: Cli, source: Path, backup: Path) -> None:
    """Then there is nothing to give away."""
    write(source / "large", "x" * 17_000_000)
    result = json.loads(_run(cli, "run", source, backup, "--json").stdout)
    assert account(Path(result["path"])) == account(source)


@both_copiers
@pytest.mark.parametrize("kind", mostly_nightly(["small", "large", "symlink", "directory"]))
@pytest.mark.parametrize("mode", mostly_nightly(["mirror", "overlay"]))
def test_an_owner_that_cannot_be_given_fails_the_restore(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, kind: str, mode: str
) -> None:
    """A restore says whose file it is; what was in the target before is not lost."""
    _make(source / "theirs", kind)
    cli("run", source, backup)
    target = small_tree(tmp_path / "target")
    ended = _run(cli, "restore", backup, target, "--mode", mode)
    assert ended.code == 1
    assert "theirs" in ended.stderr
    assert str(OWNER) in ended.stderr
    assert account(target)["./directory 0/file 0"] == account(source)["./directory 0/file 0"]
