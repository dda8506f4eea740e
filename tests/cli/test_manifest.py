"""`efs-backup manifest`: printed, and made of a snapshot that has none."""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.engine.proof.index_again import index_made_again
from efs_backup.engine.proof.manifests import CHANGES, INDEX, MANIFEST, SEAL
from tests.support.builders import account, write
from tests.support.cli import Cli, both_copiers
from tests.support.proved import assert_proved, changes_of, check_by_mtree, manifest_text, manifests_of
from tests.support.simulator import Simulator

NAMES = [
    b"*",
    b"?",
    b"[a]",
    b"[",
    b"\\?x",
    b"back\\slash",
    b"\\",
    b"new\nline",
    b"no utf-8 \xff",
    b" ",
    b"#",
    b"-n",
    b"...",
]


def _hostile(source: Path) -> None:
    """Names, kinds and attributes over which a format, or who reads it, could stumble."""
    root = os.fsencode(source)
    for name in NAMES:
        os.mkdir(os.path.join(root, b"in " + name))
        for path in (os.path.join(root, name), os.path.join(root, b"in " + name, name)):
            with open(path, "wb") as file:
                file.write(path)
        os.symlink(name, os.path.join(root, b"in " + name, b"link"))
    os.mkfifo(source / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"/proc/self/fd/{os.open(source, os.O_PATH)}/socket")
    with (source / "sparse").open("wb") as sparse:
        sparse.truncate(8 * 2**20)
    os.link(source / "directory 0/file 0", source / "directory 1/linked")
    (source / "directory 0/file 3").chmod(0o4711)
    write(source / "old", "text", -5_000_000_001)
    write(source / "a/b/c")
    write(source / "a-b/c")


def _backed_up(cli: Cli, source: Path, backup: Path) -> Path:
    return Path(cli("run", source, backup, "--json").json["path"])


def _without_manifest(snapshot: Path) -> Path:
    shutil.rmtree(manifests_of(snapshot).path)
    return snapshot


@pytest.mark.root
def test_a_manifest_is_made_by_reading_a_snapshot_and_mtree_verifies_it(cli: Cli, source: Path, backup: Path) -> None:
    """On a hostile tree it says what that of the backup said, but for the source, of which nothing is known."""
    _hostile(source)
    os.mknod(source / "null", 0o20666, os.makedev(1, 3))
    os.chown(source / "old", 7, 8)
    snapshot = _backed_up(cli, source, backup)
    before, as_it_was = manifest_text(snapshot), account(snapshot)
    assert check_by_mtree(snapshot) == ""
    _without_manifest(snapshot)
    made = cli("manifest", backup, "--make", "--json").json
    assert (made["snapshot"], made["without_hash"], made["unread"], made["notes"]) == (snapshot.name, 0, [], [])
    assert check_by_mtree(snapshot) == ""
    assert_proved(snapshot)
    assert account(snapshot) == as_it_was
    assert _lines(manifest_text(snapshot)) == _lines(before)
    assert b"made of the snapshot itself" in manifest_text(snapshot)
    assert changes_of(snapshot) == []
    seal = json.loads(manifests_of(snapshot).seals()[snapshot.name])
    assert (seal["sealed_late"], seal["manifest"]["sha256"]) == (True, made["manifest_sha256"])
    cli("audit", backup)
    (snapshot / "directory 0/file 0").write_text("other")
    assert "sha256" in check_by_mtree(snapshot)


def _lines(text: bytes) -> list[bytes]:
    return [line for line in text.splitlines() if not line.startswith(b"#")]


def test_a_manifest_is_printed_as_it_is(cli: Cli, source: Path, backup: Path) -> None:
    """Of the newest snapshot, or of the one that is named, by name or number."""
    first = _backed_up(cli, source, backup)
    write(source / "new")
    second = _backed_up(cli, source, backup)
    assert cli("manifest", backup).stdout.encode() == manifest_text(second)
    for name in (first.name, 1, "daily.1"):
        assert cli("manifest", backup, "--snapshot", name).stdout.encode() == manifest_text(first)
    cli("manifest", backup, "--snapshot", 2, code=5)
    cli("manifest", backup, "--snapshot", "x", code=2)
    cli("manifest", backup, "--json", code=2)
    cli("manifest", backup, "--max-operations-per-second", 5, code=2)
    cli("manifest", backup, "--label", "other", code=5)
    manifests_of(second).file(second.name, MANIFEST).unlink()
    assert "--make" in cli("manifest", backup, code=5).stderr


