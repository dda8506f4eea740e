"""`efs-backup undo`: a restore is taken back, and nobody's work with it."""

import gzip
import json
import os
import shlex
import shutil
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from efs_backup.domain.copying.quarantine import JOURNAL_DIRECTORY
from tests.support.builders import Fact, account, small_tree, write
from tests.support.cli import A_FIRST_BACKUP_IS_MEANT, NOTHING_IS_SCRUBBED, Cli
from tests.support.namespaces import run_with_mounts, tmpfs
from tests.support.simulator import Simulator
from tests.support.unprivileged import NOBODY, run_as_nobody
from tests.support.warm import WarmProgram


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, warm_program: WarmProgram) -> Path:
    """A backup of a small tree, with a directory, a hard link and a name that changes its type."""
    place = tmp_path_factory.mktemp("saved")
    source, backup = small_tree(place / "source"), place / "backup"
    write(source / "new" / "deep" / "file", "new")
    os.link(source / "new" / "deep" / "file", source / "new" / "hard link")
    (source / "new" / "symlink").symlink_to("nowhere")
    write(source / "swapped", "a file")
    write(source / "grown" / "inside", "a directory")
    (source / "directory 1").chmod(0o750)
    backup.mkdir()
    environment = {**os.environ, **A_FIRST_BACKUP_IS_MEANT, **NOTHING_IS_SCRUBBED}
    Cli(environment, warm_program)("run", source, backup)
    return backup


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A target of which much is another than in the snapshot."""
    path = small_tree(tmp_path / "around" / "target")
    write(path / "directory 0" / "file 0", "changed", 1)
    (path / "directory 0" / "file 3").unlink()
    write(path / "own" / "deep" / "file", "own")
    write(path / "swapped" / "below" / "file", "it was a directory")
    write(path / "grown", "it was a file")
    (path / "directory 1").chmod(0o700)
    return path


def _state(root: Path) -> dict[str, Fact]:
    """All of a tree but the times of its directories, which follow from what was done in them."""
    return {
        path: replace(fact, mtime_ns=0, same_file_as="") if not fact.content else fact
        for path, fact in account(root).items() if "quarantine" not in path
    }  # fmt: skip


def _restore(cli: Cli, backup: Path, target: Path, *more: str) -> Path:
    ended = cli("restore", backup, target, *(more or ("--mode", "mirror")), "--json")
    return Path(ended.json["quarantine"])


@pytest.mark.parametrize(("mode", "names_target"), [(("--mode", "mirror"), False), (("--keep-replaced",), True)])
def test_a_restore_is_undone(cli: Cli, saved: Path, target: Path, mode: tuple[str, ...], *, names_target: bool) -> None:
    """New names are gone, and replaced or moved ones are back, rights too; quarantine or target says which restore."""
    before = _state(target)
    quarantine = _restore(cli, saved, target, *mode)
    assert _state(target) != before
    place = target if names_target else quarantine
    planned = cli("undo", place, "--dry-run", "--json").json
    assert _state(target) != before
    done = cli("undo", place, "--json").json
    assert _state(target) == before
    words = ("removed", "put_back", "rights", "moved_aside", "left")
    assert [planned[word] for word in words] == [done[word] for word in words]
    assert {path.name for path in quarantine.iterdir()} == {JOURNAL_DIRECTORY}


def test_an_undo_can_be_run_twice(cli: Cli, saved: Path, target: Path) -> None:
    """The second does nothing, whatever came to be there since, and the record says when the first was."""
    quarantine = _restore(cli, saved, target)
    cli("undo", target)
    shutil.copytree(saved / "efs-backup" / "daily.0" / "new", target / "new", symlinks=True)
    before = _state(target)
    again = cli("undo", target, "--json").json
    assert "was undone at" in again["message"]
    assert _state(target) == before
    record = json.loads((quarantine / JOURNAL_DIRECTORY / "undone.json").read_text())
    assert record["is_whole"]
    assert record["put_back"] > 0


def test_what_was_changed_since_stays_and_is_named(cli: Cli, saved: Path, target: Path) -> None:
    """A file that was written, one that was made in a new directory, a name that was taken; all else is undone."""
    before = _state(target)
    quarantine = _restore(cli, saved, target)
    write(target / "directory 0" / "file 0", "written since")
    write(target / "new" / "deep" / "mine", "made since")
    write(target / "own", "taken since")
    (target / "new" / "symlink").unlink()
    left = cli("undo", quarantine, "--json", code=1).json
    assert left["status"] == "Left"
    assert {one["path"] for one in left["first_left"]} == {"directory 0/file 0", "new/deep", "own"}
    assert (target / "directory 0" / "file 0").read_text() == "written since"
    assert (target / "new" / "deep" / "mine").read_text() == "made since"
    assert (target / "own").read_text() == "taken since"
    assert (quarantine / "directory 0" / "file 0").read_text() == "changed"
    planned = cli("undo", quarantine, "--move-changed", "--dry-run", "--json").json
    done = cli("undo", quarantine, "--move-changed", "--json").json
    assert planned["moved_aside"] == done["moved_aside"] == 3
    assert _state(target) == before
    aside = Path(done["aside"])
    assert (aside / "directory 0" / "file 0").read_text() == "written since"
    assert (aside / "new" / "deep" / "mine").read_text() == "made since"
    assert (aside / "own").read_text() == "taken since"


def test_a_file_that_was_only_touched_since_is_somebodys(cli: Cli, saved: Path, target: Path) -> None:
    """Size and mtime may be put back by who has changed it; its ctime tells."""
    quarantine = _restore(cli, saved, target)
    path = target / "directory 0" / "file 3"
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    path.write_text(path.read_text()[::-1])
    os.utime(path, ns=times)
    left = cli("undo", quarantine, "--json", code=1).json
    assert [one["path"] for one in left["first_left"]] == ["directory 0/file 3"]
    assert path.exists()


def test_a_restore_that_was_killed_is_undone(cli: Cli, saved: Path, target: Path) -> None:
    """After the first moves nothing tells an end, and the journal tells what was to be done."""
    before = _state(target)
    quarantine = _restore(cli, saved, target)
    (quarantine / JOURNAL_DIRECTORY / "ended.json").unlink()
    shutil.rmtree(target / "new")
    os.rename(quarantine / "own", target / "own")
    cli("undo", quarantine)
    assert _state(target) == before


@pytest.mark.parametrize("operation", ["rename", "unlink"])
def test_an_undo_that_was_cut_off_goes_on(cli: Cli, saved: Path, simulator: Simulator, operation: str) -> None:
    """At whatever step its file system gave out; full disks too."""
    mount = simulator.mount("around")
    target = small_tree(mount / "target")
    write(target / "own" / "file", "own")
    write(target / "directory 0" / "file 0", "changed", 1)
    before = _state(target)
    quarantine = _restore(cli, saved, target)
    simulator.mount("around", f"fail_op={operation}", "fail_errno=ENOSPC", "fail_after=1", "fail_count=1")
    failed = cli("undo", quarantine, code=1)
    assert simulator.counts(mount)["faults"] == 1
    assert "is full" in failed.stderr
    assert "run the same undo again" in failed.stderr
    cli("undo", quarantine)
    assert _state(target) == before


def test_an_undo_that_was_killed_goes_on(cli: Cli, saved: Path, simulator: Simulator) -> None:
    """With SIGKILL, in the middle of what it does."""
    mount = simulator.mount("around")
    target = small_tree(mount / "target")
    for number in range(12):
        write(target / f"own {number}" / "file", "own")
    before = _state(target)
    quarantine = _restore(cli, saved, target)
    simulator.mount("around", "meta_write_us=30000")
    undo = cli.start("undo", quarantine)
    while len([*target.glob("own*")]) < 3:
        assert undo.poll() is None
    os.killpg(undo.pid, signal.SIGKILL)
    undo.communicate()
    simulator.mount("around")
    assert _state(target) != before
    cli("undo", quarantine)
    assert _state(target) == before


def test_a_quarantine_on_another_mount_is_copied_back(
    cli: Cli, saved: Path, simulator: Simulator, tmp_path: Path
) -> None:
    """Somebody has moved it there, for the disk was full; the target gets copies, and the quarantine gets empty."""
    mount = simulator.mount("around")
    target = small_tree(mount / "target")
    write(target / "own" / "deep" / "file", "own")
    (target / "own" / "deep").chmod(0o710)
    write(target / "directory 0" / "file 0", "changed", 1)
    write(target / "new" / "symlink", "a file")
    before = _state(target)
    quarantine = _restore(cli, saved, target)
    moved = tmp_path / "moved"
    subprocess.run(["cp", "-a", quarantine, moved], check=True)
    shutil.rmtree(quarantine)
    cli("undo", moved)
    assert _state(target) == before
    assert {path.name for path in moved.iterdir()} == {JOURNAL_DIRECTORY}


def test_a_symlink_in_a_directorys_place_is_not_followed(cli: Cli, saved: Path, target: Path, tmp_path: Path) -> None:
    """Neither what it leads to is changed, nor anything put there; it is named."""
    quarantine = _restore(cli, saved, target)
    decoy = tmp_path / "decoy"
    shutil.copytree(target / "directory 0", decoy, symlinks=True)
    shutil.copytree(target / "new", tmp_path / "decoy 2", symlinks=True)
    before = _state(decoy), _state(tmp_path / "decoy 2")
    for name, leads_to in (("directory 0", decoy), ("new", tmp_path / "decoy 2")):
        (target / name).rename(tmp_path / f"{name} aside")
        (target / name).symlink_to(leads_to)
    left = cli("undo", quarantine, "--json", code=1).json
    assert (_state(decoy), _state(tmp_path / "decoy 2")) == before
    assert {one["path"] for one in left["first_left"]} >= {"directory 0/file 0", "directory 0/file 3", "new"}
    assert (quarantine / "directory 0" / "file 0").read_text() == "changed"


@pytest.mark.root
def test_what_is_mounted_in_the_target_since_is_left_alone(cli: Cli, saved: Path, target: Path) -> None:
    """A mount hides the directory, and nothing in it is what the restore has made."""
    quarantine = _restore(cli, saved, target)
    line = [os.fsdecode(word) for word in cli.line("undo", quarantine, "--json")]
    look = f"{shlex.join(line)}; code=$?; ls {shlex.quote(str(target / 'directory 0'))} >&2; exit $code"
    ended = run_with_mounts(cli, [tmpfs(target / "directory 0")], ["sh", "-c", look], code=1)
    assert "gold" in ended.stderr
    assert "mount point" in str(ended.json["first_left"])
    cli("undo", quarantine)


@pytest.mark.root
def test_a_user_undoes_his_own_restore(cli: Cli, saved: Path, tmp_path: Path) -> None:
    """Without any rights of root's, also where a directory that came back lets nobody write."""
    (tmp_path / "mine").mkdir()
    target, backup = small_tree(tmp_path / "mine" / "target"), tmp_path / "backup"
    shutil.copytree(saved, backup, symlinks=True)
    snapshot = (backup / "efs-backup" / "daily.0").resolve()
    (snapshot / "new" / "deep").chmod(0o555)
    write(target / "own" / "file", "own")
    write(target / "directory 0" / "file 0", "changed", 1)
    for root in (tmp_path / "mine", backup):
        subprocess.run(["chown", "-hR", f"{NOBODY}:{NOBODY}", root], check=True)
    before = _state(target)
    restored = run_as_nobody(cli, tmp_path, "restore", backup, target, "--mode", "mirror", "--json")
    undone = run_as_nobody(cli, tmp_path, "undo", restored["quarantine"], "--json")
    assert undone["status"] == "Success", undone
    assert _state(target) == before


