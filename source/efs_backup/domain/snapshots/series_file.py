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
from efs_backup.domain.snapshots.names import Interval
from efs_backup.domain.snapshots.retention import RETENTION_LIMIT, Retention
from efs_backup.domain.snapshots.window import Window

_T = TypeVar("_T")

SERIES_FILE = "series.json"
FORMAT = 1

_MEND = (
    "Mend the file, or remove it: the next backup then writes it anew, with what its options say. Until then nothing is"
    " dropped."
)


@dataclass(frozen=True)
class SeriesFile:
    """What the series of one label know of themselves.

    source, backup: None where nobody has said yet. mounts: below the source, in the last backup. retention: of each
    interval that has begun. newest: the snapshot published last, as `daily/NAME`; "" before the first.
    unknown: the object that was read, so that what a later version adds to it is kept.
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
    unknown: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def with_rule(self, interval: Interval, retention: Retention) -> "SeriesFile":
        """The same with this rule for one interval."""
        return replace(self, retention={**self.retention, interval: retention})

    def crowd(self) -> str:
        """A sentence where an unchanged file may need more links than one can have; "" where it does not."""
        together = sum(rule.count for rule in self.retention.values())
        if together <= RETENTION_LIMIT:
            return ""
        return (
            f"The series of the label {self.label} keep {together} snapshots together, and share what is unchanged:"
            f" above {RETENTION_LIMIT} a file may reach the limit of 177 hard links of Amazon EFS, and is copied anew."
        )

    def to_text(self) -> str:
        """The file's text: JSON that every reader takes."""
        intervals = self.unknown.get("intervals", {})
        rules = {kind: {**intervals.get(kind, {}), "retain": rule.count} for kind, rule in self.retention.items()}
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
        }
        return json.dumps({**self.unknown, **known}, indent=2, allow_nan=False) + "\n"

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
        intervals = {name: rule for name, rule in found["intervals"].items() if "retain" in _of_type(dict, rule)}
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
            retention={
                Interval(name): Retention(_of_type(int, rule["retain"]))
                for name, rule in intervals.items() if name in set(Interval)
            },
            newest=_of_type(str, found.get("newest", "")),
            unknown=dict(found),
        )  # fmt: skip


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
