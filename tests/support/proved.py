"""Manifests beside the snapshots of a test, read by our own reader and by Debian's mtree."""

import gzip
import os
import stat
import subprocess
from pathlib import Path

from efs_backup.copy_worker.attributes import Attributes
from efs_backup.engine.proof.manifests import Manifests
from efs_backup.engine.proof.reader import reading
from tests.support.builders import Fact, account


def manifests_of(snapshot: Path) -> Manifests:
    """Those beside a snapshot."""
    return Manifests(snapshot.parent)


def manifest_text(snapshot: Path) -> bytes:
    """The manifest of a snapshot as `zcat` shows it."""
    return gzip.decompress(manifests_of(snapshot).file(snapshot.name, ".mtree.gz").read_bytes())


def changes_of(snapshot: Path) -> list[str]:
    """The lines of changes but for the first, without inodes and hashes."""
    lines = gzip.decompress(manifests_of(snapshot).file(snapshot.name, ".changes.gz").read_bytes()).splitlines()[1:]
    return [" ".join(os.fsdecode(line).split(" ")[:2]) for line in lines]


def check_by_mtree(snapshot: Path, tree: Path | None = None) -> str:
    """The differences that `mtree` finds in a snapshot, or in a tree like it; "" where there are none."""
    done = subprocess.run(
        ("mtree", "-p", tree or snapshot), input=manifest_text(snapshot), capture_output=True, check=False
    )
    assert (done.returncode == 0) == (not done.stdout), done
    return os.fsdecode(done.stdout + done.stderr)


def assert_proved(snapshot: Path, *, without_hash: int | None = 0) -> None:
    """The manifest says exactly what the snapshot holds: every path, its attributes, its inode and its content.

    without_hash: so many files whose content nobody has read yet; None: any number.
    """
    said, unknown = dict[str, Fact](), 0
    known = {name.removeprefix("./"): fact for name, fact in account(snapshot).items()}
    with reading(manifests_of(snapshot), snapshot.name) as manifest:
        for block in manifest.blocks():
            path = os.fsdecode(block.path)
            if block.directory:
                said[path or "."] = _fact(block.directory, known[path or "."])
            for entry in block.entries:
                name = os.path.join(path, os.fsdecode(entry.name))
                assert (snapshot / name).lstat().st_ino == entry.inode, name
                unknown += stat.S_ISREG(entry.attributes.mode) and not entry.attributes.sha256
                said[name] = _fact(entry.attributes, known[name])
    assert said == known
    assert without_hash in (None, unknown)


def _fact(said: Attributes, there: Fact) -> Fact:
    kind = stat.S_IFMT(said.mode)
    content = os.fsdecode(said.link) if kind == stat.S_IFLNK else said.sha256.hex()
    if kind == stat.S_IFREG and not said.sha256:
        content = there.content
    size = 0 if kind == stat.S_IFDIR else said.size
    return Fact(kind, stat.S_IMODE(said.mode), (said.uid, said.gid), said.mtime_ns, size, content, there.same_file_as)
