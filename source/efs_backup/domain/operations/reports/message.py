"""One message to the operator, and the parts that it is made of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from efs_backup.domain.humanize import clipped, shown, shown_lines

NOT_SENT = "The report could not be sent"
"""How it is told that the operator was not: an alarm of the stack listens for it in the log."""

SUBJECT_LIMIT = 100
"""Characters of a subject, printable ASCII and no line break (Amazon SNS API Reference, "Publish")."""

SECTION_LIMIT = 10_000
"""Letters of a section: a message has at most 256 KB (Amazon SNS API Reference, "Publish")."""

_LEAST_REASON = 20
_MOST_PREFIX = 30


class Severity(StrEnum):
    """How soon somebody should look: not at all, this week, at once."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Facts(NamedTuple):
    """The facts that subscriptions filter by; each is an attribute of the message."""

    status: str
    severity: Severity
    label: str
    file_system: str

    def attributes(self) -> dict[str, str]:
        """The attributes by their names; Amazon SNS takes none that is empty."""
        known = {
            "status": self.status, "severity": str(self.severity), "label": self.label, "fileSystem": self.file_system,
        }  # fmt: skip
        return {name: shown(value) for name, value in known.items() if value}


class Section(NamedTuple):
    """A title and its text."""

    title: str
    text: str

    def __str__(self) -> str:
        return section(self.title, self.text)


@dataclass(frozen=True)
class Report:
    """One message to the operator; the subject is what SNS takes for one. `sections` are those of the text."""

    subject: str
    text: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    sections: tuple[Section, ...] = ()
    thread: str = ""

    @classmethod
    def of(
        cls, subject: str, lead: Iterable[str], sections: Iterable[Section], facts: Facts, thread: str = ""
    ) -> "Report":  # fmt: skip
        """The report with these sections, but for those without text; the lines of `lead` stand before them."""
        told = tuple(each for each in sections if each.text)
        first = "\n".join(clipped(shown(line), SECTION_LIMIT) for line in lead)
        text = "\n\n".join((first, *map(str, told))) + "\n"
        return cls(subject, text, facts.attributes(), told, thread)


def subject_of(text: str) -> str:
    """The text as a subject: printable ASCII, no line break, at most 100 characters."""
    printable = "".join(letter if " " <= letter <= "~" else "?" for letter in text)
    return printable if len(printable) <= SUBJECT_LIMIT else f"{printable[: SUBJECT_LIMIT - 3]}..."


def subject(head: str, reason: str, where: str) -> str:
    """A subject of what, why and where: `HEAD: REASON [WHERE]`. Of a long reason the end is cut, never the rest."""
    room = SUBJECT_LIMIT - len(f"{head}:  [{where}]")
    short = reason if len(reason) <= room else f"{reason[: max(room - 3, 0)].rstrip()}..."
    told = f": {short}" if short and room >= min(_LEAST_REASON, len(reason)) else ""
    return subject_of(f"{head}{told} [{where}]")


def prefixed(prefix: str, told: str) -> str:
    """A subject with a prefix: `PREFIX: HEAD: REASON [WHERE]`. Of both a long prefix and a long reason the end is cut.

    Who hears of several file systems reads first which one it is, and never misses what and where.
    """
    short = prefix if len(prefix) <= _MOST_PREFIX else f"{prefix[: _MOST_PREFIX - 3]}..."
    head, bracket, where = told.rpartition(" [") if " [" in told else (told, "", "")
    tail = f"{bracket}{where}"
    room = SUBJECT_LIMIT - len(f"{short}: {tail}")
    cut = head if len(head) <= room else f"{head[: max(room - 3, 0)].rstrip()}..."
    return subject_of(f"{short}: {cut}{tail}")


def first_sentence(text: str) -> str:
    """A text up to the end of its first sentence, on one line and without its dot."""
    line = " ".join(text.split())
    for end, letter in enumerate(line):
        if letter == "." and line[end + 1 : end + 2] in ("", " "):
            return line[:end]
    return line


def section(title: str, text: str) -> str:
    """A title and its text, of which nothing can be taken for another title or for a terminal's command."""
    return f"{title}:\n{clipped(shown_lines(text), SECTION_LIMIT)}"


def listed(items: Iterable[str]) -> str:
    """A list of sentences, one a line."""
    return "\n".join(f"- {item}" for item in items)


def table(rows: Iterable[tuple[str, str | None]]) -> str:
    """Names and values, one a line; what has no value is left out."""
    known = [(name, value) for name, value in rows if value]
    width = max((len(name) for name, _ in known), default=0)
    return "\n".join(f"  {name:<{width}}  {shown(value)}" for name, value in known)
