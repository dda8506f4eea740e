"""A seeded directory tree, and seeded changes to it: the same for every contender, in every round, on every machine."""

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

FILES_PER_DIRECTORY = 20
DIRECTORIES_PER_PARENT = 25
FILES_PER_SYMLINK = 50
MEDIAN_BYTES, SPREAD, LARGEST_BYTES = 4096, 1.2, 1 << 20  # log-normal sizes
MODES = (0o644, 0o644, 0o644, 0o600, 0o755)
PAST_NS = 1_700_000_000_000_000_000  # nanoseconds since the epoch: November 2023
DAY_NS = 86_400_000_000_000


def make_tree(root: Path, files: int, seed: int) -> None:
    """Fill the directory `root` (made if it is missing) with `files` regular files, and some symlinks beside them."""
    rng = Random(f"{seed} tree")
    for number in range(files):
        directory = root / _directory(number // FILES_PER_DIRECTORY)
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"file-{number:07d}.dat"
        _write(path, rng.randbytes(_size(rng)), PAST_NS + rng.randrange(DAY_NS))
        path.chmod(rng.choice(MODES))
        if number % FILES_PER_SYMLINK == 0:
            _link(path.with_suffix(".link"), path.name if rng.random() < 0.9 else "nowhere/at-all", rng)
    directories = [Path(place) for place, _, _ in os.walk(root, topdown=False)]
    _date(sorted(directories, reverse=True), PAST_NS, rng)


def change_tree(root: Path, share: float, seed: int) -> int:
    """Change a `share` of the files (rewrite, add, delete, chmod), dated a day later; returns how many were changed."""
    rng = Random(f"{seed} changes")
    files = sorted(Path(place, name) for place, _, names in os.walk(root) for name in names if name.endswith(".dat"))
    chosen = rng.sample(files, min(len(files), max(len(ACTIONS), round(len(files) * share))))
    moved: set[Path] = set()
    for number, path in enumerate(chosen):
        action = ACTIONS[number % len(ACTIONS)]
        action(path, rng)
        moved |= {path.parent} if action in (_add, _delete) else set()
    _date(sorted(moved), PAST_NS + 2 * DAY_NS, rng)
    return len(chosen)


def _rewrite(path: Path, rng: Random) -> None:
    """Give the file other content, every second time of the same size."""
    size = path.stat().st_size if rng.random() < 0.5 else _size(rng)
    _write(path, rng.randbytes(size), PAST_NS + DAY_NS + rng.randrange(DAY_NS))


def _add(path: Path, rng: Random) -> None:
    _write(path.with_suffix(".new.dat"), rng.randbytes(_size(rng)), PAST_NS + DAY_NS + rng.randrange(DAY_NS))


def _delete(path: Path, _rng: Random) -> None:
    path.unlink()


def _chmod(path: Path, _rng: Random) -> None:
    path.chmod(path.stat().st_mode ^ 0o004)


ACTIONS: tuple[Callable[[Path, Random], None], ...] = (_rewrite,) * 6 + (_add,) * 2 + (_delete, _chmod)


def _directory(number: int) -> str:
    return f"part-{number // DIRECTORIES_PER_PARENT:04d}/dir-{number % DIRECTORIES_PER_PARENT:02d}"


def _size(rng: Random) -> int:
    return min(LARGEST_BYTES, round(MEDIAN_BYTES * rng.lognormvariate(0, SPREAD)))


def _write(path: Path, content: bytes, mtime_ns: int) -> None:
    path.write_bytes(content)
    os.utime(path, ns=(mtime_ns, mtime_ns))


def _link(path: Path, target: str, rng: Random) -> None:
    path.symlink_to(target)
    mtime_ns = PAST_NS + rng.randrange(DAY_NS)
    os.utime(path, ns=(mtime_ns, mtime_ns), follow_symlinks=False)


def _date(directories: list[Path], since_ns: int, rng: Random) -> None:
    for directory in directories:
        mtime_ns = since_ns + rng.randrange(DAY_NS)
        os.utime(directory, ns=(mtime_ns, mtime_ns))
