"""What the operator is told about a backup."""

from dataclasses import dataclass
from urllib.parse import quote

from efs_backup.domain.drill.result import DrillStatus
from efs_backup.domain.humanize import clipped, counted, shown, shown_lines, sized
from efs_backup.domain.operations.record import BackupRecord, Item
from efs_backup.domain.operations.settings import OrchestratorSettings
from efs_backup.domain.results import BackupStatus, SealStatus
from efs_backup.domain.snapshots.tripwire import percent
from efs_backup.domain.warnings import WarningKind

SUBJECT_LIMIT = 100
"""Characters of a subject, printable ASCII and no line break (Amazon SNS API Reference, "Publish")."""

_HEADLINES = {
    BackupStatus.RUNNING: "is running",
    BackupStatus.SUCCESS: "succeeded",
    BackupStatus.INCOMPLETE: "is INCOMPLETE",
    BackupStatus.FAILED: "FAILED",
    BackupStatus.UNKNOWN: "ended UNKNOWN",
    BackupStatus.SKIPPED: "was SKIPPED",
}

NOT_SENT = "The report could not be sent"
"""How it is told that the operator was not: an alarm of the stack listens for it in the log."""


@dataclass(frozen=True)
class Report:
    """One message to the operator; the subject is what SNS takes for one."""

    subject: str
    text: str


SECTION_LIMIT = 10_000
"""Letters of a section: a message has at most 256 KB (Amazon SNS API Reference, "Publish")."""


def report_on(backup: BackupRecord, newest: BackupRecord | None, settings: OrchestratorSettings) -> Report:
    """The report of a backup that has ended; `newest` is the newest one that published a snapshot."""
    if backup.is_drill:
        return _report_on_drill(backup, settings)
    headline = f"EFS backup {_headline(backup)}: {settings.source_file_system}, {backup.interval}"
    sections = (
        f"{headline}.",
        section("What happened", backup.message or f"The backup ended as {backup.status}."),
        section("What is kept", _kept(backup, newest)),
        section("What to do next", backup.next_step or _next_step(backup)),
        section("Figures", _table(_figures(backup, settings))),
        *_sealed(backup),
        section("Where to look", _table(_places(backup, settings))),
    )
    return Report(subject_of(f"{headline} [{settings.stack_name}]"), "\n\n".join(sections) + "\n")


def _report_on_drill(drill: BackupRecord, settings: OrchestratorSettings) -> Report:
    headline = f"EFS restore drill {_drill_headline(drill)}: {settings.backup_file_system}, {drill.interval}"
    sections = (
        f"{headline}.",
        section("What happened", drill.message or f"The drill ended as {drill.status}."),
        section("What is kept", "Everything: a drill only reads the snapshots."),
        section("What to do next", drill.next_step or "Nothing."),
        section("Figures", _table(_drill_figures(drill))),
        section("Where to look", _table(_places(drill, settings))),
    )
    return Report(subject_of(f"{headline} [{settings.stack_name}]"), "\n\n".join(sections) + "\n")


def _drill_headline(drill: BackupRecord) -> str:
    if drill.drill_result:
        return _DRILL_HEADLINES[drill.drill_result]
    return _HEADLINES[drill.status] + (f" ({drill.failure_reason})" if drill.failure_reason else "")


_DRILL_HEADLINES = {
    DrillStatus.PASSED: "passed",
    DrillStatus.DIFFERENT: "found DIFFERENCES",
    DrillStatus.FAILED: "FAILED",
    DrillStatus.INCOMPLETE: "is INCOMPLETE",
}


def _drill_figures(drill: BackupRecord) -> list[tuple[str, str | None]]:
    return [
        ("drill", drill.backup_id),
        ("started", _time(drill.start_time)),
        ("ended", _time(drill.stop_time)),
        ("took", _minutes(drill.seconds)),
        ("files", _number(drill.drill_files)),
        ("not as sealed", _number(drill.drill_different)),
        ("everything would take", _minutes(drill.estimated_restore_seconds)),
    ]


def _sealed(backup: BackupRecord) -> list[str]:
    """The digest of the seal: the mail is one more place where nobody changes it."""
    if backup.seal is None:
        return []
    return [section("Seal", f"  SHA-256  {backup.seal}\n{_WHAT_A_SEAL_IS_FOR}")]


_WHAT_A_SEAL_IS_FOR = (
    "Keep this line: a snapshot, or one before it, that was changed or removed afterwards does not fit to it"
    " (`efs-backup audit`)."
)


