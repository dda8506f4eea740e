"""Order: what the leader of a fleet has written down for all who work at its backup."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from efs_backup.domain.snapshots.names import Interval, SnapshotName

Facts = tuple[int, ...]

SHARES_FOR_EACH = 8
"""Shares for each instance: they are unequal, and who is done early takes another one."""

_FORMAT = 1
_UNSAFE = frozenset({"", ".", ".."})


@dataclass(frozen=True)
class Top:
    """A directory with which a share begins: its path, and what the leader knows of it.

    wanted: its facts in the source; there: those in the target, None where it is not there; flags: see
    `efs_backup.copy_worker.left_out`.
    """

    path: str
    wanted: Facts
    there: Facts | None
    flags: int


@dataclass(frozen=True)
class Share:
    """A piece of a backup: subtrees to walk, or directories of the trash to delete."""

    tops: tuple[Top, ...] = ()
    trash: tuple[str, ...] = ()


@dataclass(frozen=True)
class Restored:
    """The part of a snapshot that is brought back, and its directory: both are known to each instance itself.

    path: a directory of the snapshot, "" for all of it. chosen: see `RestoreRequest`. target: the directory's inode.
    """

    path: str
    chosen: tuple[str, ...] | None
    target: int


@dataclass(frozen=True)
class Order:
    """The order of a leader, by names alone: source and backup are known to each who works at it.

    leader: the instance that has written it. snapshot: what it is to become; references: the snapshots to link from,
    as `daily/20261122T020000Z`. base: the snapshot whose manifest the proofs refer to. damaged: inodes that no snapshot
    may get any more. restored: of a restore, whose `snapshot` is read.
    """

    identity: str
    leader: str
    snapshot: str
    references: tuple[str, ...]
    base: str | None
    excludes: tuple[str, ...]
    one_file_system: bool
    with_content: bool
    time_step_ns: int
    trusted_until_ns: int | None
    damaged: tuple[int, ...]
    shares: tuple[Share, ...]
    restored: Restored | None = None

    def text(self) -> str:
        """The order as it is stored."""
        return json.dumps({"format": _FORMAT, **asdict(self)})

    @property
    def walks(self) -> frozenset[int]:
        """The numbers of the shares without which there is no snapshot."""
        return frozenset(number for number, share in enumerate(self.shares) if share.tops)


def read_order(text: bytes) -> Order:
    """An order from its text. Raises ValueError of anything else."""
    try:
        said = json.loads(text)
        if said.pop("format") != _FORMAT:
            raise ValueError("it has another format")
        for name in ("references", "excludes", "damaged"):
            said[name] = tuple(said[name])
        said["restored"] = _restored(said["restored"])
        order = Order(**{**said, "shares": tuple(_share(one) for one in said["shares"])})
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"it is no order ({error})") from error
    for place in (f"{Interval.DAILY}/{order.snapshot}", *order.references):
        _check_place(place)
    return order


def _check_place(place: str) -> None:
    interval, _, name = place.partition("/")
    if SnapshotName.parse(name) is None or interval not in {*map(str, Interval)}:
        raise ValueError(f"{place!r} is no snapshot of a label")


def _restored(said: dict[str, Any] | None) -> Restored | None:
    if said is None:
        return None
    path, chosen = said["path"], said["chosen"]
    return Restored(path and _below(path), None if chosen is None else tuple(map(_below, chosen)), int(said["target"]))


def _share(said: dict[str, Any]) -> Share:
    return Share(tuple(_top(one) for one in said["tops"]), tuple(_below(path) for path in said["trash"]))


def _top(said: dict[str, Any]) -> Top:
    there = None if said["there"] is None else tuple(said["there"])
    return Top(_below(said["path"]), tuple(said["wanted"]), there, int(said["flags"]))


def _below(path: str) -> str:
    if not isinstance(path, str) or _UNSAFE & {*path.split("/")}:
        raise ValueError(f"{path!r} is no path below a directory")
    return path


def shared_out(tops: Sequence[Top], trash: Sequence[str], workers: int) -> tuple[Share, ...]:
    """Deal subtrees out to shares, as many as there can be up to eight for each worker; trash comes last.

    Neighbours go to different shares: what lies side by side is often alike.
    """
    most = workers * SHARES_FOR_EACH
    walks = [Share(tops=tuple(tops[number::most])) for number in range(min(len(tops), most))]
    deletions = [Share(trash=tuple(trash[number::workers])) for number in range(min(len(trash), workers))]
    return (*walks, *deletions)
