"""Attempts at shares: who has begun one, how it stands, and what the leader does about it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

MOST_TRIES = 3
"""After so many attempts without an end a share is taken for one that nobody can do."""

SILENT_SECONDS = 120.0
"""Who works at a share says so every few seconds."""


@dataclass(frozen=True)
class Attempt:
    """An attempt at a share. number: from 0 on, of this share. by: the instance."""

    share: int
    number: int
    by: str

    @property
    def key(self) -> str:
        """The key by which the files of an attempt are named."""
        return f"{self.share}.{self.number}"


@dataclass(frozen=True)
class Standing:
    """How an attempt stands. failure: why it ended without a result; None of one that has not.

    silent: for how many seconds nothing was heard of it, as far as the leader has looked.
    """

    attempt: Attempt
    has_result: bool = False
    failure: str | None = None
    silent: float = 0.0

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self.has_result or self.failure is not None

    @property
    def is_alive(self) -> bool:
        """Whether somebody is at it, as far as one can know."""
        return not self.has_ended and self.silent < SILENT_SECONDS


class Step(StrEnum):
    """The leader's next step about a share that lacks a result."""

    WAIT = "wait"
    TAKE = "do it without being handed it"
    FAIL = "end the backup"


@dataclass(frozen=True)
class Decision:
    """A decision: the step, and the reason for it."""

    step: Step
    reason: str


def decide_share(attempts: Sequence[Standing], *, is_dead: bool, waited: float, patience: float) -> Decision:
    """Decide about a share of which there is no result, and which the queue does not hand to the leader now.

    is_dead: the queue has given it up. waited: seconds since anything of this order was handed to anybody, as far as
    the leader knows; patience: for how long the queue may hide a share that somebody has received.
    """
    if any(one.is_alive for one in attempts):
        return Decision(Step.WAIT, "somebody is at it")
    if is_dead or len(attempts) >= MOST_TRIES:
        return Decision(Step.FAIL, f"{len(attempts)} attempts came to no end{_last_words(attempts)}")
    if attempts and not attempts[-1].has_ended:
        return Decision(Step.TAKE, f"nothing is heard of {attempts[-1].attempt.by}")
    if waited > patience:
        return Decision(Step.TAKE, "the queue hands it to nobody")
    return Decision(Step.WAIT, "the queue hands it over")


def _last_words(attempts: Sequence[Standing]) -> str:
    said = next((one.failure for one in reversed(attempts) if one.failure), "")
    return f"; the last one said: {said}" if said else ""


def doubtful(shares: Collection[int], attempts: Sequence[Attempt]) -> frozenset[int]:
    """Choose the shares that are to be walked again once nobody else is there: those begun more than once, or never.

    Two that are at one directory do no harm to what exists, but one may remove what the other has just made, and be
    ended before it makes it again.
    """
    begun = [one.share for one in attempts]
    return frozenset(share for share in shares if begun.count(share) != 1)
