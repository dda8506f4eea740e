"""A restore changes nothing but its target: not through symlinks, mounts, hard links, or a quarantine of somebody's."""

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from efs_backup.domain.errors import RestoreFailed
from efs_backup.domain.requests.requests import RestoreRequest
from efs_backup.domain.snapshots.names import FolderLabel, SnapshotName
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.restore import RestoreRun
from efs_backup.engine.series.quarantine import Quarantine
from efs_backup.engine.trees.tree import Tree
from tests.support.builders import A_DAY_AGO_NS, account, small_tree, write
from tests.support.cli import Cli, both_copiers
from tests.support.namespaces import bind, run_with_mounts, tmpfs
from tests.support.nightly import mostly_nightly
from tests.support.simulator import Simulator
from tests.support.watchers import Quiet

STRANGER = 4242
MODES = ["overlay", "mirror"]


@pytest.fixture
def decoy(tmp_path: Path) -> Path:
    """A tree outside of the target."""
    return small_tree(tmp_path / "decoy")


@pytest.fixture
def snapshot(cli: Cli, source: Path, backup: Path) -> Path:
    """A snapshot of the source."""
    return Path(cli("run", source, backup, "--json").json["path"])


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """The source's files, one of them changed, and one of its own."""
    path = small_tree(tmp_path / "around" / "target")
    write(path / "directory 0" / "file 0", "changed", 1)
    write(path / "directory 1" / "own", "own")
    return path


def _line(cli: Cli, *arguments: object) -> list[str]:
    return [os.fsdecode(word) for word in cli.line(*arguments)]


def _symlink(path: Path, decoy: Path) -> None:
    path.symlink_to(decoy, target_is_directory=True)


def _dangling(path: Path, _decoy: Path) -> None:
    path.symlink_to("nowhere")


def _directory(path: Path, _decoy: Path) -> None:
    path.mkdir(mode=0o777)
    path.chmod(0o777)


def _file(path: Path, _decoy: Path) -> None:
    write(path)


@pytest.mark.parametrize("make", mostly_nightly([_symlink, _dangling, _directory, _file]))
@pytest.mark.parametrize("place", ["beside", "inside"])
def test_a_quarantine_is_never_what_was_there_before(
    snapshot: Path, target: Path, decoy: Path, make: Callable[[Path, Path], None], place: str
) -> None:
    """Whoever guesses its name gains nothing: another one is taken, and it is ours and private."""
    if place == "inside":
        target.parent.chmod(0o777)
    name = SnapshotName.of(datetime(2026, 11, 22, 2, tzinfo=UTC))
    guessed = target.parent / f"target.quarantine-{name}" if place == "beside" else target / f".quarantine-{name}"
    make(guessed, decoy)
    before, seen = account(decoy), guessed.lstat()
    quarantine = Quarantine(target, name)
    with Tree(target) as tree:
        quarantine.take(tree, "directory 1/own")
    assert quarantine.path
    assert quarantine.path.parent == guessed.parent
    assert quarantine.path != guessed
    assert quarantine.path.stat().st_mode & 0o7777 == 0o700
    assert (quarantine.path / "directory 1" / "own").read_text() == "own"
    assert account(decoy) == before
    assert (guessed.lstat().st_ino, guessed.lstat().st_mode) == (seen.st_ino, seen.st_mode)


@pytest.mark.root
@pytest.mark.parametrize("danger", mostly_nightly(["everybody writes", "a stranger's", "a group writes"]))
@pytest.mark.parametrize("is_target_dangerous", [False, True])
def test_a_quarantine_is_not_where_others_can_write(
    cli: Cli, snapshot: Path, backup: Path, target: Path, danger: str, *, is_target_dangerous: bool
) -> None:
    """Then it is inside the target, and if that is no better, in the nearest safe directory above."""
    for place in (target.parent, *((target,) if is_target_dangerous else ())):
        if danger == "a stranger's":
            os.chown(place, STRANGER, STRANGER)
        else:
            os.chown(place, 0, STRANGER)
            place.chmod(0o777 if danger == "everybody writes" else 0o775)
    result = cli("restore", backup, target, "--mode", "mirror", "--json").json
    quarantine = Path(result["quarantine"])
    assert quarantine.parent == (target.parent.parent if is_target_dangerous else target)
    assert (quarantine / "directory 1" / "own").read_text() == "own"
    assert {path for path in account(target) if "quarantine" not in path} == set(account(snapshot))


