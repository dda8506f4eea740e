"""The output of rsync: its statistics and its complaints."""

import re
from collections import defaultdict
from dataclasses import dataclass
from enum import Enum

from efs_backup.copy_worker.error_numbers import NO_SPACE, NOT_THERE
from efs_backup.domain.copying.statistics import CopyStatistics

_STATISTIC = re.compile(
    r"^(?P<label>[A-Z][\w ]+): (?P<number>[\d.,' ]*\d)(?: \S+)?(?: \((?P<kinds>.*)\))?$", re.MULTILINE
)
_KIND = re.compile(r"(\w+): ([\d.,']+)")
_COMPLAINT = re.compile(r"^rsync: (?:\[(?P<side>\w+)[^\]]*\] )?(?P<what>.*) \((?P<errno>\d+)\)$")
_GONE = re.compile(r"^(?:file|directory) has vanished: ")
_NO_COMPLAINT = ("rsync error: ", "rsync warning: ", "sh: ", "WARNING: ", "*** ")
_ABOUT_THE_SOURCE = re.compile(
    r"^(?:send_files failed to open|link_stat|readlink_stat|read errors mapping|opendir|readdir|change_dir|fstat)[ (]"
)
_ABOUT_THE_ROOT = "change_dir "
_ABOUT_TWO_PATHS = ("rename ", "symlink ", "link ", "failed to hard-link ")
_HARD_LINK_REFUSED = re.compile(r"^(?:failed to hard-link|link) ")
_PATH = re.compile(r"\"(?P<path>.*)\"")
_TWO_PATHS = '" -> "'
_OLD_TRANSFERRED = "Number of files transferred"
_VERSION = re.compile(r"rsync\s+version v?(\d+)\.(\d+)(?:\.(\d+))?")


def parse_statistics(text: str) -> CopyStatistics:
    """The figures of `--stats`; labels and thousands separators of all versions, 0 for what is not there.

    Several such accounts are added up.
    """
    found: dict[str, list[re.Match[str]]] = defaultdict(list)
    for match in _STATISTIC.finditer(text):
        found[match["label"]].append(match)

    def number(*labels: str) -> int:
        said = next((found[label] for label in labels if label in found), [])
        return sum(_integer(match["number"]) for match in said)

    return CopyStatistics(
        number_of_files=number("Number of files") - sum(map(_directories, found["Number of files"])),
        number_of_files_transferred=number("Number of regular files transferred", _OLD_TRANSFERRED),
        total_file_size=number("Total file size"),
        total_transferred_file_size=number("Total transferred file size"),
        vanished_files=number("Number of vanished files"),
    )


def _directories(match: re.Match[str]) -> int:
    kinds = dict(_KIND.findall(match["kinds"] or ""))
    return _integer(kinds.get("dir", "0"))


def _integer(text: str) -> int:
    return int(re.sub(r"\D", "", text))


def parse_version(text: str) -> tuple[int, int, int] | None:
    """The version that `rsync --version` prints, or None."""
    match = _VERSION.search(text)
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None


class Fault(Enum):
    """The meaning of a complaint for the backup."""

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
    """The complaints in rsync's standard error.

    Its closing summary and what a shell says are none. A line that nobody knows is taken for the worst.
    """
    return [_parse_line(line) for line in text.splitlines() if line.strip() and not line.startswith(_NO_COMPLAINT)]


def _parse_line(line: str) -> Complaint:
    found = _PATH.search(line)
    path = found["path"] if found else None
    if _GONE.match(line):
        return Complaint(Fault.VANISHED, line, path)
    match = _COMPLAINT.match(line)
    text = line.removeprefix("rsync: ")
    if not match:
        return Complaint(Fault.TARGET, text, path)
    fault = _fault_of(match["side"], match["what"], int(match["errno"]))
    if path and match["what"].startswith(_ABOUT_TWO_PATHS):
        path = path.split(_TWO_PATHS)[0]
    return Complaint(fault, text, path)


def _fault_of(side: str | None, what: str, number: int) -> Fault:
    """Before rsync 3.2 there is no side: then the verb tells."""
    if side in {None, "sender"} and _ABOUT_THE_SOURCE.match(what):
        is_gone = number in NOT_THERE and not what.startswith(_ABOUT_THE_ROOT)
        return Fault.VANISHED if is_gone else Fault.SOURCE_UNREADABLE
    if number in NO_SPACE:
        return Fault.BACKUP_FULL
    # A refused hard link becomes a copy; the check of the names finds it if not.
    return Fault.HARMLESS if _HARD_LINK_REFUSED.match(what) else Fault.TARGET
