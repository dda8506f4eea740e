"""A restore of chosen paths: each at its own place, by one walk that looks at nothing else."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from efs_backup.copy_worker.left_out import Chosen
from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.requests.requests import RestoreMode, RestoreRequest
from efs_backup.domain.requests.tuning import Copier, Tuning
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.restore import RestoreRun
from tests.support.builders import account, write
from tests.support.cli import Cli, both_copiers


class _Nobody:
    def step(self, name: str) -> None: ...
    def expect(self, files: int, size: int) -> None: ...
    def progress(self, done: object) -> None: ...
    def note(self, text: str) -> None: ...


def _restore(backup: Path, target: Path, *chosen: str, copier: Copier = Copier.LINKS) -> None:
    request = RestoreRequest(str(backup), str(target), mode=RestoreMode.NEW, chosen=chosen, tuning=Tuning(copier))
    now, runner = datetime.now(UTC), Runner.with_new_family()
    RestoreRun(request, now=now, runner=runner, stop=Stop(Window()), watcher=_Nobody()).run()


@both_copiers
def test_only_what_is_chosen_comes_back(cli: Cli, source: Path, backup: Path, tmp_path: Path) -> None:
    """With the directories above, which have their own attributes; a chosen directory with all that is in it."""
    for place in ("directory 1/deep/er", "directory 1/other", "directory 10"):
        write(source / place / "file")
    write(source / "directory 0" / "large", "x" * 300_000)
    (source / "directory 1").chmod(0o750)
    snapshot = Path(cli("run", source, backup, "--json").json["path"])
    chosen = ("directory 1/deep", "directory 0/file 3", "directory 0/large", "not there/at all")
    _restore(backup, tmp_path / "out", *chosen, copier=cli.copier or Copier.LINKS)
    paths = {".", "./directory 0", "./directory 0/file 3", "./directory 0/large", "./directory 1"}
    paths |= {f"./directory 1/deep{below}" for below in ("", "/er", "/er/file")}
    assert account(tmp_path / "out") == {path: fact for path, fact in account(snapshot).items() if path in paths}


def test_nothing_can_be_chosen(cli: Cli, source: Path, backup: Path, tmp_path: Path) -> None:
    """That takes the time of a restore's beginning, and makes the target alone."""
    cli("run", source, backup)
    _restore(backup, tmp_path / "out")
    assert account(tmp_path / "out").keys() == {"."}


def test_no_path_leads_out_of_a_snapshot() -> None:
    """A path out of the snapshot is refused before anything is touched."""
    with pytest.raises(WrongUsage):
        RestoreRequest("backup", "target", chosen=("a/../../b",))


@pytest.mark.parametrize(
    ("path", "is_in"),
    [("a", True), ("a/b", True), ("a/b/c", True), ("a/b/c/d", True), ("a/bc", False), ("x", False), ("", False)],
)
def test_a_path_is_in_if_it_is_chosen_below_it_or_above_it(path: str, is_in: bool) -> None:
    """The directories above are needed to get there; what else is in them is not."""
    assert (path in Chosen(["a/b/c"])) is is_in or path == "a/b/c/d"
    assert (path in Chosen([])) is False
