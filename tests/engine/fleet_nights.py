"""Sources that grow and change for a fleet, and its queues."""

import os
import random
import shutil
from collections.abc import Callable, Collection
from pathlib import Path

from efs_backup.domain.sharing.fleet import Delivery
from efs_backup.engine.machine.stop import Stop
from tests.support.builders import small_tree, write
from tests.support.fleet import DirectoryQueue


def grow(root: Path, directories: int = 40) -> None:
    """A tree of more directories than there are shares, with files of several names here and there."""
    small_tree(root / "a" / "odd")
    for number in range(directories):
        for file in range(6):
            write(root / f"d{number % 7}/{number}/deep/file-{file}", f"{number} {file}")
        (root / f"d{number % 7}/{number}/link").symlink_to("deep/file-1")
    os.link(root / "d1/1/deep/file-1", root / "d2/2/deep/other-name")
    os.link(root / "d1/1/deep/file-1", root / "top-name")
    write(root / "d3/3/new\nline", "odd")


class NobodyElse:
    """A fence around one instance. See Fence."""

    def expel(self, names: Collection[str], beat: Callable[[], None]) -> None:
        """See Fence."""
        raise AssertionError(f"nobody is called {names}")

    def close(self, beat: Callable[[], None]) -> None:
        """See Fence."""
        beat()


class ClosingQueue(DirectoryQueue):
    """Closes the window after some shares."""

    stop: Stop
    left = 5

    def receive(self, seconds: float) -> Delivery | None:
        """See ShareQueue."""
        self.left -= 1
        if not self.left:
            self.stop.ask("the window closed")
        return super().receive(seconds)


def change(root: Path, chance: random.Random) -> None:
    """Files are rewritten, removed, added, and made directories; whole subtrees go and come."""
    for _ in range(60):
        place = root / f"d{chance.randrange(7)}" / str(chance.randrange(40)) / "deep"
        if place.is_dir():
            file = place / f"file-{chance.randrange(6)}"
            if chance.random() < 0.3 and file.is_file():
                file.unlink()
            elif not file.is_dir():
                file.unlink(missing_ok=True)
                write(file, f"content {chance.random()}")
    gone = root / f"d{chance.randrange(7)}" / str(chance.randrange(40))
    if gone.is_dir():
        shutil.rmtree(gone)
    write(root / f"d{chance.randrange(7)}/new-{chance.randrange(99)}/deep/file", "new")
