"""The operator's request for a drill, and how a number of bytes is written."""

import re
from dataclasses import dataclass

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.requests.tuning import Tuning
from efs_backup.domain.snapshots.names import DEFAULT_LABEL, FolderLabel, Interval

DEFAULT_FILES = 1_000
DEFAULT_SIZE = 10 * 1000**3
MOST_FILES = 100_000

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgtp]?)(i?)b?", re.IGNORECASE | re.ASCII)
_POWERS = "kmgtp"
_DECIMAL, _BINARY = 1000, 1024


@dataclass(frozen=True)
class DrillRequest:
    """One drill: which snapshot of which series, how much of it, and into which scratch directory. Raises WrongUsage.

    snapshot: its name; None: the newest, or a random one with is_random. files, size: the most random files, and bytes
    of them. pinned: paths that are restored each time, beside those that the label's `drill.txt` names. keeps: what was
    restored stays.
    """

    backup: str
    scratch: str
    label: FolderLabel = FolderLabel(DEFAULT_LABEL)
    interval: Interval = Interval.DAILY
    snapshot: str | None = None
    is_random: bool = False
    files: int = DEFAULT_FILES
    size: int = DEFAULT_SIZE
    pinned: tuple[str, ...] = ()
    tuning: Tuning = Tuning()
    keeps: bool = False

    def __post_init__(self) -> None:
        if self.snapshot is not None and self.is_random:
            raise WrongUsage("Give only one of --snapshot and --random-snapshot.")
        if not 0 <= self.files <= MOST_FILES:
            raise WrongUsage(
                f"A drill draws 0 to {MOST_FILES:,} files, not {self.files:,}; `--path /` restores all of the snapshot."
            )
        for path in self.pinned:
            pinned_path(path)


def pinned_path(text: str) -> str:
    """A path as it stands in a snapshot, "" for its root. Raises WrongUsage of one that leads out of it."""
    names = [name for name in text.split("/") if name not in {"", "."}]
    if ".." in names:
        raise WrongUsage(f"The path {text!r} leads out of the snapshot.")
    return "/".join(names)


def pinned_lines(text: str) -> list[str]:
    """The paths of a `drill.txt`: one on each line; blank lines and those that begin with `#` mean nothing.

    Raises WrongUsage.
    """
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return [pinned_path(line) for line in lines if line.strip() and not line.startswith("#")]


def read_size(text: str) -> int:
    """A number of bytes: `500`, `1.5k`, `10G` (decimal), `10GiB` (binary). Raises WrongUsage."""
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise WrongUsage(f"{text!r} is no number of bytes; one looks like 10G, 1.5TB or 512MiB.")
    number, letter, binary = found.groups()
    base = _BINARY if binary else _DECIMAL
    return int(float(number) * base ** (_POWERS.index(letter.lower()) + 1 if letter else 0))