@pytest.mark.root
@pytest.mark.parametrize("step", ["--dry-run", "--json"])
def test_a_mirror_without_a_safe_place_is_refused(
    cli: Cli, snapshot: Path, backup: Path, target: Path, decoy: Path, step: str
) -> None:
    """A file system of a stranger's, whole: nothing is touched, also by a dry run, and it is said what to do."""
    mounts = [
        bind(decoy, target),
        f"chown {STRANGER} {shlex.quote(str(target))}",
    ]
    write(decoy / "extra")
    before = {path: fact for path, fact in account(decoy).items() if path != "."}
    line = _line(cli, "restore", backup, target, "--mode", "mirror", step)
    refused = run_with_mounts(cli, mounts, line, code=1)
    assert "no safe place for the quarantine" in refused.stderr
    assert "chown" in refused.stderr
    assert {path: fact for path, fact in account(decoy).items() if path != "."} == before


@pytest.mark.root
@pytest.mark.long
def test_a_mirror_into_a_bind_mount_works(cli: Cli, snapshot: Path, backup: Path, target: Path, tmp_path: Path) -> None:
    """A bind mount shares its device with the directory around it, and no rename leads from one to the other."""
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    line = _line(cli, "restore", backup, mounted, "--mode", "mirror", "--json")
    for _ in range(2):
        result = run_with_mounts(cli, [bind(target, mounted)], line).json
    assert {path for path in account(target) if "quarantine" not in path} == set(account(snapshot))
    (quarantine,) = target.glob(".quarantine-*")  # the second mirror has left that of the first alone
    assert (quarantine / "directory 1" / "own").read_text() == "own"
    assert result["quarantine"] is None


@pytest.mark.root
@pytest.mark.parametrize("mode", mostly_nightly(MODES))
@pytest.mark.parametrize(
    ("kind", "place"),
    mostly_nightly(
        [("bind", "directory 0"), ("tmpfs", "empty directory"), ("bind", "deep/below"), ("tmpfs", "directory 0")]
    ),
)
def test_what_is_mounted_in_the_target_is_left_alone(
    cli: Cli, backup: Path, target: Path, decoy: Path, mode: str, kind: str, place: str
) -> None:
    """Plan and result name what is mounted in the target, with the way to bring it back; all else is restored."""
    source = small_tree(target.parent / "source")
    write(source / "deep" / "below" / "file")
    write(source / "deep" / "beside")
    (source / place).chmod(0o711)
    snapshot = Path(cli("run", source, backup, "--json").json["path"])
    (target / place).mkdir(parents=True, exist_ok=True)
    write(decoy / "directory 0" / "file 0", "precious", 1)
    before = account(decoy)
    mount = bind(decoy, target / place) if kind == "bind" else tmpfs(target / place)
    for more in (["--dry-run"], []):
        line = _line(cli, "restore", backup, target, "--mode", mode, "--json", *more)
        look = f"{shlex.join(line)} && ls {shlex.quote(str(target / place))} >&2"
        ended = run_with_mounts(cli, [mount], ["sh", "-c", look])
        assert f"'{place}'" in ended.json["message"]
        assert "--path" in ended.json["message"]
        assert ("gold" if kind == "tmpfs" else "directory 0") in ended.stderr
    assert account(decoy) == before
    wanted = {
        path: fact for path, fact in account(snapshot).items() if place not in path and path not in {".", "./deep"}
    }
    restored = account(target)
    assert {path: restored[path] for path in wanted} == wanted or mode == "overlay"
    assert wanted.keys() <= restored.keys()


