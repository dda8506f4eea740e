"""A row: one source of a stack, with its label, schedule, window and rules; and a policy, which makes rows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from efs_backup.domain.errors import RecordFault, WrongUsage
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.settings import OrchestratorSettings
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.snapshots.retention import Retention
from efs_backup.domain.sources.excludes import Excludes, check_excludes, read, written
from efs_backup.domain.sources.schedule import Schedule

SHORTEST_WINDOW, LONGEST_WINDOW = 60, 1320
"""Minutes, as in the form of the stack."""

_FILE_SYSTEM = re.compile(r"fs-[0-9a-f]{8,40}", re.ASCII)
_PREFIX = re.compile(r"/[A-Za-z0-9._@+=/-]*", re.ASCII)
LABEL = r"[A-Za-z0-9_@+=-][A-Za-z0-9._@+=-]{0,254}"
"""A label of a row."""
_LABEL = re.compile(LABEL, re.ASCII)
_POLICY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)

BY_HAND = "by-hand"
"""The value of the tag for a file system whose row somebody adds: it may be mounted, and is not discovered."""


@dataclass(frozen=True)
class Policy:
    """Rules, a schedule and a window under a name. `rules` are those of Retention; an empty `zone` is UTC."""

    name: str
    interval: Interval
    rules: str
    schedule: str
    zone: str
    window_minutes: int

    def checked(self) -> "Policy":
        """The policy, if it can ever work. Raises WrongUsage, which names what cannot."""
        if not _POLICY.fullmatch(self.name) or self.name == BY_HAND:
            raise WrongUsage(f"{self.name!r} is no name of a policy; use letters, digits and . _ -")
        Schedule.parse(self.schedule, self.zone)
        Retention.parse(self.rules)
        if not SHORTEST_WINDOW <= self.window_minutes <= LONGEST_WINDOW:
            raise WrongUsage(
                f"A window of {self.window_minutes} minutes is not possible;"
                f" it has {SHORTEST_WINDOW} to {LONGEST_WINDOW}."
            )
        return replace(self, rules=str(Retention.parse(self.rules)))

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "Policy":
        """The policy that such a mapping holds. Raises RecordFault where it cannot be read."""
        try:
            return policy_from(item)
        except (KeyError, TypeError, ValueError) as error:
            raise RecordFault(f"A policy cannot be read: {type(error).__name__}: {error}.") from error


@dataclass(frozen=True)
class Source:
    """One row. `since`: when it came to be, aware. A row that is not `is_active` starts nothing; `why` says why not.

    `policy` has the label's rules and times; the name of one of the row's own is empty. `is_discovered`: it came by the
    tag of its file system, and goes with it. `excludes`: what is left out, None where the series decides.
    """

    label: FolderLabel
    file_system: str
    prefix: str
    policy: Policy
    since: datetime
    is_active: bool = True
    is_discovered: bool = False
    why: str = ""
    excludes: Excludes | None = None

    @property
    def identity(self) -> str:
        """LABEL/INTERVAL, by which a row is known."""
        return identity_of(str(self.label), self.interval)

    @property
    def interval(self) -> Interval:
        """Which series of the label it makes."""
        return self.policy.interval

    @property
    def place(self) -> tuple[str, str]:
        """The file system and the directory that are backed up, however that is written."""
        return self.file_system, "/" + "/".join(part for part in self.prefix.split("/") if part)

    @property
    def schedule(self) -> Schedule:
        """When it starts. Raises WrongUsage where its time zone is not known here."""
        return Schedule.parse(self.policy.schedule, self.policy.zone)

    def checked(self) -> "Source":
        """The row, if it can ever work. Raises WrongUsage, which names what cannot."""
        if not _LABEL.fullmatch(str(self.label)):
            raise WrongUsage(f"The label {self.label} may have letters, digits and . _ @ + = - alone.")
        if not _FILE_SYSTEM.fullmatch(self.file_system):
            raise WrongUsage(f"{self.file_system!r} is no id of a file system, fs-...")
        if not _PREFIX.fullmatch(self.prefix) or ".." in self.prefix.split("/"):
            raise WrongUsage(f"{self.prefix!r} is no directory, such as /home, of letters, digits and . _ @ + = - /")
        check_excludes(self.excludes or ())
        rules = self.policy if self.policy.name else replace(self.policy, name="own")
        return replace(self, policy=replace(rules.checked(), name=self.policy.name))

    def settings(self, of_stack: OrchestratorSettings) -> OrchestratorSettings:
        """The settings of the stack, with this source in the place of the first."""
        retention = Retention.parse(self.policy.rules)
        return replace(
            of_stack, source_file_system=self.file_system, backup_prefix=self.prefix, folder_label=self.label,
            interval=self.interval, retention=retention, retention_rules=self.policy.rules,
            window_minutes=self.policy.window_minutes,
        )  # fmt: skip

    def to_item(self) -> dict[str, str | int | bool]:
        """The row as it is stored; texts, numbers and truth values."""
        excludes = {} if self.excludes is None else {"Excludes": written(self.excludes)}
        return {
            **excludes,
            "Label": str(self.label), "SourceEfsId": self.file_system, "BackupPrefix": self.prefix,
            "Since": self.since.astimezone(UTC).isoformat(), "Active": self.is_active,
            "Discovered": self.is_discovered, "Why": self.why, **policy_item(self.policy),
        }  # fmt: skip

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "Source":
        """The row that such a mapping holds. Raises RecordFault where it cannot be read."""
        try:
            return cls(
                FolderLabel(str(item["Label"])), str(item["SourceEfsId"]), str(item["BackupPrefix"]),
                policy_from(item), datetime.fromisoformat(str(item["Since"])), bool(item["Active"]),
                bool(item["Discovered"]), str(item["Why"]), read(item.get("Excludes")),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, WrongUsage) as error:
            raise RecordFault(f"A row of the sources cannot be read: {type(error).__name__}: {error}.") from error


def policy_item(policy: Policy) -> dict[str, str | int]:
    """The policy as it is stored."""
    return {
        "Policy": policy.name, "Interval": policy.interval.value, "Rules": policy.rules, "Schedule": policy.schedule,
        "Zone": policy.zone, "Window": policy.window_minutes,
    }  # fmt: skip


def policy_from(item: Mapping[str, Any]) -> Policy:
    """The policy that such a mapping holds. Raises KeyError, TypeError, ValueError."""
    return Policy(
        str(item["Policy"]), Interval(item["Interval"]), str(item["Rules"]), str(item["Schedule"]), str(item["Zone"]),
        int(item["Window"]),
    )  # fmt: skip


def identity_of(label: str, interval: Interval) -> str:
    """How a row is known: LABEL/INTERVAL."""
    return f"{label}/{interval}"


def row_of(backup: BackupRecord, settings: OrchestratorSettings) -> str:
    """The row that a backup is of. A record of the first row, whose parameters the stack has, names no label."""
    return identity_of(backup.label or str(settings.folder_label), backup.interval)
