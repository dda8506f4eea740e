"""A user without root rights backs up what is theirs, and what they may read."""

import os
from pathlib import Path

import pytest

from tests.support.builders import A_DAY_AGO_NS, Fact, account, write
from tests.support.cli import Cli, both_copiers
from tests.support.unprivileged import NOBODY, run_as_nobody

pytestmark = [pytest.mark.root, both_copiers]


@pytest.fixture
def theirs(source: Path, backup: Path) -> Path:
    """A tree of the unprivileged user, with all kinds of files and modes; its path."""
    for mode in (0o400, 0o600, 0o644, 0o755, 0o4711, 0o2750, 0o1777):
        write(source / "modes" / f"{mode:o}").chmod(mode)
    os.mkfifo(source / "modes" / "fifo", 0o640)
    os.link(source / "directory 0" / "file 0", source / "modes" / "another name")
    write(source / "large", "x" * 300_000)
    for path in (source, *source.rglob("*"), backup):
        mode = path.lstat().st_mode & 0o7777
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        if not path.is_symlink():
            path.chmod(mode)
    (source / "directory 1").chmod(0o500)
    return source


def test_a_second_backup_of_their_own_tree_links_everything(
    cli: Cli, theirs: Path, backup: Path, tmp_path: Path
) -> None:
    """Whoever runs it: owners, modes and times are as root would keep them, for all are their own."""
    files = sum(not path.is_dir() or path.is_symlink() for path in theirs.rglob("*"))
    first = run_as_nobody(cli, tmp_path, "run", theirs, backup, "--json")
    assert account(Path(first["path"])) == account(theirs)
    second = run_as_nobody(cli, tmp_path, "run", theirs, backup, "--json")
    assert account(Path(second["path"])) == account(theirs)
    assert (second["linked_files"], second["transferred_files"]) == (files, 0)


def test_a_second_backup_links_what_belongs_to_others_too(cli: Cli, theirs: Path, backup: Path, tmp_path: Path) -> None:
    """They cannot give files away: in the snapshot it is their own, and for that it is not copied again each time."""
    other = write(theirs / "directory 0" / "of root")
    other.chmod(0o644)
    os.symlink("of root", theirs / "directory 0" / "symlink of root")
    os.utime(theirs / "directory 0" / "symlink of root", ns=(A_DAY_AGO_NS, A_DAY_AGO_NS), follow_symlinks=False)
    first, second = (Path(run_as_nobody(cli, tmp_path, "run", theirs, backup, "--json")["path"]) for _ in range(2))
    for name in ("of root", "symlink of root"):
        path = Path("directory 0") / name
        assert (first / path).lstat().st_uid == NOBODY
        assert (first / path).lstat().st_ino == (second / path).lstat().st_ino
    assert _without_owners(account(second)) == _without_owners(account(theirs))


def test_what_they_may_not_read_fails_the_backup(cli: Cli, theirs: Path, backup: Path, tmp_path: Path) -> None:
    """A file that cannot be read is named, and no snapshot appears."""
    (theirs / "modes" / "600").chmod(0o200)
    result = run_as_nobody(cli, tmp_path, "run", theirs, backup, "--json")
    assert result["failure_reason"] == "SourceUnreadable"
    assert "modes/600" in result["message"]
    assert cli("list", backup, code=5).stdout == ""


def _without_owners(facts: dict[str, Fact]) -> dict[str, tuple[object, ...]]:
    return {
        path: (fact.kind, fact.mode, fact.mtime_ns, fact.size, fact.content, fact.same_file_as)
        for path, fact in facts.items()
    }