@pytest.mark.root
@pytest.mark.parametrize(
    "place", mostly_nightly(["own directory/below", "link", "own directory", "directory 0/file 0"])
)
def test_a_mount_that_is_in_the_way_refuses_the_restore_beforehand(
    cli: Cli, snapshot: Path, backup: Path, target: Path, decoy: Path, place: str
) -> None:
    """Something that a mirror would delete or replace is, or holds, a mount point: nothing is moved."""
    where = target / place
    for path in (where, target / "own directory"):
        if path.is_file() or path.is_symlink():
            path.unlink()
        path.mkdir(parents=True, exist_ok=True)
    before = [account(target), account(decoy)]
    line = _line(cli, "restore", backup, target, "--mode", "mirror", "--json")
    refused = run_with_mounts(cli, [bind(decoy, where)], line, code=1)
    assert "nothing was touched" in refused.stderr
    assert f"umount {shlex.quote(str(where))}" in refused.stderr
    assert [account(target), account(decoy)] == before
    assert not [*target.parent.glob("*quarantine*")]


@pytest.mark.parametrize("refused", ["EXDEV", "EBUSY"])
def test_a_rename_that_is_refused_before_anything_was_moved_finds_another_place(
    cli: Cli, snapshot: Path, backup: Path, simulator: Simulator, refused: str
) -> None:
    """Quotas and subvolumes divide what is one mount: the first rename is a trial."""
    mount = simulator.mount("target")
    target = small_tree(mount / "target")
    write(target / "own", "own")
    simulator.mount("target", "fail_op=rename", f"fail_errno={refused}", "fail_count=1")
    result = cli("restore", backup, target, "--mode", "mirror", "--json").json
    assert simulator.counts(mount)["faults"] == 1
    assert Path(result["quarantine"]).parent == target
    assert (Path(result["quarantine"]) / "own").read_text() == "own"
    assert sorted(os.listdir(mount)) == ["target"]


@pytest.mark.parametrize("refused", ["EXDEV", "EBUSY"])
def test_a_rename_that_is_refused_in_the_middle_says_where_things_are(
    cli: Cli, snapshot: Path, backup: Path, simulator: Simulator, refused: str
) -> None:
    """A restore that stops in the middle names what was moved; another run goes on."""
    mount = simulator.mount("target")
    target = small_tree(mount / "target")
    for number in range(3):
        write(target / f"own {number}", "own")
    simulator.mount("target", "fail_op=rename", f"fail_errno={refused}", "fail_after=3", "fail_count=1")
    failed = cli("restore", backup, target, "--mode", "mirror", code=1)
    assert simulator.counts(mount)["faults"] == 1
    assert "What was replaced is in" in failed.stderr
    assert len([*mount.glob("*quarantine*/own*")]) == 1
    cli("restore", backup, target, "--mode", "mirror")
    assert len([*mount.glob("*quarantine*/own*")]) == 3
    assert set(account(target)) == set(account(snapshot))


@pytest.fixture
def modes_seen(cli: Cli, tmp_path: Path, target: Path) -> Path:
    """A log of the modes of `target/private` and of the target whenever an rsync begins and ends."""
    programs, log = tmp_path / "watching", tmp_path / "modes"
    programs.mkdir()
    look = f"stat -c '%a %u' {shlex.quote(str(target))} {shlex.quote(str(target / 'private'))} >> {log} 2>/dev/null"
    wrapper = programs / "rsync"
    wrapper.write_text(
        f'#!/bin/sh\nlook() {{ case "$*" in *--files-from*) {look};; esac; }}\n'
        'look "$@"\n/usr/bin/rsync "$@"; code=$?\nlook "$@"\nexit $code\n'
    )
    wrapper.chmod(0o755)
    cli.environment["PATH"] = f"{programs}:{cli.environment['PATH']}"
    return log