def _headline(backup: BackupRecord) -> str:
    reason = f" ({backup.failure_reason})" if backup.failure_reason else ""
    if backup.status is BackupStatus.SUCCESS and _has(backup, WarningKind.MASS_CHANGE):
        share = f": {percent(backup.changed_share)} of the files changed or went" if backup.changed_share else ""
        return f"MASS CHANGE{share}"
    warned = backup.warning and backup.status is not BackupStatus.FAILED
    warning = f" with a WARNING ({backup.warning})" if warned else ""
    return f"{_HEADLINES[backup.status]}{reason}{warning}"


def _has(backup: BackupRecord, kind: WarningKind) -> bool:
    return kind in (backup.warning or "").split(", ")


def report_on_vanished(backup_id: str, settings: OrchestratorSettings) -> Report:
    """The report of a backup whose record is gone."""
    text = (
        f"An instance of the backup {backup_id} was terminated, but its record in the table {settings.table_name} is"
        " gone, so nothing is known about how it ended.\n\nNo snapshot is ever removed by a backup that fails. Look for"
        f" its log in s3://{settings.log_bucket}, and for its snapshot on {settings.backup_file_system}.\n"
    )
    return Report(subject_of(f"EFS backup UNKNOWN: no record of {backup_id} [{settings.stack_name}]"), text)


def report_on_launch_failure(backup: BackupRecord, settings: OrchestratorSettings) -> Report:
    """The report of a backup that waits for its instance: while it lasts, so that it can still be mended."""
    what, of = (
        ("restore drill", settings.backup_file_system) if backup.is_drill else ("backup", settings.source_file_system)
    )
    headline = f"EFS {what} WAITS for an instance: {of}, {backup.interval}"
    sections = (
        f"{headline}.",
        section("What happened", backup.message or "No instance could be launched."),
        section("What is kept", "All snapshots are untouched. A backup that finds its instance later still begins."),
        section("What to do next", _MEND_THE_LAUNCH),
        section("Where to look", _table(_places(backup, settings))),
    )
    return Report(subject_of(f"{headline} [{settings.stack_name}]"), "\n\n".join(sections) + "\n")


_MEND_THE_LAUNCH = (
    "Nothing, if there is only no capacity now: the group tries on, and you hear how the backup ended. If it lasts for"
    " nights, choose another InstanceType or more Subnets. What does not go by itself: a quota (raise that of the"
    " instance's vCPUs), the KMS key of the account's EBS encryption (let the service-linked role of Auto Scaling use"
    " it), an AMI that is gone (update the stack)."
)


def subject_of(text: str) -> str:
    """The text as a subject: printable ASCII, no line break, at most 100 characters."""
    printable = "".join(letter if " " <= letter <= "~" else "?" for letter in text)
    return printable if len(printable) <= SUBJECT_LIMIT else f"{printable[: SUBJECT_LIMIT - 3]}..."


def _kept(backup: BackupRecord, newest: BackupRecord | None) -> str:
    if backup.status is BackupStatus.SUCCESS:
        held = f" All that are older than {backup.hold} are held: none of them is dropped." if backup.hold else ""
        rules = backup.retention_rules or backup.retention
        there = f" There are {backup.kept_snapshots}." if backup.kept_snapshots else ""
        return f"The snapshot {_name(backup)}, and those before it that the retention ({rules}) keeps.{there}{held}"
    partial = " What was copied is kept too: the next backup continues from it."
    older = (
        f"All older snapshots are untouched; the newest on record is {_name(newest)}." if newest
        else "All older snapshots are untouched; no successful backup is on record."
    )  # fmt: skip
    return older + (partial if backup.status is BackupStatus.INCOMPLETE else "")


def _next_step(backup: BackupRecord) -> str:
    if _has(backup, WarningKind.MASS_CHANGE) or _has(backup, WarningKind.HELD):
        return _DECIDE
    return "Look at what the warning names, under `What happened`." if backup.warning else "Nothing."


_DECIDE = (
    "Find out what changed so much: somebody who knows the data, or `efs-backup diff` between the snapshots before and"
    " after. If it was meant, release the hold: send the orchestrator the event"
    ' {"mode": "backup", "action": "release", "reason": "..."}, and the next backup carries it out. If it was not,'
    " keep the hold, stop whoever writes, and restore from a snapshot that is older than it"
    " (docs/how-to/mass-change.md)."
)


