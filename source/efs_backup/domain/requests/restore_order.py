"""A restore into the source of a stack, as somebody asks the orchestrator for it: read, checked, and kept as text."""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.humanize import as_time, clipped
from efs_backup.domain.requests.asked_restore import AskedRestore
from efs_backup.domain.requests.path_patterns import is_pattern
from efs_backup.domain.requests.requests import RestoreMode
from efs_backup.domain.requests.tuning import Tuning
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.snapshots.selection import Selection
from efs_backup.domain.snapshots.when import read_iso

MOST_PATHS, MOST_LETTERS, MOST_OF_ONE = 100, 20_000, 1_024
"""Paths of one order, letters of all its text, and of one path: a record holds 30,000 letters of one attribute."""

_YES_OR_NO = {"true": True, "yes": True, "false": False, "no": False}


@dataclass(frozen=True)
class RestoreOrder:
    """One restore into the source file system, or the undo of one. Raises WrongUsage where it cannot be meant.

    paths: of the snapshot, patterns too; "/" is all of it. into: a directory of the source file system, from its root;
    None with `to_original`, where each path goes back to its own place. keeps_replaced: None is yes, so that it can be
    undone. undoes: the quarantine of a restore, or the directory into which it went, whose newest one is meant, from
    the file system's root; then nothing else is given but moves_changed: what was changed since makes way, too. by: who
    asks.
    """

    paths: tuple[str, ...] = ()
    into: str | None = None
    to_original: bool = False
    selection: Selection = Selection()
    mode: RestoreMode = RestoreMode.OVERLAY
    keeps_places: bool | None = None
    keeps_replaced: bool | None = None
    dry_run: bool = False
    undoes: str | None = None
    moves_changed: bool = False
    by: str = ""

    def __post_init__(self) -> None:
        for text in (*self.paths, *filter(None, (self.into, self.undoes, self.by, self.selection.name))):
            _check_text(text)
        for path in (*self.paths, *filter(None, (self.into, self.undoes))):
            _check_path(path)
        self._check_undo() if self.undoes is not None else self._check_restore()
        if len(self.paths) > MOST_PATHS or len(self.to_text()) > MOST_LETTERS:
            raise WrongUsage(
                f"An order has {MOST_PATHS} paths at most, and {MOST_LETTERS:,} letters in all.",
                "Give patterns, or the directory above.",
            )

    def _check_undo(self) -> None:
        if self.paths or self.into is not None or self.to_original or self.selection != Selection():
            raise WrongUsage("An undo names a quarantine, and nothing else.")
        if not (self.undoes or "").strip("/"):
            raise WrongUsage(
                "The quarantine cannot be the root of a file system.", "Name the directory .quarantine-... in it."
            )

    def _check_restore(self) -> None:
        if not self.paths:
            raise WrongUsage("Nothing is named that should be restored.", "Give a path; '/' is the whole snapshot.")
        if (self.into is None) is not self.to_original:
            raise WrongUsage("Give one of a directory to restore into, and the original place.")
        if self.moves_changed:
            raise WrongUsage("What was changed since is moved away by an undo alone.")
        _check_number(self.selection.number)
        is_part = any(path.strip("/.") for path in self.paths)
        if self.mode is RestoreMode.MIRROR and is_part and self.into is not None and not self.into.strip("/."):
            raise WrongUsage(
                "A mirror of a part of the snapshot into the root of the file system would move everything else away.",
                "Name the directory that it belongs into, or take overlay.",
            )

    @property
    def writes(self) -> bool:
        """Whether it changes the source file system."""
        return not self.dry_run

    @property
    def may_be_shared(self) -> bool:
        """Whether several instances may be of use: it writes, and names one directory, or all. A file is not told."""
        is_one = len(self.paths) == 1 and not is_pattern(self.paths[0])
        return self.writes and self.undoes is None and is_one

    def asked(self, backup: str, target: str, label: FolderLabel, interval: Interval, tuning: Tuning) -> AskedRestore:
        """The same for an instance, which has mounted both; with `to_original`, `target` is what is backed up."""
        return AskedRestore(
            backup, target, label, interval, self.selection, self.paths,
            keeps_places=True if self.to_original else self.keeps_places, mode=self.mode, tuning=tuning,
            keeps_replaced=self.keeps_replaced is not False,
        )  # fmt: skip

    def to_event(self) -> dict[str, Any]:
        """The members of the event that orders it; what says nothing is left out."""
        chosen = self.selection
        if self.undoes is not None:
            told: dict[str, Any] = {"quarantine": self.undoes, "move_changed": self.moves_changed or None}
        else:
            told = {
                "paths": [*self.paths], "into": self.into, "to_original": self.to_original or None,
                "snapshot": chosen.name, "number": chosen.number,
                "as_of": as_time(chosen.as_of) if chosen.as_of else None, "restore_mode": str(self.mode),
                "keep_paths": self.keeps_places, "keep_replaced": self.keeps_replaced,
            }  # fmt: skip
        told |= {"dry_run": self.dry_run or None, "by": self.by or None}
        return {name: value for name, value in told.items() if value is not None}

    def to_text(self) -> str:
        """One line of JSON, as the record keeps it."""
        return json.dumps(self.to_event(), ensure_ascii=False)

    @classmethod
    def of_event(cls, event: Mapping[str, Any]) -> "RestoreOrder":
        """The order that an event holds. Raises WrongUsage: whoever may send events is not trusted with more."""
        quarantine = _text(event, "quarantine")
        common: dict[str, Any] = {"dry_run": _flag(event, "dry_run") or False, "by": _text(event, "by") or ""}
        if quarantine is not None:
            return cls(undoes=quarantine, moves_changed=_flag(event, "move_changed") or False, **common)
        return cls(
            paths=_paths(event.get("paths", [])), into=_text(event, "into"),
            to_original=_flag(event, "to_original") or False, selection=_selection(event), mode=_mode(event),
            keeps_places=_flag(event, "keep_paths"), keeps_replaced=_flag(event, "keep_replaced"), **common,
        )  # fmt: skip

    @classmethod
    def of_text(cls, text: str) -> "RestoreOrder":
        """The order that a record holds. Raises WrongUsage."""
        try:
            found = json.loads(text)
        except ValueError as error:
            raise WrongUsage(f"The order in the record cannot be read: {error}.") from error
        return cls.of_event(found if isinstance(found, Mapping) else {})

    def told(self) -> str:
        """Say for people what is to be done, without the snapshot."""
        if self.undoes is not None:
            return f"undo of {self.undoes}"
        place = "to where the backup was made of" if self.to_original else f"into {self.into}"
        return f"{', '.join(self.paths)} {place} ({self.mode})"

    def told_snapshot(self) -> str:
        """Which snapshot is meant, for people."""
        chosen = self.selection
        if chosen.as_of is not None:
            return f"the newest that is not younger than {as_time(chosen.as_of)}"
        return chosen.name or (f"number {chosen.number}" if chosen.number else "the newest")


