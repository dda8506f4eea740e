"""`efs-backup stats`, held against what is really freed."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.support.builders import A_DAY_AGO_NS, write
from tests.support.cli import Cli


def _held(root: Path) -> dict[int, int]:
    """The bytes of each inode that is no directory, below a directory."""
    every = [Path(place, name).lstat() for place, _, names in os.walk(root) for name in names]
    return {found.st_ino: found.st_size for found in every}


def _directories(root: Path) -> int:
    return sum(1 for _ in os.walk(root))


def _changed_nights(cli: Cli, source: Path, backup: Path) -> list[str]:
    """Five nights of files that change, come, go, are renamed, and have two names, of which one goes."""
    write(source / "linked", "one content, two names", A_DAY_AGO_NS)
    os.link(source / "linked", source / "directory 1/second name")
    names = [cli("run", source, backup, "--retain", 3, "--json").json["snapshot"]]
    for change in _changes(source):
        change()
        names.append(cli("run", source, backup, "--json").json["snapshot"])
    return names[-3:]


def _changes(source: Path) -> list[Callable[[], object]]:
    return [
        lambda: write(source / "directory 0/file 0", "another content", A_DAY_AGO_NS + 1),
        (source / "linked").unlink,
        (source / "directory 1/second name").unlink,
        lambda: (
            write(source / "directory 0/file 0", "a third content, which is longer", A_DAY_AGO_NS + 2),
            (source / "directory 1/file 1").rename(source / "renamed"),
            write(source / "new/deep/down", "new", A_DAY_AGO_NS),
        ),
    ]


def test_what_a_snapshot_frees_is_what_its_deletion_frees(cli: Cli, source: Path, backup: Path) -> None:
    """Each by itself: files, bytes and directories; a file with two names is one, and the spare is apart.

    What another series of the label has too is not freed.
    """
    kept = _changed_nights(cli, source, backup)
    cli("run", source, backup, "--interval", "weekly")
    told = cli("stats", backup, "--json").json
    assert [one["snapshot"] for one in told["snapshots"]] == kept[::-1]
    assert told["notes"] == []
    series = backup / "efs-backup" / "daily"
    for spare in series.glob(".spare-*Z"):
        shutil.rmtree(spare)
    for one in told["snapshots"]:
        snapshot, before = series / one["snapshot"], _held(series.parent)
        aside = backup / "aside"
        snapshot.rename(aside)
        freed = {inode: size for inode, size in before.items() if inode not in _held(series.parent)}
        assert one["frees"] == {
            "files": len(freed), "bytes": sum(freed.values()), "directories": _directories(aside)
        }  # fmt: skip
        aside.rename(snapshot)


def test_people_see_snapshots_largest_directories_and_growth(cli: Cli, source: Path, backup: Path) -> None:
    """A table each; what two snapshots share is freed by neither."""
    cli("run", source, backup)
    write(source / "directory 2/large", "x" * 5000, A_DAY_AGO_NS)
    newest = cli("run", source, backup, "--json").json["snapshot"]
    snapshots, directories, growth = cli("stats", backup, "--largest", 1, "--by", 1).stdout.split("\n\n")
    assert snapshots.splitlines()[1].split()[:4] == [newest, "1", "5.0", "kB"]
    heading, row = directories.strip().splitlines()
    assert heading.split() == ["DIRECTORY", "FILES", "BYTES"]
    assert row.startswith("directory 2")
    assert "+1 files, +5.0 kB" in growth


def test_what_nobody_knows_is_no_number(cli: Cli, source: Path, backup: Path) -> None:
    """Without a manifest of one snapshot nothing can be told of the others, but what it is and how to mend it."""
    first = cli("run", source, backup, "--json").json["snapshot"]
    cli("run", source, backup)
    manifest = backup / "efs-backup" / "daily" / ".manifests" / f"{first}.mtree.gz"
    aside = manifest.read_bytes()
    manifest.unlink()
    told = cli("stats", backup, "--json").json
    assert [one["frees"] for one in told["snapshots"]] == [None, None]
    assert "efs-backup manifest" in told["notes"][0]
    manifest.write_bytes(aside[:-30])
    told = cli("stats", backup, "--json").json
    assert [one["frees"] for one in told["snapshots"]] == [None, None]
    assert "cannot be read" in told["notes"][0]
    manifest.unlink()
    os.mkfifo(manifest)
    assert cli("stats", backup).stdout.count("?") == 6
    assert cli("stats", backup, "--by", -1, code=2).stdout == ""