@both_copiers
@pytest.mark.root
@pytest.mark.parametrize("is_there", [False, True])
@pytest.mark.parametrize("is_public", mostly_nightly([False, True]))
def test_a_private_directory_is_private_while_it_is_restored(
    cli: Cli, tmp_path: Path, backup: Path, target: Path, modes_seen: Path, *, is_there: bool, is_public: bool
) -> None:
    """Also the target itself, and one that was open to all before; in the end it has the snapshot's mode."""
    source = tmp_path / "private source"
    write(source / "private" / "file", "secret")
    os.mkfifo(source / "private" / "fifo")
    write(source / "private" / "large", "secret" * 100_000)
    mode = 0o755 if is_public else 0o710
    for path in (source, source / "private"):
        path.chmod(mode)
        os.chown(path, STRANGER, STRANGER)
    cli("run", source, backup)
    subprocess.run(["rm", "-rf", target], check=True)
    if is_there:
        (target / "private").mkdir(parents=True)
        for path in (target, target / "private"):
            path.chmod(0o777)
    modes_seen.unlink(missing_ok=True)
    cli("restore", backup, target, "--mode", "mirror", "--files-per-part", 1)  # so that an rsync is there to look
    seen = {tuple(line.split()) for line in modes_seen.read_text().splitlines()}
    assert seen
    assert all(int(found, 8) & ~mode == 0 or int(found, 8) == 0o700 for found, _ in seen), seen
    assert [(path.stat().st_mode & 0o7777, path.stat().st_uid) for path in (target, target / "private")] == [
        (mode, STRANGER)
    ] * 2


@both_copiers
@pytest.mark.parametrize("mode", MODES)
def test_two_files_of_the_snapshot_are_two_in_the_target(
    cli: Cli, source: Path, backup: Path, target: Path, mode: str
) -> None:
    """Though the target had them as one; and what is one in the snapshot is one again."""
    for name in ("one", "other", "third"):
        write(source / "same" / name)
    os.link(source / "same" / "one", source / "same" / "one again")
    snapshot = Path(cli("run", source, backup, "--json").json["path"])
    write(target / "same" / "one")
    for name in ("other", "third", "one again"):
        os.link(target / "same" / "one", target / "same" / name)
    cli("restore", backup, target, "--mode", mode)
    restored, wanted = account(target), account(snapshot)
    names = [path for path in wanted if "same/" in path]
    assert {name: restored[name] for name in names} == {name: wanted[name] for name in names}
    assert restored["./same"].mtime_ns == wanted["./same"].mtime_ns


@both_copiers
@pytest.mark.parametrize("mode", mostly_nightly(MODES))
@pytest.mark.parametrize("kind", ["file", "fifo", "symlink"])
def test_a_name_that_gets_other_attributes_leaves_its_other_names_alone(
    cli: Cli, tmp_path: Path, backup: Path, mode: str, kind: str
) -> None:
    """Names outside of the target, and those in it that the restore has nothing to do with."""
    source, target, outside = tmp_path / "made", tmp_path / "target", tmp_path / "outside"
    for place in (source, target):
        place.mkdir()
        if kind == "file":
            write(place / "name")
        elif kind == "fifo":
            os.mkfifo(place / "name")
        else:
            (place / "name").symlink_to("nowhere")
    if kind == "symlink":
        os.utime(source / "name", ns=(A_DAY_AGO_NS, A_DAY_AGO_NS), follow_symlinks=False)
    else:
        (source / "name").chmod(0o600)
        (target / "name").chmod(0o644)
        os.utime(source / "name", ns=(A_DAY_AGO_NS, A_DAY_AGO_NS))
        os.utime(target / "name", ns=(A_DAY_AGO_NS, A_DAY_AGO_NS))
    snapshot = Path(cli("run", source, backup, "--json").json["path"])
    os.link(target / "name", outside, follow_symlinks=False)
    os.link(target / "name", target / "own", follow_symlinks=False)
    before = outside.lstat()
    assert cli("restore", backup, target, "--mode", mode, "--dry-run", "--json").json["replaced"] == 1
    cli("restore", backup, target, "--mode", mode)
    after = outside.lstat()
    assert (after.st_mode, after.st_mtime_ns, after.st_uid) == (before.st_mode, before.st_mtime_ns, before.st_uid)
    restored = {path: fact for path, fact in account(target).items() if path == "./name"}
    assert restored == {path: fact for path, fact in account(snapshot).items() if path == "./name"}
    if mode == "overlay":
        assert (target / "own").lstat().st_ino == after.st_ino


