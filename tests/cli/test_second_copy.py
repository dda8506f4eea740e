"""A second copy: snapshots brought to another file system with their links and their proof, by the real command."""

import json
import os
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from efs_backup.domain.requests.copy_request import CopyRequest
from efs_backup.domain.requests.requests import Asked
from efs_backup.domain.snapshots.names import FolderLabel, SnapshotName
from efs_backup.domain.snapshots.second_copy import Brought, CopyResult, CopyStatus
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.proof.manifests import Manifests
from efs_backup.engine.runs import second_copy, snapshot_copy
from efs_backup.engine.runs.second_copy import SecondCopy
from efs_backup.engine.series.flush_marks import Flusher
from efs_backup.engine.series.series import Series
from tests.support.builders import A_DAY_AGO_NS, account, write
from tests.support.cli import Cli
from tests.support.mounts import fill, mounted_tmpfs
from tests.support.nightly import mostly_nightly

LABEL = "home"
KEPT = "many/file 3"
CHANGED = "many/file 1"
ODD = os.fsdecode(b"odd \xff\n name")
_LABELED = ("--label", LABEL)
_KILLED = 9


def _hostile(root: Path) -> None:
    """All that a tree may hold, as a user may have made it."""
    for number in range(5):
        write(root / f"many/file {number}", f"content {number}")
    os.link(root / KEPT, root / "many/second name")
    (root / "out").symlink_to("/etc/passwd")
    os.mkfifo(root / "fifo")
    write(root / ODD, "odd")
    with open(write(root / "sparse", ""), "r+b") as sparse:
        sparse.seek(400_000)
        sparse.write(b"end")
    write(root / "given away", "of somebody").chmod(0o640)
    os.chown(root / "given away", 1234, 5678)
    (root / "closed").mkdir(mode=0o500)


def _night(cli: Cli, source: Path, backup: Path, *more: object) -> Path:
    return Path(cli("run", source, backup, *_LABELED, "--json", *more).json["path"])


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory, warm_program: object) -> Path:
    """A source, and BACKUP with three nights of it; nobody changes either."""
    place = tmp_path_factory.mktemp("nights")
    environment = {**os.environ, "EFS_BACKUP_RUN_INIT": "1", "EFS_BACKUP_RUN_SCRUB_DAYS": "0"}
    cli, source, backup = Cli(environment, warm_program), place / "source", place / "backup"  # type: ignore[arg-type]
    source.mkdir()
    backup.mkdir()
    _hostile(source)
    _night(cli, source, backup)
    write(source / CHANGED, "another content")
    (source / "many/file 2").rename(source / "many/renamed")
    _night(cli, source, backup)
    (source / "many/file 4").unlink()
    write(source / "new", "new")
    _night(cli, source, backup)
    return place


@pytest.fixture
def backup(nights: Path) -> Path:
    """BACKUP with three nights, to be read only."""
    return nights / "backup"


@pytest.fixture
def own(nights: Path, tmp_path: Path) -> Path:
    """The same for one test alone, links kept."""
    subprocess.run(["cp", "-a", nights / "backup", tmp_path / "own"], check=True)
    return tmp_path / "own"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """An empty directory for the second copy."""
    (tmp_path / "other").mkdir()
    return tmp_path / "other"


def _snapshots(backup: Path) -> list[Path]:
    return sorted(path for path in (backup / LABEL / "daily").iterdir() if not path.name.startswith("."))


def _groups(backup: Path) -> set[frozenset[str]]:
    """The names that share an inode, over all snapshots."""
    found: dict[int, set[str]] = defaultdict(set)
    for snapshot in _snapshots(backup):
        for directory, _, names in os.walk(snapshot):
            for name in names:
                path = os.path.join(directory, name)
                found[os.lstat(path).st_ino].add(os.path.relpath(path, backup))
    return {frozenset(names) for names in found.values()}


def _proof(backup: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes() for path in (backup / LABEL / "daily/.manifests").iterdir()
        if path.name.endswith((".mtree.gz", ".changes.gz", ".seal.json"))
    }  # fmt: skip


def _assert_same(backup: Path, other: Path) -> None:
    assert [one.name for one in _snapshots(other)] == [one.name for one in _snapshots(backup)]
    for mine, its in zip(_snapshots(other), _snapshots(backup), strict=True):
        assert account(mine) == account(its)
    assert _groups(other) == _groups(backup)
    assert _proof(other) == _proof(backup)


