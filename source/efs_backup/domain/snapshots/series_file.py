"""The file in which a series knows itself: `BACKUP/<label>/series.json`."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from efs_backup.domain.errors import SeriesTooNew, SeriesTorn, WrongUsage
from efs_backup.domain.requests.excludes import ExcludePattern
from efs_backup.domain.snapshots.identity import FileSystem, Mount, Place
from efs_backup.domain.snapshots.link_budget import LinkBudget
from efs_backup.domain.snapshots.names import Interval
from efs_backup.domain.snapshots.retention import HARD_LINK_LIMIT, RETENTION_LIMIT, Retention
from efs_backup.domain.snapshots.window import Window

_T = TypeVar("_T")

SERIES_FILE = "series.json"
FORMAT = 1

_RETAIN, _RULES, _CARRIED_OUT = "retain", "rules", "carried_out"
_COPY_OF = "copy_of"

_MEND = (
    "Mend the file, or remove it: the next backup then writes it anew, with what its options say. Until then nothing is"
    " dropped."
)


@dataclass(frozen=True)
class CopyOf:
    """Of which series the snapshots of a label are a second copy: its label, and where its BACKUP was."""

    label: str
    backup: Place | None = None


@dataclass(frozen=True)
class SeriesFile:
    """The file in which the series of one label tell of themselves.

    source, backup: None where nobody has said yet. mounts: below the source, in the last backup. retention: of each
    interval that has begun. carried_out: the rule by which each was pruned last, or by which it is to be pruned where
    nothing was there to drop; where it is missing, the rule that it has. newest: the snapshot published last, as
    `daily/NAME`; "" before the first. copy_of: where the snapshots are a second copy, of which series. told: what was
    said once, and is not said each night. unknown: the object that was read, so that what a later version adds is kept.
    """

    label: str
    created: datetime
    source: Place | None = None
    mounts: tuple[Mount, ...] = ()
    backup: Place | None = None
    excludes: tuple[ExcludePattern, ...] = ()
    window_minutes: float | None = None
    retention: Mapping[Interval, Retention] = field(default_factory=dict)
    newest: str = ""
    told: tuple[str, ...] = ()
    carried_out: Mapping[Interval, Retention] = field(default_factory=dict)
    copy_of: CopyOf | None = None
    unknown: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def with_rule(self, interval: Interval, retention: Retention, carried_out: Retention | None = None) -> "SeriesFile":
        """The same with this rule for one interval. carried_out: by which it was pruned, where that is not noted."""
        before = self.carried_out_by(interval) or carried_out or retention
        return replace(
            self, retention={**self.retention, interval: retention},
            carried_out={**self.carried_out, interval: before},
        )  # fmt: skip

    def carried_out_by(self, interval: Interval) -> Retention | None:
        """The rule by which a series was pruned last; None where it has none yet."""
        return self.carried_out.get(interval) or self.retention.get(interval)

    def with_carried_out(self, interval: Interval, retention: Retention) -> "SeriesFile":
        """The same after a prune by this rule."""
        return replace(self, carried_out={**self.carried_out, interval: retention})

    def budget(self, pins: int = 0) -> LinkBudget:
        """The links that an unchanged file may need in all series of the label; pins: how many of their snapshots."""
        return LinkBudget(self.retention, pins)

    def crowd(self, pins: int = 0) -> str:
        """A sentence where that may be more than a file can have; "" where it is not."""
        budget = self.budget(pins)
        if budget.is_kept:
            return ""
        return (
            f"The series of the label {self.label} keep {budget.snapshots} snapshots together, and share what is"
            f" unchanged ({budget}): above {RETENTION_LIMIT} a file may reach the limit of {HARD_LINK_LIMIT} hard links"
            " of Amazon EFS, and is copied anew."
        )

    def to_text(self) -> str:
        """The file's text: JSON that every reader takes."""
        intervals = self.unknown.get("intervals", {})
        rules = {
            kind: {**_without_rules(intervals.get(kind, {})), **_rule_json(rule, self.carried_out.get(kind), kind)}
            for kind, rule in self.retention.items()
        }
        known = {
            "format": FORMAT,
            "label": _written(self.label),
            "created": self.created.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "source": _place_json(self.source),
            "mounts": [{"path": _written(mount.path), **_system_json(mount.file_system)} for mount in self.mounts],
            "backup": _place_json(self.backup),
            "excludes": [_written(pattern.text) for pattern in self.excludes],
            "window_minutes": self.window_minutes,
            "intervals": {**intervals, **rules},
            "newest": self.newest,
            **_copy_json(self.copy_of),
            **({"told": list(self.told)} if self.told else {}),
        }
        kept = {name: value for name, value in self.unknown.items() if name != _COPY_OF}
        return json.dumps({**kept, **known}, indent=2, allow_nan=False) + "\n"

    @classmethod
    def parse(cls, text: str, where: str) -> "SeriesFile":
        """The file with this text. Raises SeriesTooNew, or SeriesTorn where it is not what a program has written."""
        try:
            found = json.loads(text)
            number = _of_type(int, found["format"])
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise torn(where, error) from error
        if number > FORMAT:
            raise SeriesTooNew(
                f"The file {where!r} has the format {number}, and this version knows {FORMAT} only.",
                "Use the version of efs-backup that wrote it, or a newer one.",
            )
        try:
            return cls._of_json(found)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, WrongUsage) as error:
            raise torn(where, error) from error

    @classmethod
    def _of_json(cls, found: Mapping[str, Any]) -> "SeriesFile":
        created = datetime.fromisoformat(found["created"])
        intervals = {name: rule for name, rule in found["intervals"].items() if _RETAIN in _of_type(dict, rule)}
        known = {name: rule for name, rule in intervals.items() if name in set(Interval)}
        window = found.get("window_minutes")
        Window.of_minutes(window)
        return cls(
            label=_read(found["label"]),
            created=created if created.tzinfo else created.replace(tzinfo=UTC),
            source=_place_of(found.get("source")),
            mounts=tuple(Mount(_read(mount["path"]), _system_of(mount)) for mount in _list(found, "mounts")),
            backup=_place_of(found.get("backup")),
            excludes=tuple(ExcludePattern(_read(pattern)) for pattern in _list(found, "excludes")),
            window_minutes=window,
            retention={Interval(name): _rule_of(rule, Interval(name)) for name, rule in known.items()},
            carried_out={
                Interval(name): Retention.parse(_of_type(str, rule[_CARRIED_OUT]))
                for name, rule in known.items() if _CARRIED_OUT in rule
            },
            newest=_of_type(str, found.get("newest", "")),
            copy_of=_copy_of(found.get(_COPY_OF)),
            told=tuple(_of_type(str, each) for each in _list(found, "told")),
            unknown=dict(found),
        )  # fmt: skip