EXCHANGE = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
one, other, counts = (os.fsencode(path) for path in sys.argv[1:])
os.setgroups([]); os.setgid(4242); os.setuid(4242)
done = 0
while True:
    done += libc.renameat2(-100, one, -100, other, 2) == 0
    if done % 100 == 0:
        with open(counts, "a") as file:
            file.write(".")
"""


@contextmanager
def _exchanging(one: Path, other: Path, counts: Path) -> Iterator[None]:
    """An unprivileged user exchanges two names all the time."""
    process = subprocess.Popen([sys.executable, "-c", EXCHANGE, str(one), str(other), str(counts)])
    try:
        while counts.stat().st_size == 0:
            assert process.poll() is None
        yield
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory that everybody may enter."""
    path = Path(tempfile.mkdtemp(prefix="efs-backup-test-"))
    path.chmod(0o755)
    yield path
    subprocess.run(["rm", "-rf", path], check=True)


@pytest.mark.root
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("round_", mostly_nightly(range(2)))
def test_a_user_who_exchanges_directories_and_links_leads_a_restore_nowhere(
    cli: Cli, open_place: Path, backup: Path, mode: str, round_: int
) -> None:
    """The restore may fail; what the link leads to is root's, and stays as it is."""
    source, target, victim = open_place / "theirs", open_place / "target", open_place / "victim"
    for number in range(30):
        for place in (source, target, victim):
            write(place / "a" / f"b{number}" / "file", "text" if place == source else "other", number + 1)
            write(place / "a" / f"b{number}" / "old", "text")
            (place / "a" / f"b{number}" / "old").chmod(0o644 if place == source else 0o600)
        write(target / "a" / f"b{number}" / "own")
        write(victim / "a" / f"b{number}" / "own")
        (victim / "a" / f"b{number}").chmod(0o700)
    cli("run", source, backup)
    (target / "link").symlink_to(victim / "a", target_is_directory=True)
    for path in (target, *target.rglob("*")):
        os.chown(path, STRANGER, STRANGER, follow_symlinks=False)
    before, counts = account(victim), open_place / "counts"
    counts.touch()
    counts.chmod(0o666)
    with _exchanging(target / "a", target / "link", counts):
        begun = counts.stat().st_size
        cli("restore", backup, target, "--mode", mode, code=None)
        assert counts.stat().st_size > begun + 10  # each stands for a hundred exchanges
    assert account(victim) == before


def _make_deep(tmp_path: Path, depth: int, name: str) -> None:
    (tmp_path / "source").mkdir()
    path = "/".join([name] * depth)
    with Tree(tmp_path / "source") as tree:
        tree.make_directories(path)
        with tree.above(f"{path}/leaf") as (directory, leaf):
            descriptor = os.open(leaf, os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=directory)
            os.write(descriptor, b"leaf")
            os.close(descriptor)
    write(tmp_path / "source" / "beside")


def _leaf(root: Path, depth: int, name: str) -> Any:
    with Tree(root) as tree:
        return tree.find("/".join([*[name] * depth, "leaf"]))


