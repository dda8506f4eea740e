"""The environment files of the instances."""

from dataclasses import fields
from datetime import UTC, datetime

import pytest

from efs_backup.domain.errors import SettingsFault
from efs_backup.domain.operations.agent_settings import AgentSettings, RestoreSettings
from efs_backup.domain.requests.requests import RestoreMode
from efs_backup.domain.requests.tuning import Tuning
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.snapshots.retention import Retention
from efs_backup.domain.snapshots.selection import Selection
from tests.domain.environments import RESTORE

_BACKUP = {field.name.upper(): field.name for field in fields(AgentSettings)} | {
    "INTERVAL": "daily", "RETENTION": "7", "RETENTION_RULES": "", "LIFECYCLE_HOLD_MINUTES": "60",
    "CONCURRENT_BACKUPS": "1", "WORKERS": "1", "KEEP_SPARE": "Yes",
    "MAX_OPERATIONS_PER_SECOND": "0", "SCRUB_DAYS": "90", "SCRUB_GIGABYTES": "0",
}  # fmt: skip


def test_a_backup_reads_its_environment() -> None:
    """Each field has its own type."""
    settings = AgentSettings.from_env(_BACKUP)
    assert settings.folder_label == FolderLabel("folder_label")
    assert (settings.interval, settings.retention) == (Interval.DAILY, Retention(7))


def test_a_restore_reads_its_environment() -> None:
    """Each field has its own type."""
    settings = RestoreSettings.from_env(RESTORE)
    assert settings.restore_mode is RestoreMode.MIRROR
    assert settings.dry_run is False
    assert settings.selection == Selection(number=2)


def test_operations_are_limited_where_that_is_asked_for() -> None:
    """CloudFormation knows no empty number: 0 is none."""
    assert AgentSettings.from_env(_BACKUP).tuning == Tuning()
    assert RestoreSettings.from_env(RESTORE).tuning == Tuning(operations_per_second=900)


def test_a_time_wins_over_a_number() -> None:
    """The number has a default, so that it is always there."""
    settings = RestoreSettings.from_env(RESTORE | {"RESTORE_AS_OF": "2026-11-20T12:00:00Z"})
    assert settings.selection == Selection(as_of=datetime(2026, 11, 20, 12, tzinfo=UTC))


@pytest.mark.parametrize("settings", [AgentSettings, RestoreSettings])
def test_what_is_missing_is_named(settings: type[AgentSettings] | type[RestoreSettings]) -> None:
    """All at once, so that it is mended once."""
    with pytest.raises(SettingsFault, match=r"STACK_NAME.*LOG_BUCKET.*AWS_DEFAULT_REGION"):
        settings.from_env({})


@pytest.mark.parametrize("change", [{"RESTORE_MODE": "delete"}, {"DRY_RUN": "perhaps"}, {"BACKUP_NUMBER": "-1"}])
def test_what_cannot_be_read_is_named(change: dict[str, str]) -> None:
    """With the value that it has."""
    (name, value), *_ = change.items()
    with pytest.raises(SettingsFault, match=f"{name} cannot be '{value}'"):
        RestoreSettings.from_env(RESTORE | change)