def test_a_torn_manifest_is_printed_as_far_as_it_goes(cli: Cli, source: Path, backup: Path) -> None:
    """And the exit code says that it is not all; what is no file at all is refused."""
    snapshot = _backed_up(cli, source, backup)
    text, path = manifest_text(snapshot), manifests_of(snapshot).file(snapshot.name, MANIFEST)
    os.truncate(path, path.stat().st_size - 20)
    torn = cli("manifest", backup, code=1)
    assert text.startswith(torn.stdout.encode())
    assert "cannot be read to its end" in torn.stderr
    assert "is not the one that was sealed" in cli("manifest", backup, "--make", code=1).stderr
    path.unlink()
    os.mkfifo(path)
    assert "is no regular file" in cli("manifest", backup, code=1).stderr
    assert "is no regular file" in cli("manifest", backup, "--make", code=1).stderr


def test_a_reader_that_goes_away_ends_the_printing(cli: Cli, source: Path, backup: Path) -> None:
    """As with `head`."""
    for number in range(800):
        write(source / f"many/{'x' * 200}{number}")
    _backed_up(cli, source, backup)
    with cli.start("manifest", backup) as process:
        assert process.stdout
        assert process.stdout.readline() == b"#mtree\n"
        process.stdout.close()
        assert process.stderr
        assert (process.stderr.read(), process.wait(60)) == (b"", 0)


def test_what_has_a_manifest_is_left_as_it_is(cli: Cli, source: Path, backup: Path) -> None:
    """But an index that is lost is made again, the very same one."""
    snapshot = _backed_up(cli, source, backup)
    manifests = manifests_of(snapshot)
    before = {path.name: path.read_bytes() for path in manifests.path.iterdir()}
    assert "has a manifest already" in cli("manifest", backup, "--make").stdout
    assert {path.name: path.read_bytes() for path in manifests.path.iterdir()} == before
    assert index_made_again(manifests, snapshot.name).packed() == before[f"{snapshot.name}{INDEX}"]
    manifests.file(snapshot.name, INDEX).unlink()
    assert "index" in cli("manifest", backup, "--make", "--json").json["message"]
    assert {path.name: path.read_bytes() for path in manifests.path.iterdir()} == before


@pytest.mark.parametrize("lost", [(MANIFEST,), (MANIFEST, INDEX), (MANIFEST, SEAL)])
def test_a_manifest_that_was_sealed_is_not_made_anew(
    cli: Cli, source: Path, backup: Path, lost: tuple[str, ...]
) -> None:
    """Another one would not be the one that was sealed, or would lose the changes: a person decides."""
    snapshot = _backed_up(cli, source, backup)
    manifests = manifests_of(snapshot)
    for ending in lost:
        manifests.file(snapshot.name, ending).unlink()
    refused = cli("manifest", backup, "--make", "--json", code=1).json
    assert "is gone, and another one would not be what was sealed" in refused["message"]
    assert "audit" in refused["next_step"]
    for ending in (SEAL, CHANGES):
        manifests.file(snapshot.name, ending).unlink(missing_ok=True)
    cli("manifest", backup, "--make")
    assert_proved(snapshot)


def test_a_seal_without_a_manifest_stays_in_its_chain(cli: Cli, source: Path, backup: Path) -> None:
    """The backup could not write its manifest; the seal of the next one has the digest of its seal."""
    snapshot = _backed_up(cli, source, backup)
    manifests = manifests_of(snapshot)
    seal = json.loads(manifests.seals()[snapshot.name])
    _without_manifest(snapshot)
    manifests.make()
    manifests.file(snapshot.name, SEAL).write_text(json.dumps({**seal, "manifest": None, "changes": None}))
    made = cli("manifest", backup, "--make", "--json").json
    assert made["seal_sha256"] is None
    assert "stays as it is" in made["notes"][0]
    assert json.loads(manifests.seals()[snapshot.name])["manifest"] is None
    _backed_up(cli, source, backup)
    cli("audit", backup)


def test_old_snapshots_are_sealed_late_and_the_chain_is_whole(cli: Cli, source: Path, backup: Path) -> None:
    """Those of a version without manifests, made after younger ones had their seals, the oldest last."""
    old = [_without_manifest(_backed_up(cli, source, backup)) for _ in range(3)]
    _backed_up(cli, source, backup)
    for snapshot in (old[1], old[0]):
        cli("manifest", backup, "--make", "--snapshot", snapshot.name)
        assert_proved(snapshot)
        cli("audit", backup)
    _backed_up(cli, source, backup)
    cli("audit", backup)
    os.unlink(manifests_of(old[0]).file(old[0].name, MANIFEST))
    assert "ManifestMissing" in cli("audit", backup, code=6).stdout


