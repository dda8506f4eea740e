"""The tree that is backed up, and the changes in it by day."""

from pathlib import Path

from tests.support.builders import A_DAY_AGO_NS, write

FILES, CHANGED, DELETED, NEW = 1000, 300, 50, 600


def make_files(source: Path) -> None:
    """Some directories of small files, and what else a tree has."""
    for number in range(FILES):
        write(source / f"directory-{number % 10}" / f"file {number}", f"content {number}\n" * (number % 50))
    (source / "hard link").hardlink_to(source / "directory-0" / "file 0")
    (source / "empty directory").mkdir()


def change_files(source: Path) -> None:
    """A day at the site."""
    for number in range(CHANGED):
        write(source / f"directory-{number % 10}" / f"file {number}", f"changed {number}", A_DAY_AGO_NS + number + 1)
    for number in range(CHANGED, CHANGED + DELETED):
        (source / f"directory-{number % 10}" / f"file {number}").unlink()
    for number in range(NEW):
        write(source / f"new directory {number % 10}" / f"file {number}", f"new {number}")


def change_little(source: Path, word: str) -> None:
    """A quiet day: a file is rewritten, one is new, one is gone, one has another mode."""
    write(source / "directory-0" / "file 0", word, A_DAY_AGO_NS + FILES + len(word))
    write(source / "directory-1" / f"{word} file", word)
    (source / "new directory 1" / f"file {len(word) * 10 + 1}").unlink()
    (source / "directory-2" / "file 2").chmod(0o600 if word == "third" else 0o640)
