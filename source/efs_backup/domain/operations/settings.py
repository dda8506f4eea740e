"""Settings of a stack's programs, read once from the environment."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from efs_backup.domain.errors import SettingsFault, WrongUsage
from efs_backup.domain.requests.requests import RestoreMode
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.snapshots.retention import Retention

_YES_OR_NO = {"yes": True, "no": False}
_DIGITS = re.compile(r"\d+(?:\.0)?", re.ASCII)


@dataclass(frozen=True)
class Settings:
    """Settings of a program: each field is read from the environment variable of its name in capitals."""

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read them. Raises SettingsFault, which names every variable that is missing or cannot be read."""
        types = {field.name: field.type for field in fields(cls)}
        missing = [name.upper() for name in types if name.upper() not in environment]
        if missing:
            raise SettingsFault(f"Missing in the environment: {', '.join(missing)}.")
        return cls(**{name: _convert(name.upper(), environment[name.upper()], kind) for name, kind in types.items()})


def retention_of(count: Retention, rules: str) -> Retention:
    """The rules that a stack gives; where it gives none, the number. Raises WrongUsage with the parameter."""
    if not rules.strip():
        return count
    try:
        return Retention.parse(rules)
    except WrongUsage as error:
        raise WrongUsage(
            f"The parameter RetentionRules is wrong. {error.message}", "Set it right by an update of the stack."
        ) from error


def partition_of(arn: str) -> str:
    """The part of AWS that an ARN is of: `aws`, `aws-cn`, `aws-us-gov`."""
    return arn.split(":")[1] if arn.count(":") > 1 else "aws"


@dataclass(frozen=True)
class OrchestratorSettings(Settings):
    """The environment of the orchestrator Lambda.

    `window_minutes` is the length of the backup window; `lifecycle_hold_minutes` the longest time that the group waits
    for an agent to say goodbye. An empty `metrics_endpoint` turns the anonymous metrics off,
    an empty `drill_schedule` drills. `restore_policy` is the policy that lets the `worker_role` write to the source
    while a restore runs; where it is empty none does. Without `further_sources` there is the first row alone; so
    many as `concurrent_backups` rows are backed up at a time, each by `workers` instances. `retention` holds where
    `retention_rules` is empty.
    Reports show times by the clock of `schedule_time_zone` (UTC where it is empty), lead to the `dashboard` where
    one is named, and to a restore stack where it is known where the `restore_template` lies; network and subnets
    (separated by commas) are for that. An empty `chat_topic_arn` tells no chat.
    """

    stack_name: str
    solution_uuid: str
    table_name: str
    topic_arn: str
    log_bucket: str
    group_name: str
    stop_rule_name: str
    source_file_system: str
    backup_file_system: str
    backup_prefix: str
    folder_label: FolderLabel
    interval: Interval
    retention: Retention
    retention_rules: str
    window_minutes: int
    lifecycle_hold_minutes: int
    instance_type: str
    success_notification: bool
    metrics_endpoint: str
    drill_schedule: str
    backup_schedule: str
    schedule_time_zone: str
    dashboard: str
    chat_topic_arn: str
    restore_template: str
    vpc_id: str
    subnets: str
    security_group: str
    restore_policy: str
    worker_role: str
    further_sources: bool
    concurrent_backups: int
    workers: int
    aws_lambda_function_name: str
    aws_region: str

    @property
    def partition(self) -> str:
        """The part of AWS that the stack is in: `aws`, `aws-cn`, `aws-us-gov`."""
        return partition_of(self.topic_arn)


def _convert(variable: str, text: str, kind: Any) -> Any:
    try:
        return _CONVERTERS[kind](text)
    except (ValueError, KeyError, WrongUsage) as error:
        raise SettingsFault(f"The variable {variable} cannot be {text!r}: {error}") from error


def _whole_number(text: str) -> int:
    """CloudFormation may write a Number parameter as `180.0`."""
    if not _DIGITS.fullmatch(text):
        raise ValueError("it must be a whole number.")
    return int(text.removesuffix(".0"))


def _yes_or_no(text: str) -> bool:
    if text.lower() not in _YES_OR_NO:
        raise ValueError("it must be Yes or No.")
    return _YES_OR_NO[text.lower()]


_CONVERTERS: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: _whole_number,
    bool: _yes_or_no,
    FolderLabel: FolderLabel,
    Interval: Interval,
    RestoreMode: RestoreMode,
    Retention: lambda text: Retention(_whole_number(text)),
}
