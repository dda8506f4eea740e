"""Answers: a fact that an edge was to learn, or why it could not."""

from dataclasses import dataclass
from typing import Generic, Never, TypeVar

T = TypeVar("T")


class NotKnown(Exception):
    """A fact that a decision needs is not known; the text says why."""


@dataclass(frozen=True)
class Known(Generic[T]):
    """A fact that was learned."""

    value: T


@dataclass(frozen=True)
class Unknown:
    """A fact that could not be learned, and a sentence that says why."""

    why: str

    @property
    def value(self) -> Never:
        """Nothing: raises NotKnown."""
        raise NotKnown(self.why)


Answer = Known[T] | Unknown