def _damage(path: Path) -> None:
    """Write into a published file, and put everything back that could tell."""
    before = path.stat()
    path.write_bytes(b"X" * before.st_size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _copy(cli: Cli, backup: Path, other: Path, *more: object, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = cli("copy", backup, other, *_LABELED, "--init", "--json", *more, code=code).json
    return found


class _Watcher:
    """Hears of each snapshot that was copied."""

    def __init__(self, heard: Callable[[str], None] = lambda _text: None) -> None:
        self._heard = heard

    def step(self, name: str) -> None:
        """See Watcher."""

    def expect(self, files: int, size: int) -> None:
        """See Watcher."""

    def progress(self, done: object) -> None:
        """See Watcher."""

    def note(self, text: str) -> None:
        """See Watcher."""
        self._heard(text)


def _in_process(backup: Path, other: Path, stop: Stop | None = None, watcher: _Watcher | None = None) -> CopyResult:
    request = CopyRequest(str(backup), str(other), FolderLabel(LABEL), asked=Asked(init=True))
    return SecondCopy(
        request, now=datetime.now(UTC), runner=Runner.with_new_family(), stop=stop or Stop(Window()),
        watcher=watcher or _Watcher(),
    ).run()  # fmt: skip


def test_a_copy_has_the_same_trees_links_and_proof(cli: Cli, nights: Path, own: Path, other: Path) -> None:
    """Bytes, attributes, inodes that snapshots share, manifests and seals; the next copy brings what is new alone."""
    assert cli("copy", own, other, *_LABELED, "--init", "--dry-run", "--json").json["there"] == []
    assert [*other.iterdir()] == []
    first = _copy(cli, own, other)
    _assert_same(own, other)
    copied = [(one["status"], one["linked_files"] > 0) for one in first["snapshots"]]
    assert copied == [("Copied", False), ("Copied", True), ("Copied", True)]
    assert cli("audit", other).code == cli("verify", other, "--all").code == 0
    again = _copy(cli, own, other)
    assert (again["snapshots"], again["there"]) == ([], 3)
    write(nights / "source/later", "later")
    _night(cli, nights / "source", own, "--backup-moved")
    (one,) = _copy(cli, own, other)["snapshots"]
    assert (one["files"] - one["linked_files"], one["transferred_bytes"]) == (1, len("later"))
    _assert_same(own, other)
    assert cli("audit", other).code == 0


def test_what_is_damaged_in_backup_is_named_and_not_copied(cli: Cli, own: Path, other: Path) -> None:
    """The rest of each snapshot is; what OTHER had before it was damaged it keeps, and links on."""
    first, second, third = _snapshots(own)
    assert _copy(cli, own, other, "--snapshot", first.name)["status"] == "Success"
    _damage(first / KEPT)  # in all of them, whole in OTHER
    _damage(second / CHANGED)  # in two of them, not in OTHER yet
    (third / "new").chmod(0o777)
    (third / "many").chmod(0o777)
    ended = _copy(cli, own, other, code=6)
    told = {one["snapshot"]: [(each["path"], each["aspect"]) for each in one["damaged"]] for one in ended["snapshots"]}
    assert told == {
        second.name: [(CHANGED, "content")],
        third.name: [("many", "mode"), (CHANGED, "content"), ("new", "mode")],
    }  # fmt: skip
    copied = other / LABEL / "daily" / third.name
    assert (copied / KEPT).read_text() == "content 3"
    assert not (copied / CHANGED).exists()
    assert not (copied / "new").exists()
    found = cli("verify", other, "--json", code=6).json["snapshots"][0]["different"]
    assert [(one["path"], one["aspect"]) for one in found] == [(CHANGED, "missing"), ("new", "missing")]
    assert cli("audit", other).code == 0


def test_a_snapshot_that_went_from_backup_by_no_rule_is_told(cli: Cli, own: Path, other: Path) -> None:
    """And a FIFO or a symlink in the place of what is read hangs nobody and leads nowhere."""
    _, second, third = _snapshots(own)
    proof = own / LABEL / "daily/.manifests"
    shutil.rmtree(third)
    third.symlink_to("/etc")
    (proof / f"{second.name}.changes.gz").unlink()
    os.mkfifo(proof / f"{second.name}.changes.gz")
    ended = _copy(cli, own, other, code=6)
    assert [one["status"] for one in ended["snapshots"]] == ["Copied", "Copied"]
    told = " ".join(ended["findings"])
    assert f"The file of changes of {second.name} in BACKUP is not the one that was sealed" in told
    assert f"The snapshot {third.name} is gone in BACKUP, and no rule has dropped it." in told
    assert cli("verify", other, "--all").code == 0


def test_what_looks_alike_is_not_linked_where_its_hash_is_another(cli: Cli, tmp_path: Path, other: Path) -> None:
    """A file that was rewritten with its size and mtime, which BACKUP knows by its ctime."""
    source, backup = tmp_path / "source", tmp_path / "backup"
    path = write(source / "a/file", "one")
    write(source / "a/other", "same")
    backup.mkdir()
    _night(cli, source, backup)
    path.write_text("two")
    os.utime(path, ns=(A_DAY_AGO_NS, A_DAY_AGO_NS))
    _night(cli, source, backup)
    _copy(cli, backup, other)
    assert [(one / "a/file").read_text() for one in _snapshots(other)] == ["one", "two"]
    _assert_same(backup, other)


def test_without_a_manifest_one_is_made_and_a_torn_one_refuses_its_snapshot(cli: Cli, own: Path, other: Path) -> None:
    """Nothing is published that nobody can prove; the others are copied all the same."""
    first, second, third = _snapshots(own)
    proof = own / LABEL / "daily/.manifests"
    for path in proof.glob(f"{first.name}*"):
        path.unlink()
    (proof / f"{second.name}.mtree.gz").write_bytes(b"torn")
    ended = _copy(cli, own, other, code=6)
    told = {one["snapshot"]: (one["status"], one["manifest_made"]) for one in ended["snapshots"]}
    assert told == {first.name: ("Copied", True), second.name: ("Refused", False), third.name: ("Copied", False)}
    assert [one.name for one in _snapshots(other)] == [first.name, third.name]
    assert account(_snapshots(other)[0]) == account(first)
    assert cli("verify", other, "--all").code == 0
    assert [*(other / LABEL / "daily").glob(".partial-*")] == []


def test_a_seal_that_was_changed_after_it_was_brought_is_told(cli: Cli, own: Path, other: Path) -> None:
    """The one in OTHER stays."""
    _copy(cli, own, other)
    before = _proof(other)
    seal = own / LABEL / "daily/.manifests" / f"{_snapshots(own)[0].name}.seal.json"
    seal.write_text(seal.read_text().replace('"daily"', '"dairy"'))
    ended = _copy(cli, own, other, code=6)
    assert "is not the one that was brought" in ended["findings"][0]
    assert _proof(other) == before
    assert cli("audit", other).code == 0


def test_other_keeps_by_its_own_rules_and_takes_no_backup(cli: Cli, nights: Path, own: Path, other: Path) -> None:
    """Snapshots that BACKUP drops stay; those that OTHER's rules drop are not copied again, and are no finding."""
    first, second, third = (one.name for one in _snapshots(own))
    cli("pin", own, first, "--reason", "the audit", *_LABELED)
    cli("note", own, third, "after the move", *_LABELED)
    _copy(cli, own, other)
    cli("unpin", own, first, "--reason", "over", *_LABELED)
    cli("prune", own, "--retain", 1, "--confirm", *_LABELED)
    assert [one.name for one in _snapshots(own)] == [third]
    _copy(cli, own, other)
    assert [one.name for one in _snapshots(other)] == [first, second, third]
    cli("prune", other, "--retain", 1, "--save", "--confirm", *_LABELED)
    assert [one.name for one in _snapshots(other)] == [first, third]  # the pin came along
    assert cli("audit", other).code == 0
    listed = cli("list", other, "--json").json["snapshots"]
    assert any("after the move" in json.dumps(one) for one in listed)
    refused = cli("run", nights / "source", other, *_LABELED, code=1)
    assert "is a second copy" in refused.stderr
    taken = cli("run", nights / "source", other, *_LABELED, "--source-moved", "--json").json
    assert taken["status"] == "Success"
    assert account(Path(taken["path"])) == account(nights / "source")
    assert "is made by backups" in cli("copy", own, other, *_LABELED, code=1).stderr


def test_a_first_copy_needs_a_word_and_a_place_of_its_own(cli: Cli, backup: Path, other: Path) -> None:
    """As a backup does: an OTHER that is not mounted is not filled; and nothing goes into BACKUP itself."""
    assert "--init" in cli("copy", backup, other, *_LABELED, code=1).stderr
    assert [*other.iterdir()] == []
    assert "inside" in cli("copy", backup, backup / LABEL, *_LABELED, code=2).stderr
    assert cli("copy", other, backup, *_LABELED, code=5).stderr
    assert "1 or more" in cli("copy", backup, other, "--newest", 0, *_LABELED, code=2).stderr
    _copy(cli, backup, other, "--newest", 1)
    assert [one.name for one in _snapshots(other)] == [_snapshots(backup)[-1].name]
    assert cli("audit", other).code == 0
    _copy(cli, backup, other, "--newest", "all")
    assert account(_snapshots(other)[0]) == account(_snapshots(backup)[0])


def test_two_copies_at_once_are_locked(cli: Cli, backup: Path, other: Path) -> None:
    """The second one says who runs."""
    codes = list[int | None]()

    def heard(text: str) -> None:
        if "was copied" in text and not codes:
            codes.append(cli("copy", backup, other, *_LABELED, code=None).code)

    assert _in_process(backup, other, watcher=_Watcher(heard)).status is CopyStatus.SUCCESS
    assert codes == [4]


def _prune(snapshot: Path) -> None:
    name = SnapshotName.parse(snapshot.name)
    assert name
    Manifests(snapshot.parent).note_dropped([name])
    shutil.rmtree(snapshot)


def test_a_snapshot_that_is_pruned_meanwhile_is_named_and_a_stop_is_gone_on_from(own: Path, other: Path) -> None:
    """Neither is damage."""
    first, second, third = _snapshots(own)
    stop = Stop(Window())

    def heard(text: str) -> None:
        if first.name in text:
            _prune(second)
        if third.name in text:
            stop.ask("it was asked to")

    result = _in_process(own, other, watcher=_Watcher(heard))
    assert [one.outcome for one in result.snapshots] == [Brought.COPIED, Brought.GONE, Brought.COPIED]
    assert (result.status, result.exit_code) == (CopyStatus.SUCCESS, 0)
    shutil.rmtree(other / LABEL)
    stop.ask("the window closed")
    result = _in_process(own, other, stop)
    assert (result.status, result.exit_code) == (CopyStatus.INCOMPLETE, 3)
    assert _in_process(own, other).status is CopyStatus.SUCCESS


@pytest.mark.parametrize(
    ("owner", "name"),
    mostly_nightly(
        [
            (snapshot_copy, "bring_manifest"),
            (Series, "publish"),
            (second_copy, "bring_history"),
            (Flusher, "flush"),
        ],
    ),
)
def test_a_killed_copy_is_gone_on_from(owner: object, name: str, own: Path, other: Path) -> None:
    """Whatever it was about to do at its second time: nothing half made is a snapshot, and the next one ends it."""
    child = os.fork()
    if child == 0:
        _die_at(owner, name)
        _in_process(own, other)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == _KILLED
    for one in _snapshots(other):
        assert account(one) == account(own / one.relative_to(other))
    assert _in_process(own, other).status is CopyStatus.SUCCESS
    _assert_same(own, other)
    assert [*(other / LABEL / "daily").glob(".partial-*")] == []


def _die_at(owner: object, name: str) -> None:
    """End this process as a kill does, where something is called the second time; what is called once, at once."""
    real, calls = getattr(owner, name), list[int]()
    times = 1 if name == "bring_history" else 2

    def dying(*arguments: object, **more: object) -> object:
        calls.append(1)
        if len(calls) == times:
            os._exit(_KILLED)
        return real(*arguments, **more)

    setattr(owner, name, dying)


@pytest.mark.root
def test_a_full_disk_leaves_nothing_half_published(cli: Cli, own: Path, tmp_path: Path) -> None:
    """Copies made before the disk was full stay; with space the next copy ends the rest."""
    with mounted_tmpfs(tmp_path / "small", "size=2m") as small:
        _copy(cli, own, small, "--newest", 1)
        fill(small)
        ended = cli("copy", own, small, *_LABELED, "--json", code=1).json
        assert ended["failure_reason"] == "BackupFull"
        assert [one.name for one in _snapshots(small)] == [_snapshots(own)[-1].name]
        (small / "filler").unlink()
        _copy(cli, own, small)
        _assert_same(own, small)