@pytest.mark.root
def test_a_quarantine_of_somebody_else_is_refused(cli: Cli, saved: Path, target: Path) -> None:
    """Its journal says what is to be removed."""
    quarantine = _restore(cli, saved, target)
    os.chown(quarantine, NOBODY, NOBODY)
    before = _state(target)
    assert "belongs to somebody else" in cli("undo", quarantine, code=1).stderr
    assert _state(target) == before


def test_another_directory_in_the_targets_place_is_refused(cli: Cli, saved: Path, target: Path) -> None:
    """A target that is not mounted, perhaps; --target says that it is meant."""
    before = _state(target)
    quarantine = _restore(cli, saved, target)
    moved = target.rename(target.with_name("moved"))
    small_tree(target)
    assert "is another directory" in cli("undo", quarantine, code=1).stderr
    cli("undo", quarantine, "--target", moved)
    assert _state(moved) == before


def test_what_a_restore_has_made_in_a_new_target_is_removed(cli: Cli, saved: Path, tmp_path: Path) -> None:
    """The target too."""
    target = tmp_path / "made"
    quarantine = _restore(cli, saved, target, "--keep-replaced", "--mode", "new")
    cli("undo", quarantine)
    assert not target.exists()


def test_a_quarantine_without_a_journal_is_put_back(cli: Cli, saved: Path, target: Path) -> None:
    """As an earlier version left it: what is in the way stays, and what was new is not known."""
    quarantine = _restore(cli, saved, target)
    shutil.rmtree(quarantine / JOURNAL_DIRECTORY)
    left = cli("undo", quarantine, "--json", code=1).json
    assert (target / "own" / "deep" / "file").read_text() == "own"
    assert (target / "new" / "deep" / "file").exists()
    assert "no journal" in left["notes"][0]
    assert (quarantine / "directory 0" / "file 0").read_text() == "changed"


