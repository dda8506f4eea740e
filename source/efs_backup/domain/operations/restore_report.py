"""The report to the operator about a restore by the stack."""

from collections.abc import Iterable

from efs_backup.domain.copying.comparison import Kind
from efs_backup.domain.errors import EfsBackupError, RestoreFailed, WrongUsage
from efs_backup.domain.humanize import shown
from efs_backup.domain.operations.agent_settings import RestoreSettings
from efs_backup.domain.operations.reports.links import console_link
from efs_backup.domain.operations.reports.message import (
    Facts,
    Report,
    Section,
    Severity,
    first_sentence,
    subject,
    table,
)
from efs_backup.domain.operations.restore_events import restore_severity, restore_status
from efs_backup.domain.operations.restore_mark import MayRestore, RestoreMark
from efs_backup.domain.requests.requests import RestoreMode, RestoreRequest
from efs_backup.domain.results import RestorePlan, RestoreResult, RestoreStatus

_HEADS = {
    RestoreStatus.PLANNED: "was planned, nothing was touched",
    RestoreStatus.SUCCESS: "succeeded",
    RestoreStatus.INCOMPLETE: "INCOMPLETE",
}
_CORRECT = "Correct the parameters of the stack, or what the message names."
_AGAIN = (
    "No restore is done twice by itself: to do this one again, delete the stack and deploy it again. Another order"
    " (another snapshot, directory or mode) is carried out when the stack is updated with it."
)
_UNTOUCHED = "overlay adds and overwrites; it deletes nothing"


def restore_request(settings: RestoreSettings, backup: str, target: str) -> RestoreRequest:
    """The order that the settings ask for, with directories where the file systems are mounted.

    Raises WrongUsage for the mirror of a part of the snapshot into the target's root: it would delete everything else.
    """
    into_root = not settings.restore_prefix.strip("/")
    if settings.restore_mode is RestoreMode.MIRROR and settings.restore_sub_dir.strip("/") and into_root:
        raise WrongUsage(
            f"A mirror of {settings.restore_sub_dir!r} into the root of {settings.target_file_system} would delete"
            " everything else there. Nothing was touched.",
            "Name the directory that it belongs into (RestorePrefix), or restore with RestoreMode overlay.",
        )
    return RestoreRequest(
        backup, target, settings.folder_label, settings.interval, settings.selection,
        (settings.restore_sub_dir.strip("/"),), settings.restore_mode, settings.tuning,
    )  # fmt: skip


def report_on_restore(result: RestoreResult, settings: RestoreSettings, logs: str | None) -> Report:
    """The report of a restore that was planned or carried out."""
    sections = (
        Section("What happened", " ".join((result.message, *result.notes))),
        Section("The plan", _plan(result.plan, settings)),
        Section("What was moved aside", shown(result.quarantine or "Nothing.")),
        Section("What to do", _to_do(result)),
        Section("Links", _links(logs, settings)),
    )
    facts = _facts(str(result.status), restore_severity(result), settings)
    return _report(_HEADS[result.status], _reason(result), sections, facts, settings)


def _reason(result: RestoreResult) -> str:
    plan = result.plan
    if result.status is RestoreStatus.INCOMPLETE:
        return first_sentence(result.message)
    return f"{plan.created:,} created, {plan.replaced:,} replaced, of {plan.snapshot}"


def _to_do(result: RestoreResult) -> str:
    if result.status is RestoreStatus.INCOMPLETE:
        return f"{result.next_step} {_AGAIN}".strip()
    if result.status is RestoreStatus.PLANNED:
        return result.next_step or "If this is what you want, update the stack with DryRun=No."
    return result.next_step or "Look at the result; then delete the stack, which leaves what was restored."


def report_on_failure(error: EfsBackupError, settings: RestoreSettings, logs: str | None) -> Report:
    """The report of a restore that was refused or failed."""
    sections = (
        Section("What happened", error.message),
        Section("What is kept", "The snapshots: a restore never changes them."),
        Section("What to do", f"{error.next_step or _CORRECT} {_AGAIN}"),
        Section("Links", _links(logs, settings)),
    )
    facts = _facts(restore_status(error), restore_severity(error), settings)
    return _report("FAILED", first_sentence(error.message), sections, facts, settings)


def report_on_repeated(found: RestoreMark, decided: MayRestore, settings: RestoreSettings) -> Report:
    """The report of a restore that was not carried out, for it was before; `found` is the mark of that one."""
    sections = (
        Section("What happened", decided.reason),
        Section("What was asked for", table([(name, str(value)) for name, value in found.order.items()])),
        Section("What is kept", "Everything: nothing was mounted or touched now."),
        Section("What to do", f"Nothing, if the stack was only updated. {_AGAIN}"),
        Section("Links", _links(found.logs, settings)),
    )
    facts = _facts("NotRepeated", Severity.INFO, settings)
    return _report("NOT REPEATED", "it was done before", sections, facts, settings)


def report_on_end_without_result(settings: RestoreSettings, last_words: str, logs: str | None) -> Report:
    """The report of a restore whose agent died for good, or could not begin."""
    return report_on_failure(ended_without_result(last_words), settings, logs)


def ended_without_result(last_words: str) -> RestoreFailed:
    """The end of a restore whose agent died for good; `last_words` are the last lines of its log."""
    message = f"The agent ended without a result. The last lines of its log: {last_words or 'none'}"
    step = "Look at the target and at the log: what was restored so far is there, and the snapshots are as they were."
    return RestoreFailed(message, step)


def _report(
    head: str, reason: str, sections: Iterable[Section], facts: Facts, settings: RestoreSettings
) -> Report:  # fmt: skip
    what = f"EFS restore {head}"
    snapshots = f"{settings.backup_file_system}, label {settings.folder_label}, {settings.interval}"
    into = f"{settings.target_file_system}:/{settings.restore_prefix.strip('/')}"
    lead = (f"{what}: {reason}.", f"{snapshots}, into {into}")
    return Report.of(subject(what, reason, settings.stack_name), lead, sections, facts, settings.stack_name)


def _facts(status: str, severity: Severity, settings: RestoreSettings) -> Facts:
    return Facts(status, severity, str(settings.folder_label), settings.target_file_system)


def _links(logs: str | None, settings: RestoreSettings) -> str:
    return table([
        ("log", logs or f"s3://{settings.log_bucket}/"),
        ("log's page", console_link(logs, settings.partition)),
    ])  # fmt: skip


def _plan(plan: RestorePlan, settings: RestoreSettings) -> str:
    extra = "moved aside" if plan.mode is RestoreMode.MIRROR else f"left alone ({_UNTOUCHED})"
    lines = [
        f"  snapshot  {plan.snapshot}, of it /{shown(settings.restore_sub_dir.strip('/'))}",
        f"  into      {settings.target_file_system}:/{shown(settings.restore_prefix.strip('/'))}",
        f"  mode      {plan.mode}",
        f"  created   {plan.created:,}",
        f"  replaced  {plan.replaced:,}",
        f"  extra     {plan.extra:,}, {extra}",
    ]
    first = [f"  {kind}: {shown(path)}" for kind in Kind for path in plan.summary.first(kind)]
    return "\n".join(lines + first)
