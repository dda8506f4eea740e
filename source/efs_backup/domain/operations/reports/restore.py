"""The report to the operator about a restore into the source of a stack, or the undo of one."""

from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.reports.around import Around
from efs_backup.domain.operations.reports.headlines import facts_of
from efs_backup.domain.operations.reports.links import links
from efs_backup.domain.operations.reports.message import Report, Section, first_sentence, subject, table
from efs_backup.domain.operations.reports.times import took
from efs_backup.domain.operations.restore_told import restore_figures, restore_headline, restore_kept


def report_on_restore(restore: BackupRecord, around: Around) -> Report:
    """The report of a restore that has ended."""
    settings, what = around.settings, restore_headline(restore)
    reason = first_sentence(restore.message or "")
    sections = (
        Section("What happened", restore.message or f"The restore ended as {restore.status}."),
        Section("What is kept", restore_kept(restore)),
        Section("What to do", restore.next_step or "Look at the result."),
        Section("Figures", _figures(restore, around)),
        Section("Links", table(links(restore, around.newest, settings))),
    )
    lead = (
        f"{what}.",
        f"{settings.backup_file_system} to {settings.source_file_system}, label {settings.folder_label}",
    )
    facts = facts_of(restore, str(settings.folder_label))._replace(file_system=settings.source_file_system)
    return Report.of(subject(what, reason, settings.stack_name), lead, sections, facts, restore.backup_id)


def _figures(restore: BackupRecord, around: Around) -> str:
    clock = around.clock
    return table([
        ("started", clock.at(restore.start_time)),
        ("ended", clock.at(restore.stop_time) if restore.stop_time else None),
        ("took", took(restore.seconds)),
        *restore_figures(restore),
    ])  # fmt: skip
