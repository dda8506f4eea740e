"""Settings of the program on the instance, read once from its environment file, which the stacks write."""

from dataclasses import dataclass

from efs_backup.domain.operations.settings import Settings, partition_of
from efs_backup.domain.requests.requests import RestoreMode
from efs_backup.domain.requests.tuning import Tuning
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.snapshots.retention import Retention
from efs_backup.domain.snapshots.scrubbing import ScrubRule
from efs_backup.domain.snapshots.selection import Selection
from efs_backup.domain.snapshots.when import read_iso

GIGABYTE = 10**9


@dataclass(frozen=True)
class MachineSettings(Settings):
    """Settings of every instance: 0 operations a second stand for no limit."""

    max_operations_per_second: int

    @property
    def tuning(self) -> Tuning:
        """How copies are done."""
        return Tuning(operations_per_second=self.max_operations_per_second or None)


@dataclass(frozen=True)
class AgentSettings(MachineSettings):
    """The environment of a backup's instance.

    `group_name` is the Auto Scaling group that the instance belongs to; `lifecycle_hold_minutes` the time after which
    the group stops waiting for the agent unless it hears a heartbeat. `backup_access_point` is the one by which the
    policy of the backup file system knows the agent; empty where there is none. An empty `seal_bucket` leaves seals
    beside their snapshots alone. `drill_role` is the role that can read the backup file system and not write to it;
    empty where there are no drills. `retention` holds where `retention_rules` is empty.
    0 `scrub_days` read nothing again, 0 `scrub_gigabytes` are no limit. An empty
    `quiesce_document` makes nothing quiet, an empty `ping_url_parameter` tells no service. `share_queue_url` and
    `dead_share_queue_url` are empty where one instance makes a backup.
    """

    stack_name: str
    table_name: str
    log_bucket: str
    group_name: str
    source_file_system: str
    backup_file_system: str
    backup_access_point: str
    backup_prefix: str
    folder_label: FolderLabel
    interval: Interval
    retention: Retention
    retention_rules: str
    keep_spare: bool
    seal_bucket: str
    drill_role: str
    scrub_days: int
    scrub_gigabytes: int
    quiesce_document: str
    quiesce_tag: str
    ping_url_parameter: str
    lifecycle_hold_minutes: int
    concurrent_backups: int
    workers: int
    share_queue_url: str
    dead_share_queue_url: str
    aws_default_region: str

    @property
    def scrub(self) -> ScrubRule:
        """How much is read again after a backup."""
        return ScrubRule(self.scrub_days, self.scrub_gigabytes * GIGABYTE or None)


@dataclass(frozen=True)
class RestoreSettings(MachineSettings):
    """The environment of a restore's instance.

    The content of `restore_sub_dir` of the snapshot goes into `restore_prefix` of the target file system. An empty
    `restore_as_of` leaves the choice to `backup_number`. `stack_id` is another for each stack, whatever its name. An
    empty `chat_topic_arn` tells no chat.
    """

    stack_id: str
    stack_name: str
    topic_arn: str
    chat_topic_arn: str
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

    @property
    def partition(self) -> str:
        """The part of AWS that the stack is in."""
        return partition_of(self.topic_arn)

    @property
    def selection(self) -> Selection:
        """Which snapshot is meant; a time, in UTC if it says no offset, wins over a number. Raises WrongUsage."""
        if self.restore_as_of:
            return Selection(as_of=read_iso(self.restore_as_of))
        return Selection(number=self.backup_number)
