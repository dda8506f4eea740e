"""Fleet: the instances that make one backup together, as one of them sees it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from efs_backup.domain.errors import CopyFailed


class QueueFailed(CopyFailed):
    """The queue of the shares does not answer. Nobody has to end for that: shares are taken without it, or later."""


class NotFenced(CopyFailed):
    """Another instance of the fleet may still write: what it has access to must not be published."""


@dataclass(frozen=True)
class Delivery:
    """A share as the queue hands it over: the order it belongs to, its number, and how often it was handed over.

    handle: by which the queue knows this delivery; another for each.
    """

    order: str
    share: int
    times: int
    handle: str


class ShareQueue(Protocol):
    """Hands shares over, each at least once, in any order. Everything raises QueueFailed where it does not answer."""

    def send(self, order: str, shares: Sequence[int]) -> None:
        """Put shares into the queue."""

    def receive(self, seconds: float) -> Delivery | None:
        """Wait so long for a share; None where none came. Nobody else gets it for `hidden_seconds`."""

    @property
    def hidden_seconds(self) -> float:
        """How long a share that was handed over is nobody else's, unless that is extended."""

    def extend(self, delivery: Delivery) -> None:
        """Keep a share for another `hidden_seconds` from now on; one that is another's by now is no failure."""

    def give_back(self, delivery: Delivery) -> None:
        """Let somebody else have it at once; after so many times as the queue allows it is dead."""

    def done(self, delivery: Delivery) -> None:
        """Take it out of the queue; it may be gone."""

    def dead(self) -> list[Delivery]:
        """The shares that were handed over too often, each told once."""


class Fence(Protocol):
    """Keeps the other instances of a fleet away."""

    def expel(self, names: Collection[str], beat: Callable[[], None]) -> None:
        """Have these instances terminated, and return when they are; some may be gone for long.

        beat: as of `close`. Raises NotFenced.
        """

    def close(self, beat: Callable[[], None]) -> None:
        """Have every other instance terminated, and none come; returns when that is so.

        beat: is called every few seconds meanwhile. Raises NotFenced where it cannot be had.
        """


@dataclass(frozen=True)
class Fleet:
    """How many instances are wanted, two at least, and what this one works with.

    name: this instance, of ASCII letters, digits and hyphens.
    """

    workers: int
    name: str
    queue: ShareQueue
    fence: Fence
