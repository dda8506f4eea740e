"""Findings, and the checks that come to them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from efs_backup.domain.doctor.answer import NotKnown
from efs_backup.domain.errors import ExitCode, WrongUsage

Facts = TypeVar("Facts")


class Level(StrEnum):
    """How much a finding matters. A fault makes a backup fail, or lets it go untold; a warning may one day."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Found:
    """A fault, or a thing that could not be seen. command: a line of a shell that mends it; "" for none."""

    level: Level
    what: str
    command: str = ""


def fault(what: str, command: str = "") -> Found:
    """Something makes a backup fail, or lets it go untold."""
    return Found(Level.FAULT, what, command)


def warning(what: str, command: str = "") -> Found:
    """Something costs money or safety, or may make a backup fail one day."""
    return Found(Level.WARNING, what, command)


def unknown(what: str, command: str = "") -> Found:
    """Nobody could tell; the command lets one find out."""
    return Found(Level.UNKNOWN, what, command)


@dataclass(frozen=True)
class Finding:
    """A check's finding, as it is told. id: of the check; why: it matters."""

    id: str
    level: Level
    what: str
    why: str = ""
    command: str = ""


@dataclass(frozen=True)
class Check(Generic[Facts]):
    """One question about a set-up. sound: the sentence where nothing is wrong; why: it matters."""

    id: str
    sound: str
    why: str
    decide: Callable[[Facts], Iterable[Found]]

    def findings(self, facts: Facts) -> list[Finding]:
        """Findings about what is wrong, or that nothing is; those made before a fact is missing count too."""
        found = list[Finding]()
        try:
            for one in self.decide(facts):
                found.append(Finding(self.id, one.level, one.what, self.why, one.command))
        except NotKnown as missing:
            found.append(Finding(self.id, Level.UNKNOWN, str(missing), self.why))
        return found or [Finding(self.id, Level.OK, self.sound)]


def chosen(checks: Sequence[Check[Facts]], only: Sequence[str]) -> list[Check[Facts]]:
    """The checks with these ids, or all, in the order of the table. Raises WrongUsage."""
    ids = [check.id for check in checks]
    if strange := [one for one in only if one not in ids]:
        raise WrongUsage(f"There is no check {strange[0]!r}; there are: {', '.join(ids)}.")
    return [check for check in checks if not only or check.id in only]


def examine(checks: Sequence[Check[Facts]], facts: Facts) -> list[Finding]:
    """The findings of all these checks, in their order."""
    return [finding for check in checks for finding in check.findings(facts)]


def exit_code_of(findings: Iterable[Finding]) -> ExitCode:
    """6 where something is not as it has to be, 3 where something could not be seen, else 0: warnings are allowed."""
    levels = {finding.level for finding in findings}
    if Level.FAULT in levels:
        return ExitCode.DIFFERENT
    return ExitCode.INCOMPLETE if Level.UNKNOWN in levels else ExitCode.DONE
