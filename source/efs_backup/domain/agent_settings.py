"""What the stacks tell the program on the instance, read once from its environment file."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from efs_backup.domain.errors import SettingsFault
from efs_backup.domain.orders import RestoreMode
from efs_backup.domain.settings import _read
from efs_backup.domain.snapshots import FolderLabel, Interval, Retention, Selection


@dataclass(frozen=True)
class AgentSettings:
    """The environment of a backup's instance: each field is read from the variable of its name in capitals.

    `group_name` is the Auto Scaling group that the instance belongs to; `lifecycle_hold_minutes` the time after which
    the group stops waiting for the agent unless it hears a heartbeat.
    """

    stack_name: str
    table_name: str
    log_bucket: str
    group_name: str
    source_file_system: str
    backup_file_system: str
    backup_prefix: str
    folder_label: FolderLabel
    interval: Interval
    retention: Retention
    lifecycle_hold_minutes: int
    aws_default_region: str

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> "AgentSettings":
        """Read them. Raises SettingsFault, which names every variable that is missing or cannot be read."""
        return cls(**_read(environment, _types(cls)))


@dataclass(frozen=True)
class RestoreSettings:
    """The environment of a restore's instance: each field is read from the variable of its name in capitals.

    The content of `restore_sub_dir` of the snapshot goes into `restore_prefix` of the target file system. An empty
    `restore_as_of` leaves the choice to `backup_number`.
    """

    stack_name: str
    topic_arn: str
    log_bucket: str
    group_name: str
    target_file_system: str
    backup_file_system: str
    folder_label: FolderLabel
    interval: Interval
    backup_number: int
    restore_as_of: str
    restore_prefix: str
    restore_sub_dir: str
    restore_mode: RestoreMode
    dry_run: bool
    aws_default_region: str

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> "RestoreSettings":
        """Read them. Raises SettingsFault, which names every variable that is missing or cannot be read."""
        values = _read(environment, {**_types(cls), "restore_mode": str})
        return cls(**{**values, "restore_mode": _mode(values["restore_mode"])})

    @property
    def selection(self) -> Selection:
        """Which snapshot is meant; a time wins over a number."""
        return Selection(as_of=self.restore_as_of) if self.restore_as_of else Selection(number=self.backup_number)


def _types(settings: type[AgentSettings] | type[RestoreSettings]) -> dict[str, Any]:
    return {field.name: field.type for field in fields(settings)}


def _mode(text: str) -> RestoreMode:
    try:
        return RestoreMode(text)
    except ValueError as error:
        raise SettingsFault(f"The variable RESTORE_MODE cannot be {text!r}: {error}") from error
