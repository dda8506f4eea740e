"""What rsync says: its statistics and its complaints."""

import errno
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from efs_backup.domain.backup import CopyStatistics

_STATISTIC = re.compile(
    r"^(?P<label>[A-Z][\w ]+): (?P<number>[\d.,' ]*\d)(?: \S+)?(?: \((?P<kinds>.*)\))?$", re.MULTILINE
)
_KIND = re.compile(r"(\w+): ([\d.,']+)")
_COMPLAINT = re.compile(r"^rsync: (?:\[(?P<side>\w+)[^\]]*\] )?(?P<what>.*?) \((?P<errno>\d+)\)$")
_VANISHED = re.compile(r"^file has vanished: ")
_PATH = re.compile(r"\"(?P<path>[^\"]*)\"")
_ESCAPE = re.compile(r"\\#(\d{3})")
_HARD_LINK_REFUSED = re.compile(r"failed to hard-link|^link ")
_OLD_TRANSFERRED = "Number of files transferred"
_VERSION = re.compile(r"rsync\s+version v?(\d+)\.(\d+)(?:\.(\d+))?")


def parse_statistics(text: str) -> CopyStatistics:
    """The figures of `--stats`; labels and thousands separators of all versions, 0 for what is not there."""
    found = {match["label"]: match for match in _STATISTIC.finditer(text)}

    def number(*labels: str) -> int:
        return next((_integer(found[label]["number"]) for label in labels if label in found), 0)

    return CopyStatistics(
        number_of_files=number("Number of files") - _directories(found.get("Number of files")),
        number_of_files_transferred=number("Number of regular files transferred", _OLD_TRANSFERRED),
        total_file_size=number("Total file size"),
        total_transferred_file_size=number("Total transferred file size"),
    )


def _directories(match: re.Match[str] | None) -> int:
    kinds = dict(_KIND.findall(match["kinds"] or "")) if match else {}
    return _integer(kinds.get("dir", "0"))


def _integer(text: str) -> int:
    return int(re.sub(r"\D", "", text))


def parse_version(text: str) -> tuple[int, int, int] | None:
    """The version that `rsync --version` prints, or None."""
    match = _VERSION.search(text)
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None


class Fault(Enum):
    """What a complaint means for the backup."""

    HARMLESS = "harmless"
    VANISHED = "vanished"
    SOURCE_UNREADABLE = "source unreadable"
    BACKUP_FULL = "backup full"
    TARGET = "target refused"


@dataclass(frozen=True)
class Complaint:
    """One line that rsync wrote to its standard error, and what it means."""

    fault: Fault
    text: str
    path: str | None = None


def parse_complaints(text: str) -> list[Complaint]:
    """The complaints in rsync's standard error; its closing summary and other programs' lines are none."""
    return [complaint for line in text.splitlines() if (complaint := _parse_line(line))]


def _parse_line(line: str) -> Complaint | None:
    path = _PATH.search(line)
    where = path["path"] if path else None
    if _VANISHED.match(line):
        return Complaint(Fault.VANISHED, line, where)
    match = _COMPLAINT.match(line)
    if not match:
        return Complaint(Fault.TARGET, line, where) if line.startswith("ERROR: ") else None
    return Complaint(_fault_of(match), line.removeprefix("rsync: "), where)


def _fault_of(match: re.Match[str]) -> Fault:
    number = int(match["errno"])
    if match["side"] == "sender":
        return Fault.VANISHED if number == errno.ENOENT else Fault.SOURCE_UNREADABLE
    if number in {errno.ENOSPC, errno.EDQUOT}:
        return Fault.BACKUP_FULL
    if _HARD_LINK_REFUSED.search(match["what"]):
        return Fault.HARMLESS  # rsync then makes a copy; the check of the names finds it if not
    return Fault.TARGET


def unescape(text: str) -> str:
    r"""A path, from rsync's spelling of it: `\#012` is a newline; bytes that are no UTF-8 become surrogates."""
    raw = _ESCAPE.sub(lambda match: chr(int(match[1], 8)), text)
    return raw.encode("latin-1", errors="replace").decode(errors="surrogateescape")


def first_paths(complaints: Iterable[Complaint], most: int = 3) -> str:
    """The first few paths, for a sentence."""
    paths = list(dict.fromkeys(unescape(found.path) for found in complaints if found.path))
    named = ", ".join(repr(path) for path in paths[:most])
    return named + (f" and {len(paths) - most} more" if len(paths) > most else "")