@pytest.mark.long
@pytest.mark.parametrize(("depth", "name"), [(1500, "d"), (40, "n" * 200)])
def test_deep_and_long_paths_are_backed_up_compared_restored_and_deleted(
    cli: Cli, place_for_depth: Path, depth: int, name: str
) -> None:
    """A file system takes them, so a backup does."""
    _make_deep(place_for_depth, depth, name)
    backup, target = place_for_depth / "backup", place_for_depth / "target"
    backup.mkdir()
    first = Path(cli("run", place_for_depth / "source", backup, "--json").json["path"])
    assert _leaf(first, depth, name).st_size == 4
    write(place_for_depth / "source" / "beside", "changed")
    second = Path(cli("run", place_for_depth / "source", backup, "--json").json["path"])
    assert _leaf(second, depth, name).st_ino == _leaf(first, depth, name).st_ino
    assert [changed["path"] for changed in cli("diff", backup, 1, 0, "--json").json["changed"]] == ["beside"]
    cli("restore", backup, target)
    assert _leaf(target, depth, name).st_size == 4
    for mode in MODES:
        result = cli("restore", backup, target, "--mode", mode, "--json").json
        assert (result["created"], result["replaced"], result["deleted"]) == (0, 0, 0)
    part = "/".join([name] * (depth - 1))
    if len(part) < 100_000:
        cli("restore", backup, place_for_depth / "part", "--path", part)
        assert (place_for_depth / "part" / name / "leaf").read_text() == "leaf"
    write(place_for_depth / "source" / "beside", "changed again")
    subprocess.run(["rm", "-rf", place_for_depth / "source" / name], check=True)
    cli("run", place_for_depth / "source", backup, "--retain", 1)
    result = cli("restore", backup, target, "--mode", "mirror", "--json").json
    assert _leaf(Path(result["quarantine"]), depth, name).st_size == 4
    assert len(os.listdir(backup / "efs-backup" / "daily" / ".trash")) == 0


class _Swapping(Quiet):
    """A watcher by which a directory on the way to the target becomes a symlink, just before that is looked at."""

    def __init__(self, on_the_way: Path, decoy: Path) -> None:
        self._on_the_way, self._decoy = on_the_way, decoy
        self.has_swapped = False

    def step(self, name: str) -> None:
        """See Watcher."""
        if name == "compare" and not self.has_swapped:
            self._on_the_way.rename(self._on_the_way.with_name("aside"))
            _symlink(self._on_the_way, self._decoy)
            self.has_swapped = True


@pytest.mark.parametrize("below", ["target", "new", "new/and below"])
def test_a_directory_swapped_on_the_way_to_the_target_leads_nowhere(
    snapshot: Path, target: Path, decoy: Path, below: str
) -> None:
    """Its owner may do so at any moment; a restore by root below their home must not follow."""
    root, before = target.parent.parent, account(decoy)
    watcher = _Swapping(target.parent, decoy)
    request = RestoreRequest(
        str(snapshot.parents[2]), str(target.parent / below), FolderLabel("efs-backup"), within=str(root)
    )
    runner, stop = Runner.with_new_family(), Stop(Window())
    run = RestoreRun(request, now=datetime.now(UTC), runner=runner, stop=stop, watcher=watcher)
    with pytest.raises((RestoreFailed, OSError)):
        run.run()
    assert watcher.has_swapped
    assert account(decoy) == before


def test_a_new_target_below_a_root_is_made_where_it_was_wanted(snapshot: Path, tmp_path: Path) -> None:
    """With the directories above it."""
    root = tmp_path / "root"
    root.mkdir()
    request = RestoreRequest(
        str(snapshot.parents[2]), str(root / ".new" / "place"), FolderLabel("efs-backup"), within=str(root)
    )
    runner, stop = Runner.with_new_family(), Stop(Window())
    RestoreRun(request, now=datetime.now(UTC), runner=runner, stop=stop, watcher=Quiet()).run()
    assert account(root / ".new" / "place") == account(snapshot)
