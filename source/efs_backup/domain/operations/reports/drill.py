"""The report to the operator about a drill."""

from efs_backup.domain.drill.result import DrillStatus
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.reports.around import Around
from efs_backup.domain.operations.reports.coming import next_start_text
from efs_backup.domain.operations.reports.headlines import facts_of, head
from efs_backup.domain.operations.reports.links import links
from efs_backup.domain.operations.reports.message import Facts, Report, Section, first_sentence, subject, table
from efs_backup.domain.operations.reports.times import Clock, took

_HEADS = {
    DrillStatus.PASSED: "passed",
    DrillStatus.DIFFERENT: "found DIFFERENCES",
    DrillStatus.FAILED: "FAILED",
    DrillStatus.INCOMPLETE: "INCOMPLETE",
}


def report_on_drill(drill: BackupRecord, around: Around) -> Report:
    """The report of a drill that has ended."""
    settings = around.settings
    what = f"EFS restore drill {_head(drill)}"
    reason = first_sentence(drill.message or "")
    sections = (
        Section("What happened", drill.message or f"The drill ended as {drill.status}."),
        Section("What is kept", "Everything: a drill only reads the snapshots."),
        Section("What happens next", next_start_text(drill, around)),
        Section("What to do", drill.next_step or "Nothing."),
        Section("Figures", _figures(drill, around.clock)),
        Section("Links", table(links(drill, around.newest, settings))),
    )
    lead = (f"{what}.", f"Snapshots in {settings.backup_file_system}, label {settings.folder_label}, {drill.interval}")
    return Report.of(subject(what, reason, settings.stack_name), lead, sections, _facts(drill, around), drill.backup_id)


def _facts(drill: BackupRecord, around: Around) -> Facts:
    facts = facts_of(drill, str(around.settings.folder_label))
    return facts._replace(file_system=around.settings.source_file_system)


def _head(drill: BackupRecord) -> str:
    return _HEADS[drill.drill_result] if drill.drill_result else head(drill)


def _figures(drill: BackupRecord, clock: Clock) -> str:
    return table([
        ("started", clock.at(drill.start_time)),
        ("ended", clock.at(drill.stop_time) if drill.stop_time else None),
        ("took", took(drill.seconds)),
        ("files", None if drill.drill_files is None else f"{drill.drill_files:,}"),
        ("not as sealed", f"{drill.drill_different:,}" if drill.drill_different else None),
        ("everything would take", took(drill.estimated_restore_seconds)),
    ])  # fmt: skip