def _check_text(text: str) -> None:
    """Raises WrongUsage of what a terminal, a mail or a log could take for anything but a name."""
    if len(text) > MOST_OF_ONE:
        raise WrongUsage(f"{clipped(text, 40)!r} is longer than {MOST_OF_ONE:,} letters.")
    if any(unicodedata.category(letter) in _UNSEEN for letter in text):
        raise WrongUsage(
            f"{clipped(text, 40)!r} has signs in it that nobody sees: they are not taken from here.",
            "Restore the directory above, or by the restore stack.",
        )


_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of Unicode: controls, what turns the direction of writing, halves of letters, breaks of lines."""


def _check_path(path: str) -> None:
    if not path.strip() or ".." in path.split("/"):
        raise WrongUsage(f"{path!r} is no path from a root; a root itself is '/'.")


def _paths(value: Any) -> tuple[str, ...]:
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(path, str) for path in found):
        raise WrongUsage("The paths are a list of texts.")
    return tuple(path for path in found if path)


def _text(event: Mapping[str, Any], name: str) -> str | None:
    """A text; an empty one is none, as a form sends what nobody has filled in."""
    value = event.get(name)
    if value is not None and not isinstance(value, str):
        raise WrongUsage(f"{name} is a text, not {clipped(repr(value), 40)}.")
    return value or None


def _flag(event: Mapping[str, Any], name: str) -> bool | None:
    value = event.get(name)
    if value is None or isinstance(value, bool):
        return value
    if value == "":
        return None
    if not isinstance(value, str) or value.lower() not in _YES_OR_NO:
        raise WrongUsage(f"{name} is true or false, not {clipped(repr(value), 40)}.")
    return _YES_OR_NO[value.lower()]


def _mode(event: Mapping[str, Any]) -> RestoreMode:
    text = _text(event, "restore_mode") or RestoreMode.OVERLAY.value
    if text not in set(RestoreMode):
        raise WrongUsage(f"There is no mode {clipped(text, 40)!r}: it is {', '.join(RestoreMode)}.")
    return RestoreMode(text)


def _selection(event: Mapping[str, Any]) -> Selection:
    return Selection(_number(event.get("number")), _text(event, "snapshot"), _moment(_text(event, "as_of")))


def _number(value: Any) -> int | None:
    if value is None or value == "":
        return None
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) <= len(str(_MOST_NUMBER))):
        raise _no_number(text)
    return int(text)


def _check_number(number: int | None) -> None:
    if number is not None and not 0 <= number <= _MOST_NUMBER:
        raise _no_number(str(number))


def _no_number(text: str) -> WrongUsage:
    return WrongUsage(f"{clipped(text, 40)!r} is no backup number: 0 is the newest.")


_MOST_NUMBER = 9_999


def _moment(text: str | None) -> datetime | None:
    return None if text is None else read_iso(text)
