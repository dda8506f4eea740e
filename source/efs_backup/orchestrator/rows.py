"""The rows of the stack: the first, which its parameters make, and those of the table."""

from dataclasses import replace

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.settings import OrchestratorSettings
from efs_backup.domain.sources.row import Source, identity_of
from efs_backup.domain.sources.serving import settings_for
from efs_backup.domain.sources.table import Taken
from efs_backup.orchestrator.services import Services


def first_taken(settings: OrchestratorSettings) -> Taken:
    """The identity, label, source and interval that the first row takes."""
    label = str(settings.folder_label)
    directory = "/" + "/".join(part for part in settings.backup_prefix.split("/") if part)
    place = (settings.source_file_system, directory)
    return Taken(identity_of(label, settings.interval), label, place, settings.interval.value)


def is_first(settings: OrchestratorSettings, label: str | None, interval: str | None) -> bool:
    """Whether a start is of the first row."""
    own = settings.interval.value
    return label is None or (label, interval or own) == (str(settings.folder_label), own)


def row_asked(services: Services, label: str | None, interval: str | None) -> str:
    """The further row that an event means, LABEL/INTERVAL; "" is the first. Raises NothingThere, WrongUsage."""
    if is_first(services.settings, label, interval):
        return ""
    row = services.sources.read().row(str(label), interval)
    if not row.is_active:
        raise WrongUsage(f"The row {row.identity} is inactive, and no agent would do it: {row.why}.")
    return row.identity


def for_row(services: Services, row: Source) -> Services:
    """The services of a stack as if this row were its first."""
    metrics = services.metrics.of_label(str(row.label))
    return replace(services, settings=row.settings(services.settings), metrics=metrics)


def for_backup(services: Services, backup: BackupRecord) -> Services:
    """The services for what a backup is of."""
    if backup.label is None:
        return services
    metrics = services.metrics.of_label(backup.label)
    return replace(services, settings=settings_for(services.settings, backup), metrics=metrics)


def services_of(services: Services, row: str) -> tuple[Services, Source | None]:
    """The services for a row by its identity, and the row, which is None for the first. Raises NothingThere."""
    if row == first_taken(services.settings).identity:
        return services, None
    label, _, interval = row.rpartition("/")
    found = services.sources.read().row(label, interval)
    return for_row(services, found), found