def _copy_json(copy_of: CopyOf | None) -> dict[str, Any]:
    if copy_of is None:
        return {}
    return {_COPY_OF: {"label": _written(copy_of.label), "backup": _place_json(copy_of.backup)}}


def _copy_of(found: Mapping[str, Any] | None) -> CopyOf | None:
    return None if found is None else CopyOf(_read(found["label"]), _place_of(found.get("backup")))


def _rule_json(rule: Retention, carried_out: Retention | None, kind: Interval) -> dict[str, Any]:
    """The rule as the version before this knows it, too: a number that drops nothing of what the rules keep."""
    found: dict[str, Any] = {_RETAIN: min(rule.most(kind), RETENTION_LIMIT)}
    if not rule.is_plain:
        found[_RULES] = str(rule)
    return {**found, _CARRIED_OUT: str(carried_out)} if carried_out else found


def _without_rules(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name not in {_RULES, _CARRIED_OUT}}


def _rule_of(found: Mapping[str, Any], kind: Interval) -> Retention:
    """The rules that are stored; the number alone where the version before this has stored another one."""
    retain = Retention(_of_type(int, found[_RETAIN]))
    if _RULES not in found:
        return retain
    rules = Retention.parse(_of_type(str, found[_RULES]))
    return rules if min(rules.most(kind), RETENTION_LIMIT) == retain.last else retain


def torn(where: str, cause: object) -> SeriesTorn:
    """The error of a file that cannot be read."""
    return SeriesTorn(f"The file {where!r}, in which the series knows itself, cannot be read ({cause}).", _MEND)


def _place_json(place: Place | None) -> dict[str, Any] | None:
    if place is None:
        return None
    return {
        "path": _written(place.path), **_system_json(place.file_system),
        "inode": place.inode, "mount_point": _written(place.mount_point),
    }  # fmt: skip


def _system_json(system: FileSystem) -> dict[str, Any]:
    found = {"kind": system.kind, "uuid": system.uuid, "device": _written(system.device)}
    return {**found, "user": system.user} if system.user else found


def _place_of(found: Mapping[str, Any] | None) -> Place | None:
    if found is None:
        return None
    inode = _of_type(int, found["inode"])
    return Place(_read(found["path"]), _system_of(found), inode, _read(found["mount_point"]))


def _system_of(found: Mapping[str, Any]) -> FileSystem:
    user = _of_type(int, found.get("user", 0))
    return FileSystem(_of_type(str, found["kind"]), _of_type(str, found["uuid"]), _read(found["device"]), user)


def _written(text: str) -> str | dict[str, str]:
    """Text, or its bytes where it is no UTF-8, as some names are."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return {"base64": base64.b64encode(text.encode(errors="surrogateescape")).decode()}
    return text


def _read(found: Any) -> str:
    if isinstance(found, dict):
        return base64.b64decode(found["base64"], validate=True).decode(errors="surrogateescape")
    return _of_type(str, found)


def _list(found: Mapping[str, Any], name: str) -> list[Any]:
    return _of_type(list, found.get(name, []))


def _of_type(kind: type[_T], value: Any) -> _T:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value
