"""Requests that somebody made while no instance ran: the agent carries them out before its backup drops anything."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from efs_backup.domain.errors import BackupError, NothingThere, ServiceFault, WrongUsage
from efs_backup.domain.humanize import clipped
from efs_backup.engine.machine.patience import within
from efs_backup.lib.aws_errors import explained
from efs_backup.lib.insisting import insist, tried

_logger = logging.getLogger(__name__)
_MOST_LETTERS = 1_000


class Request(Protocol):
    """One request, for people."""

    @property
    def what(self) -> str:
        """The thing that is asked for, such as `pin of 20261122T020000Z`."""

    @property
    def who(self) -> str:
        """Who asks."""

    @property
    def protects(self) -> bool:
        """Whether a backup that went on without it might drop what is to be kept."""


_Request = TypeVar("_Request", bound=Request)


@dataclass(frozen=True)
class Asked(Generic[_Request]):
    """The requests of one kind.

    pending: those that wait, in the order in which they came. do: carries one out, and gives what was done, in
    sentences; raises NothingThere, WrongUsage where it makes no sense, BackupError where it cannot be done now.
    done: keeps what became of one, which does not wait any more.
    """

    pending: Callable[[], list[_Request]]
    do: Callable[[_Request], str]
    done: Callable[[_Request, str], None]


def carry_out(asked: Asked[_Request], target: Path) -> list[str]:
    """Do what is asked for, in the order in which it was; gives what was done, in sentences.

    Raises BackupError where the backup might drop what is to be kept: something that protects cannot be done, or nobody
    knows what is asked for.
    """
    told = []
    for request in _pending(asked):
        sentence = _one(asked, target, request)
        _logger.info("%s", sentence)
        told.append(sentence)
    return told


def _pending(asked: Asked[_Request]) -> list[_Request]:
    try:
        with explained():
            return insist(asked.pending)
    except ServiceFault as error:
        raise BackupError(
            f"What was asked to be held or pinned cannot be read: {error.message.rstrip('.')}. Nothing was copied, and"
            " nothing dropped.",
            "See that the instance may read the table of records; the next backup tries it again.",
        ) from error


def _one(asked: Asked[_Request], target: Path, request: _Request) -> str:
    try:
        done = within(lambda: asked.do(request), str(target))
    except (NothingThere, WrongUsage) as refusal:
        done = f"The {request.what} could not be carried out, as {request.who} has asked: {refusal.message}"
    except BackupError as error:
        if request.protects:
            raise
        return f"The {request.what} is carried out by the next backup, as {request.who} has asked: {error.message}"
    tried(lambda: insist(lambda: asked.done(request, clipped(done, _MOST_LETTERS))), None)  # else it is done once more
    return done