def _name(backup: BackupRecord) -> str:
    return backup.snapshot or f"of {_time(backup.start_time)}"


def _figures(backup: BackupRecord, settings: OrchestratorSettings) -> list[tuple[str, str | None]]:
    return [
        ("backup", backup.backup_id),
        ("started", _time(backup.start_time)),
        ("ended", _time(backup.stop_time)),
        ("took", _minutes(backup.seconds)),
        ("window", counted(backup.window_minutes, "minute")),
        ("may take", _forecast(backup)),
        ("files", _number(backup.number_of_files)),
        ("copied", _number(backup.number_of_files_transferred)),
        ("vanished", _number(backup.vanished_files)),
        ("changed or gone", None if backup.changed_share is None else percent(backup.changed_share)),
        ("other content", _number(backup.changed_files)),
        ("gone", _number(backup.removed_files)),
        ("renamed", _number(backup.renamed_files)),
        ("attributes only", _number(backup.attribute_changes)),
        ("size", _size(backup.total_file_size)),
        ("copied size", _size(backup.total_transferred_file_size)),
        ("source", f"{settings.source_file_system} {_size(backup.source_size) or ''}".strip()),
        ("backup file system", f"{settings.backup_file_system} {_size(backup.backup_size) or ''}".strip()),
        ("burst credits before", _size(backup.source_burst_credit_balance)),
        ("burst credits after", _size(backup.source_burst_credit_balance_after)),
    ]


def _places(backup: BackupRecord, settings: OrchestratorSettings) -> list[tuple[str, str | None]]:
    label = f"{settings.backup_file_system}:/{settings.folder_label}/{backup.interval}"
    return [
        ("snapshot", f"{label}/{backup.snapshot}" if backup.snapshot else None),
        ("evidence", backup.drill_evidence),
        ("report", backup.series_report),
        ("report's page", console_link(backup.series_report)),
        ("seal", backup.seal_address if backup.seal_status is SealStatus.STORED else None),
        ("logs", backup.logs or f"s3://{settings.log_bucket}/"),
        ("record", f"{settings.table_name}, BackupId {backup.backup_id}"),
        ("instance", backup.instance_id),
        ("AMI", backup.ami_id),
        ("instance before", backup.first_instance),
        ("group", settings.group_name),
    ]


def console_link(address: str | None) -> str | None:
    """Where the console of Amazon S3 shows an object, `s3://BUCKET/KEY`, to who may read it."""
    bucket, _, key = (address or "").removeprefix("s3://").partition("/")
    return f"https://console.aws.amazon.com/s3/object/{bucket}?prefix={quote(key, safe='')}" if key else None


def section(title: str, text: str) -> str:
    """A title and its text, of which nothing can be taken for another title or for a terminal's command."""
    return f"{title}:\n{clipped(shown_lines(text), SECTION_LIMIT)}"


def _table(rows: list[tuple[str, str | None]]) -> str:
    known = [(name, value) for name, value in rows if value]
    width = max(len(name) for name, _ in known)
    return "\n".join(f"  {name:<{width}}  {shown(value)}" for name, value in known)


def _time(time: object) -> str | None:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC" if time else None


def _minutes(seconds: float | None) -> str | None:
    return None if seconds is None else f"{seconds / 60:.1f} minutes"


def _forecast(backup: BackupRecord) -> str | None:
    """How long a backup may take these days, and for how long that fits."""
    longest, days = _minutes(backup.forecast_seconds), backup.forecast_days_left
    return longest if longest is None or days is None else f"{longest}, and fills its window in {days:,.0f} days"


def _number(number: int | None) -> str | None:
    return None if number is None else f"{number:,}"


def _size(size: float | None) -> str | None:
    return None if size is None else sized(size)


_IDENTIFYING = (
    "BackupId", "SourceEfsId", "DestinationEfsId", "BackupPrefix", "InstanceId", "AmiId", "ExpireItem", "Message",
    "NextStep", "EC2Logs", "ReportTime", "ReportClaim", "LaunchFailure", "FirstInstanceId", "SealSha256", "SealObject",
    "DrillEvidence", "SeriesReport", "FolderLabel",
)  # fmt: skip


def anonymous(backup: BackupRecord) -> Item:
    """The figures of a backup without anything that names a file system, an instance, a path or a person."""
    return {name: value for name, value in backup.to_item().items() if name not in _IDENTIFYING}