@pytest.mark.parametrize("torn", ["cut", "text", "hostile"])
def test_a_torn_journal_touches_nothing(cli: Cli, saved: Path, target: Path, torn: str) -> None:
    """Nor one that leads out of the target."""
    quarantine = _restore(cli, saved, target)
    journal = quarantine / JOURNAL_DIRECTORY / "journal.gz"
    whole = journal.read_bytes()
    outside = b'["+","../../outside",[33188,0,0,4,0,1],null]\n'
    head = gzip.decompress(whole).split(b"\n")[0] + b"\n"
    content = {"cut": whole[: len(whole) // 2], "text": b"{}", "hostile": gzip.compress(head + outside)}
    journal.write_bytes(content[torn])
    before = _state(target)
    assert "cannot be read" in cli("undo", quarantine, code=1).stderr
    assert _state(target) == before


def test_there_may_be_nothing_to_undo(cli: Cli, saved: Path, target: Path, tmp_path: Path) -> None:
    """Each with the way on."""
    cli("restore", saved, target, "--no-keep-replaced", "--path", "directory 0")
    assert "--keep-replaced" in cli("undo", target, code=5).stderr
    assert "is no directory" in cli("undo", tmp_path / "nothing", code=5).stderr


def test_the_newest_restore_of_a_target_is_undone(cli: Cli, saved: Path, target: Path) -> None:
    """And the one before it by its own quarantine."""
    first_state = _state(target)
    first = _restore(cli, saved, target)
    write(target / "later", "later")
    second_state = _state(target)
    second = _restore(cli, saved, target)
    assert cli("undo", target, "--json").json["quarantine"] == str(second)
    assert _state(target) == second_state
    (target / "later").unlink()
    cli("undo", first)
    assert _state(target) == first_state
