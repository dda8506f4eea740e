"""What the operator is told about a restore by the stack."""

from efs_backup.domain.copying.comparison import Kind
from efs_backup.domain.errors import EfsBackupError, RestoreFailed, WrongUsage
from efs_backup.domain.humanize import shown
from efs_backup.domain.operations.agent_settings import RestoreSettings
from efs_backup.domain.operations.report import Report, section, subject_of
from efs_backup.domain.operations.restore_mark import MayRestore, RestoreMark
from efs_backup.domain.requests.requests import RestoreMode, RestoreRequest
from efs_backup.domain.results import RestorePlan, RestoreResult, RestoreStatus

_HEADLINES = {
    RestoreStatus.PLANNED: "was planned, nothing was touched",
    RestoreStatus.SUCCESS: "succeeded",
    RestoreStatus.INCOMPLETE: "is INCOMPLETE",
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
    headline = f"EFS restore {_HEADLINES[result.status]}: {settings.target_file_system}"
    text = "\n\n".join((
        f"{headline}.",
        section("What happened", " ".join((result.message, *result.notes))),
        section("The plan", _plan(result.plan, settings)),
        section("What was moved aside", shown(result.quarantine or "Nothing.")),
        section("What to do next", _next_step(result)),
        _where_to_look(logs, settings),
    ))  # fmt: skip
    return Report(subject_of(f"{headline} [{settings.stack_name}]"), text + "\n")


def _next_step(result: RestoreResult) -> str:
    if result.status is RestoreStatus.INCOMPLETE:
        return f"{result.next_step} {_AGAIN}".strip()
    return result.next_step or "Look at the result."


def _where_to_look(logs: str | None, settings: RestoreSettings) -> str:
    return f"Where to look:\n  log  {logs or f's3://{settings.log_bucket}/'}"


def report_on_failure(error: EfsBackupError, settings: RestoreSettings, logs: str | None) -> Report:
    """The report of a restore that was refused or failed."""
    headline = f"EFS restore FAILED: {settings.target_file_system}"
    text = "\n\n".join((
        f"{headline}.",
        section("What happened", error.message),
        "What is kept:\nThe snapshots: a restore never changes them.",
        section("What to do next", f"{error.next_step or _CORRECT} {_AGAIN}"),
        _where_to_look(logs, settings),
    ))  # fmt: skip
    return Report(subject_of(f"{headline} [{settings.stack_name}]"), text + "\n")


def report_on_repeated(found: RestoreMark, decided: MayRestore, settings: RestoreSettings) -> Report:
    """The report of a restore that was not carried out, for it was before; `found` is the mark of that one."""
    headline = f"EFS restore NOT REPEATED: {settings.target_file_system}"
    text = "\n\n".join((
        f"{headline}.",
        section("What happened", decided.reason),
        section("What was asked for", "\n".join(f"{name}  {shown(value)}" for name, value in found.order.items())),
        "What is kept:\nEverything: nothing was mounted or touched now.",
        section("What to do next", f"Nothing, if the stack was only updated. {_AGAIN}"),
        _where_to_look(found.logs, settings),
    ))  # fmt: skip
    return Report(subject_of(f"{headline} [{settings.stack_name}]"), text + "\n")


def report_on_end_without_result(settings: RestoreSettings, last_words: str, logs: str | None) -> Report:
    """The report of a restore whose agent died for good, or could not begin."""
    message = f"The agent ended without a result. The last lines of its log: {last_words or 'none'}"
    step = "Look at the target and at the log: what was restored so far is there, and the snapshots are as they were."
    return report_on_failure(RestoreFailed(message, step), settings, logs)


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
