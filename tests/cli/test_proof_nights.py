"""Nights that leave a manifest, the changes and a seal, and see what size and mtime do not tell."""

import gzip
import json
import os
import shutil
import socket
import time
from pathlib import Path

import pytest

from efs_backup.copy_worker.hash_store import HashStore
from efs_backup.copy_worker.rules import LARGE_FILE_SIZE, SMALL_FILE_SIZE
from tests.support.builders import A_DAY_AGO_NS, account, many_parts, write
from tests.support.cli import Cli, both_copiers
from tests.support.nightly import mostly_nightly
from tests.support.proved import assert_proved, changes_of, check_by_mtree, manifest_text, manifests_of


def _hostile(source: Path) -> None:
    """Names and kinds that a format could stumble over."""
    for name in (b"new\nline", b"bad \xff\xfe", b" blank", b"#comment", b"*?[a]", b"back\\slash", b"=", b"tab\t"):
        with open(os.path.join(os.fsencode(source), name), "wb") as file:
            file.write(name)
    (source / "# odd [directory]").mkdir()
    write(source / "# odd [directory]/file", "below", -5_000_000_001)
    os.mkfifo(source / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(source)
        try:
            server.bind("socket")
        finally:
            os.chdir(here)
    (source / "symlink").symlink_to("leads\nto # somewhere")
    with (source / "sparse").open("wb") as sparse:
        sparse.seek(3 * 2**20)
        sparse.write(b"x")
        sparse.truncate(8 * 2**20)
    (source / "medium").write_bytes(b"m" * (SMALL_FILE_SIZE + 1))
    (source / "large").write_bytes(b"l" * LARGE_FILE_SIZE)
    os.link(source / "medium", source / "the same")
    os.link(source / "directory 0/file 0", source / "directory 1/linked")


def _run(cli: Cli, source: Path, backup: Path, *more: object) -> Path:
    result = cli("run", source, backup, "--json", *more).json
    assert (result["status"], result["warnings"]) == ("Success", []), result
    assert account(Path(result["path"])) == account(source)
    return Path(result["path"])


def _rewrite(path: Path, text: str) -> None:
    """Another content of the same size, with the mtime put back."""
    before = path.stat()
    assert len(text) == before.st_size
    with path.open("r+") as file:
        file.write(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@both_copiers
@pytest.mark.root
def test_mtree_verifies_every_snapshot_of_a_hostile_tree(cli: Cli, source: Path, backup: Path) -> None:
    """Debian's own program, which knows nothing of us, and our reader, which also compares inodes."""
    _hostile(source)
    os.mknod(source / "null", 0o20666, os.makedev(1, 3))
    os.chown(source / "medium", 7, 8)
    snapshot = _run(cli, source, backup)
    assert check_by_mtree(snapshot) == ""
    assert_proved(snapshot)
    (snapshot / "directory 0/file 0").write_text("other")
    assert "sha256" in check_by_mtree(snapshot)


@both_copiers
@pytest.mark.parametrize("retain", mostly_nightly([3, 1]))
def test_each_night_is_proved_and_linked_files_inherit_their_hashes(
    cli: Cli, source: Path, backup: Path, retain: int
) -> None:
    """From spares, from links, of new directories, and of those that are gone."""
    many_parts(source / "many")
    for night in range(retain + 3):
        write(source / f"night {night}/deep/file", f"night {night}")
        write(source / f"directory {night % 3}/file {night}", f"night {night}", night)
        shutil.rmtree(source / f"night {night - 2}", ignore_errors=True)
        (source / "links").mkdir(exist_ok=True)
        (source / "links/one").unlink(missing_ok=True)
        write(source / "links/one", "one" if night % 2 else "eno")
        (source / "links/other").unlink(missing_ok=True)
        os.link(source / "links/one", source / "links/other")
        snapshot = _run(cli, source, backup, "--retain", retain)
        assert_proved(snapshot)
    seals = manifests_of(snapshot).seals()
    assert len(seals) == retain + 3, "seals stay"
    assert len(list(manifests_of(snapshot).path.glob("*.changes.gz"))) == retain + 3, "so do changes"
    assert len(list(manifests_of(snapshot).path.glob("*.mtree.gz"))) == retain
    assert json.loads(seals[snapshot.name])["manifest"]["without_hash"] == 0


def test_what_is_as_it_was_is_copied_unread(cli: Cli, source: Path, backup: Path) -> None:
    """Block by block: the manifests differ in their heads and in the directories that changed."""
    first = manifest_text(_run(cli, source, backup)).split(b"#block ")
    second = manifest_text(_run(cli, source, backup)).split(b"#block ")
    write(source / "directory 1/new")
    third = manifest_text(_run(cli, source, backup)).split(b"#block ")
    assert first[0] != second[0]
    assert first[1:] == second[1:]
    assert [one.splitlines()[1:2] for one, other in zip(second, third, strict=True) if one != other][1:] != []
    assert sum(one != other for one, other in zip(second, third, strict=True)) == 2, "the head and one directory"


def test_changes_tell_what_is_new_gone_other_and_renamed(cli: Cli, source: Path, backup: Path) -> None:
    """Against the snapshot before; the first one has nothing to be compared with."""
    (source / "gone").mkdir()
    write(source / "gone/below")
    assert changes_of(_run(cli, source, backup)) == []
    shutil.rmtree(source / "gone")
    write(source / "directory 0/file 0", "another content")
    (source / "directory 1/file 1").chmod(0o600)
    (source / "directory 2/file 2").rename(source / "empty directory/called otherwise")
    (source / "empty directory").chmod(0o700)
    snapshot = _run(cli, source, backup)
    assert sorted(changes_of(snapshot)) == sorted([
        "~ ./directory\\0400/file\\0400", "< ./directory\\0400/file\\0400",
        "~ ./directory\\0401/file\\0401", "< ./directory\\0401/file\\0401",
        "- ./directory\\0402/file\\0402", "+ ./empty\\040directory/called\\040otherwise",
        "> ./directory\\0402/file\\0402", "~ ./empty\\040directory", "< ./empty\\040directory",
        "- ./gone", "- ./gone/below",
    ])  # fmt: skip
    changes = json.loads(manifests_of(snapshot).seals()[snapshot.name])["changes"]
    counted = {name: changes[name] for name in ("added", "removed", "changed", "renamed", "rewritten")}
    assert counted == {"added": 1, "removed": 3, "changed": 3, "renamed": 1, "rewritten": 1}


@both_copiers
def test_a_file_rewritten_with_its_mtime_put_back_is_seen(cli: Cli, source: Path, backup: Path) -> None:
    """Its ctime has moved. Neither the spare, which has the old content, nor the snapshot before is believed."""
    file = source / "directory 0/file 0"
    medium = source / "medium"
    medium.write_text("m" * (SMALL_FILE_SIZE + 1))
    for text in ("content A", "content B", "content B", "content C", "content A"):
        _rewrite(file, text)
        _rewrite(medium, text[-1] * (SMALL_FILE_SIZE + 1))
        snapshot = _run(cli, source, backup, "--retain", 1)
        assert (snapshot / "directory 0/file 0").read_text() == text
        assert_proved(snapshot)


def test_what_was_only_touched_is_read_and_kept(cli: Cli, source: Path, backup: Path) -> None:
    """A ctime that moves for nothing costs a read, and no new file."""
    file = source / "directory 0/file 0"
    first = _run(cli, source, backup)
    file.chmod(0o600)
    file.chmod(0o644)
    second = _run(cli, source, backup)
    assert (first / "directory 0/file 0").samefile(second / "directory 0/file 0")
    assert changes_of(second) == []
    assert_proved(second)


def test_a_snapshot_of_before_there_were_manifests_is_no_obstacle(cli: Cli, source: Path, backup: Path) -> None:
    """Nothing is known of its contents, so that hashes of what is linked are missing until somebody reads them."""
    first = _run(cli, source, backup)
    shutil.rmtree(manifests_of(first).path)
    write(source / "new")
    second = _run(cli, source, backup)
    assert_proved(second, without_hash=12)
    write(source / "newer")
    assert_proved(_run(cli, source, backup), without_hash=12)


@pytest.mark.parametrize("ending", [".mtree.gz", ".index"])
def test_a_torn_manifest_is_said_and_an_older_one_is_used(cli: Cli, source: Path, backup: Path, ending: str) -> None:
    """A manifest that somebody edited is not inherited from."""
    first = _run(cli, source, backup)
    write(source / "directory 1/new")
    second = _run(cli, source, backup)
    torn = manifests_of(second).file(second.name, ending)
    content = bytearray(torn.read_bytes())
    content[-20] ^= 1
    torn.write_bytes(content)
    result = cli("run", source, backup, "--json").json
    assert any(f"manifest of {second.name} is not used" in note for note in result["notes"])
    assert_proved(Path(result["path"]))
    assert f"since {first.name}" in _head(Path(result["path"]))


def _head(snapshot: Path) -> str:
    return (
        gzip.decompress(manifests_of(snapshot).file(snapshot.name, ".changes.gz").read_bytes()).decode().splitlines()[0]
    )


def test_a_snapshot_whose_backup_was_killed_is_sealed_by_the_next_one(cli: Cli, source: Path, backup: Path) -> None:
    """The chain goes on, and the seal says that it came late."""
    first = _run(cli, source, backup)
    second = _run(cli, source, backup)
    sealed = manifests_of(second).seals()[second.name]
    manifests_of(second).file(second.name, ".seal.json").unlink()
    third = _run(cli, source, backup)
    seals = {name: json.loads(text) for name, text in manifests_of(third).seals().items()}
    assert seals[second.name]["sealed_late"]
    assert seals[second.name]["manifest"] == json.loads(sealed)["manifest"]
    assert [seals[name]["previous"] for name in sorted(seals)] == [None, first.name, second.name]


def test_a_manifest_of_what_was_never_published_goes(cli: Cli, source: Path, backup: Path) -> None:
    """As of a backup that was killed before its last step."""
    path = manifests_of(_run(cli, source, backup)).path
    for name in ("20200101T000000Z.mtree.gz", "20200101T000000Z.index", "20200101T000000Z.changes.gz", ".new-x"):
        (path / name).write_text("x")
    (path / "20190101T000000Z.seal.json").write_text("x")
    (path / "20190101T000000Z.changes.gz").write_text("x")
    _run(cli, source, backup)
    assert not list(path.glob("*2020*"))
    assert not (path / ".new-x").exists()
    assert len(list(path.glob("2019*"))) == 2, "the history of what was pruned stays"


def test_what_cannot_be_written_down_is_no_failure(cli: Cli, source: Path, backup: Path) -> None:
    """The snapshot is whole, the warning says what is missing, and the next night has a manifest again."""
    path = manifests_of(_run(cli, source, backup)).path
    for aside in path.iterdir():
        aside.unlink()
    path.rmdir()
    path.symlink_to(source)
    for name in (".new-x", "20200101T000000Z.mtree.gz"):
        write(source / name)
    second = _run(cli, source, backup)
    assert_proved(second, without_hash=12)
    assert not path.is_symlink()
    assert (source / ".new-x").exists(), "nothing was removed through the link"
    assert (source / "20200101T000000Z.mtree.gz").exists()


@pytest.mark.parametrize("kind", mostly_nightly(["fifo", "symlink", "directory"], 2))
def test_what_is_no_regular_file_among_the_manifests_stops_nobody(
    cli: Cli, source: Path, backup: Path, kind: str
) -> None:
    """Neither a backup, which says what it cannot use, nor an audit, nor a scrub hangs or follows."""
    snapshot = _run(cli, source, backup)
    for ending in (".mtree.gz", ".index", ".changes.gz", ".seal.json"):
        path = manifests_of(snapshot).file(snapshot.name, ending)
        path.unlink()
        if kind == "fifo":
            os.mkfifo(path)
        elif kind == "symlink":
            path.symlink_to("/dev/zero")
        else:
            path.mkdir()
    for name in ("hashes", "scrub.json", "damaged.json", "dropped.json"):
        os.mkfifo(manifests_of(snapshot).path / name)
    write(source / "new")
    result = cli("run", source, backup, "--scrub-days", 1, "--json").json
    assert result["status"] == "Success"
    assert_proved(Path(result["path"]), without_hash=12)
    assert cli("audit", backup, code=None).code in {0, 6}


def test_after_a_cut_off_backup_nothing_is_read_twice_for_its_hash(cli: Cli, source: Path, backup: Path) -> None:
    """The backup has hashed what it has copied, and has left that for the next one."""
    many_parts(source / "many")
    running = cli.start("run", source, backup, "--max-operations-per-second", 500)
    partials, give_up = backup / "efs-backup/daily", time.monotonic() + 60
    while len(list(partials.glob(".partial*/many/*/file*"))) < 300:
        assert time.monotonic() < give_up
        time.sleep(0.02)
    running.terminate()
    running.communicate(timeout=60)
    store = partials / ".manifests/hashes"
    assert len(HashStore(store.read_bytes())) > 50
    assert_proved(_run(cli, source, backup))
    assert not store.exists()


def test_mtimes_of_directories_alone_are_no_change(cli: Cli, source: Path, backup: Path) -> None:
    """Every new file changes that of its directory."""
    _run(cli, source, backup)
    os.utime(source / "directory 0", ns=(A_DAY_AGO_NS, A_DAY_AGO_NS))
    second = _run(cli, source, backup)
    assert changes_of(second) == []
    assert_proved(second)