def _rewrite(path: Path, text: str) -> None:
    before = path.stat()
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@both_copiers
def test_the_next_backup_inherits_hashes_and_reads_what_was_touched_since(cli: Cli, source: Path, backup: Path) -> None:
    """The source's ctime is later than the snapshot, or its time is not far enough before: the content is compared."""
    snapshot = _without_manifest(_backed_up(cli, source, backup))
    cli("manifest", backup, "--make")
    _rewrite(source / "directory 0/file 0", "CONTENT 0")
    second = _backed_up(cli, source, backup)
    assert account(second) == account(source)
    assert (snapshot / "directory 0/file 0").read_text() == "content 0"
    assert_proved(second)


@both_copiers
def test_the_next_backup_does_not_read_what_is_older_than_the_snapshot(cli: Cli, source: Path, backup: Path) -> None:
    """A file that is another one, with a ctime before the snapshot, would be seen if it were read.

    No ctime can be set, so the snapshot is named by a time that is to come.
    """
    snapshot = _without_manifest(_backed_up(cli, source, backup))
    later = snapshot.with_name(str(SnapshotName.of(datetime.now(UTC) + timedelta(days=3))))
    snapshot.rename(later)
    cli("manifest", backup, "--make")
    _rewrite(source / "directory 0/file 0", "CONTENT 0")
    second = _backed_up(cli, source, backup)
    assert (second / "directory 0/file 0").read_text() == "content 0"
    assert_proved(second)
    _rewrite(source / "directory 0/file 0", "Content 0")
    third = _backed_up(cli, source, backup)
    assert (third / "directory 0/file 0").read_text() == "Content 0", "the source is known again"
    assert_proved(third)


def test_a_manifest_is_made_under_the_lock_of_the_series(cli: Cli, source: Path, backup: Path) -> None:
    """Exit code 4 while a backup runs; nothing is written."""
    snapshot = _without_manifest(_backed_up(cli, source, backup))
    with open(snapshot.parent / ".lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        cli("manifest", backup, "--make", code=4)
    assert not manifests_of(snapshot).path.exists()


def test_a_signal_stops_the_making_and_nothing_is_left(cli: Cli, source: Path, backup: Path) -> None:
    """Exit code 3; the throttle, which was asked for, is kept to."""
    for number in range(100):
        write(source / f"many {number}/file", "x")
    snapshot = _without_manifest(_backed_up(cli, source, backup))
    with cli.start("manifest", backup, "--make", "--max-operations-per-second", 20) as process:
        while not (snapshot.parent / ".lock").read_bytes().strip(b"\0 \n"):
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 3
    assert not manifests_of(snapshot).path.exists()
    assert not [path for path in Path(cli.environment["TMPDIR"]).iterdir() if path.name.startswith("efs-backup-")]


def test_a_file_that_cannot_be_read_has_no_hash_and_is_named(cli: Cli, source: Path, simulator: Simulator) -> None:
    """All else is as it should be; the next backup compares that file, and has its hash."""
    write(source / "victim")
    backup = simulator.mount("backup")
    snapshot = _without_manifest(_backed_up(cli, source, backup))
    simulator.mount("backup", "fail_op=read", "fail_errno=EIO", "fail_path=/victim")
    made = cli("manifest", backup, "--make", "--json").json
    assert (made["unread"], made["without_hash"]) == (["victim"], 1)
    assert "'victim'" in made["notes"][0]
    simulator.mount("backup")
    assert_proved(snapshot, without_hash=1)
    assert_proved(_backed_up(cli, source, backup))


def test_a_directory_that_cannot_be_read_makes_no_manifest(cli: Cli, source: Path, simulator: Simulator) -> None:
    """For it would say that nothing is in it."""
    backup = simulator.mount("backup")
    snapshot = _without_manifest(_backed_up(cli, source, backup))
    simulator.mount("backup", "fail_op=readdir", "fail_errno=EIO", "fail_path=/directory 0")
    assert "no manifest was made" in cli("manifest", backup, "--make", "--json", code=1).json["message"]
    assert not manifests_of(snapshot).path.exists()


def test_the_old_layout_is_adopted_first(cli: Cli, source: Path, backup: Path) -> None:
    """The manifest has the name that the snapshot gets."""
    (backup / "efs-backup").mkdir()
    subprocess.run(["cp", "-a", source, backup / "efs-backup/daily.0"], check=True)
    made = cli("manifest", backup, "--make", "--json").json
    assert_proved(backup / "efs-backup/daily" / made["snapshot"])
