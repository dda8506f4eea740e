"""Mails as the operator gets them: one text for each ending, in `mails/`.

`python -m tests.domain.mails` writes them anew; read what has changed as who is woken by it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from efs_backup.domain.copying.comparison import Difference, Kind, Summary
from efs_backup.domain.drill.result import DrillStatus
from efs_backup.domain.errors import FailureReason, RestoreFailed
from efs_backup.domain.operations.agent_settings import RestoreSettings
from efs_backup.domain.operations.instances import not_launched
from efs_backup.domain.operations.record import BackupId, BackupRecord, Mode
from efs_backup.domain.operations.record_endings import without_agent
from efs_backup.domain.operations.report import Report, report_on, report_on_launch_failure, report_on_vanished
from efs_backup.domain.operations.reports.around import around_of
from efs_backup.domain.operations.restore_mark import MayRestore, RestoreMark
from efs_backup.domain.operations.restore_report import report_on_failure, report_on_repeated, report_on_restore
from efs_backup.domain.operations.stop_cause import NOT_BY_US, window_closed
from efs_backup.domain.operations.workflow import Action, Decision, gave_way, skipped, without_report
from efs_backup.domain.requests.requests import RestoreMode
from efs_backup.domain.results import BackupStatus, RestorePlan, RestoreResult, RestoreStatus, SealStatus
from efs_backup.domain.snapshots.names import Interval, SnapshotName
from tests.domain.environments import RESTORE as RESTORE_ENVIRONMENT
from tests.domain.environments import settings_of

PLACE = Path(__file__).with_name("mails")
BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
SETTINGS = settings_of(
    SCHEDULE_TIME_ZONE="Europe/Berlin", BACKUP_SCHEDULE="cron(0 3 * * ? *)", DASHBOARD="nightly-us-east-1",
    DRILL_SCHEDULE="cron(0 12 1 * ? *)",
    RESTORE_TEMPLATE="https://templates.s3.us-east-1.amazonaws.com/efs-backup/1.0.0/efs-restore.template",
)  # fmt: skip
RESTORE = RestoreSettings.from_env(
    {
        **RESTORE_ENVIRONMENT,
        "STACK_NAME": "bring-back",
        "TARGET_FILE_SYSTEM": "fs-0123456789abcdef0",
        "BACKUP_FILE_SYSTEM": "fs-0fedcba9876543210",
        "FOLDER_LABEL": "efs-backup",
        "INTERVAL": "daily",
        "RESTORE_PREFIX": "/home",
        "RESTORE_SUB_DIR": "",
        "RESTORE_MODE": "overlay",
        "LOG_BUCKET": "nightly-logs",
        "TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:nightly-reports",
        "RESTORE_AS_OF": "2026-11-21",
    }
)

RUNNING = BackupRecord(
    backup_id=BackupId("0badcafe"), status=BackupStatus.RUNNING, start_time=START, window_minutes=180,
    interval=Interval.DAILY, retention=7, expires=START + timedelta(days=90), source="fs-0123456789abcdef0",
    backup="fs-0fedcba9876543210", backup_prefix="/home", instance_type="c7g.xlarge",
    instance_id="i-0123456789abcdef0", ami_id="ami-0fedcba9876543210", source_size=0, backup_size=20_000_000_000,
)  # fmt: skip
LOGS = "s3://nightly-logs/efs-backup-logs/efs-backup-backup-fpsync-20261122-0412.log"


def night(days: int, **changes: object) -> BackupRecord:
    """A good night so many days before."""
    start = START - timedelta(days=days)
    known = replace(
        RUNNING, backup_id=BackupId(f"0000000{days}"), start_time=start, status=BackupStatus.SUCCESS,
        stop_time=start + timedelta(minutes=62), snapshot=f"{start:%Y%m%dT%H%M%SZ}", number_of_files=12_480,
        number_of_files_transferred=1_204, total_file_size=2_400_000_000, total_transferred_file_size=310_000_000,
        changed_share=0.0965, changed_files=1_190, removed_files=14, renamed_files=2, kept_snapshots=7,
    )  # fmt: skip
    return replace(known, **changes)  # type: ignore[arg-type]


BEFORE = [night(1), night(2)]
GOOD = night(
    0, backup_id=BackupId("0badcafe"), stop_time=START + timedelta(minutes=90), number_of_files=12_502,
    number_of_files_transferred=89, total_transferred_file_size=1_500_000, changed_share=0.0071, changed_files=65,
    removed_files=2, renamed_files=0, vanished_files=0, attribute_changes=0, seal="ab" * 32,
    seal_status=SealStatus.STORED, seal_address="s3://nightly-seals/seals/efs-backup/daily/20261122T020000Z.json",
    logs=LOGS, series_report="s3://nightly-logs/efs-backup-logs/efs-backup-report-daily-20261122-0330.html",
    message="Snapshot 20261122T020000Z holds 12,502 files.", forecast_seconds=5_700.0, forecast_days_left=210.0,
)  # fmt: skip
CUT_OFF = replace(
    RUNNING, status=BackupStatus.INCOMPLETE, stop_time=START + timedelta(minutes=167), number_of_files=12_440,
    number_of_files_transferred=8_000, total_transferred_file_size=2_100_000_000, logs=LOGS,
    stop_cause=window_closed(RUNNING), next_step="Run the backup again: it continues from what is copied.",
    message=f"Stopped with 8,000 files copied: {window_closed(RUNNING)}. All older snapshots are as they were.",
)  # fmt: skip
FAILED = replace(
    RUNNING, status=BackupStatus.FAILED, stop_time=START + timedelta(minutes=4), logs=LOGS,
    failure_reason=FailureReason.MOUNT_FAILED, message="fs-0123456789abcdef0 cannot be mounted: mount.nfs4 timed out.",
    next_step="Let the mount targets accept NFS (TCP 2049) from the security group of the stack's output.",
)  # fmt: skip
DRILL = replace(
    RUNNING, mode=Mode.DRILL, window_minutes=60, status=BackupStatus.SUCCESS, stop_time=START + timedelta(minutes=9),
    drill_result=DrillStatus.PASSED, drill_files=214, drill_different=0, estimated_restore_seconds=11_400.0,
    snapshot="20261121T020000Z", drill_evidence="s3://nightly-logs/drills/20261122T020000Z.html", logs=LOGS,
    message="Restored 214 files from snapshot 20261121T020000Z, which has 12,480: all are as they were sealed.",
)  # fmt: skip


def told(backup: BackupRecord, *before: BackupRecord) -> Report:
    """The report of a backup after these nights, at the time when it is sent."""
    now = (backup.stop_time or START) + timedelta(minutes=2)
    return report_on(backup, around_of(backup, before or BEFORE, SETTINGS, now, BERLIN))


def plan() -> RestorePlan:
    """A restore of two files."""
    summary = Summary()
    summary.add(Difference("home/alice/thesis.tex", Kind.ADDED))
    summary.add(Difference("home/alice/notes.txt", Kind.CHANGED))
    return RestorePlan(SnapshotName.of(START - timedelta(days=1)), RestoreMode.OVERLAY, "/target", summary)


def _restored(status: RestoreStatus, message: str, next_step: str = "") -> Report:
    return report_on_restore(RestoreResult(status, plan(), message, next_step), RESTORE, LOGS)


_DONE = "This restore was done before, by i-0123456789abcdef0: Success."
_LATER = START + timedelta(hours=5)

MAILS: Mapping[str, Callable[[], Report]] = {
    "success": lambda: told(GOOD),
    "success, the first one": lambda: told(replace(GOOD, kept_snapshots=1), night(9, status=BackupStatus.SKIPPED)),
    "success with a warning": lambda: told(
        replace(GOOD, warning="LeftOut", message=f"{GOOD.message} Left out, for they are too deep: 'home/bob/a'.")
    ),
    "mass change": lambda: told(
        replace(
            GOOD,
            warning="MassChange",
            changed_share=0.6129,
            changed_files=7_660,
            hold="20261121T020000Z",
            message="Snapshot 20261122T020000Z holds 12,502 files. 61.3 % of the files of 20261121T020000Z changed or"
            " went; nothing older is dropped until somebody releases the hold.",
        )
    ),
    "incomplete, the window closed": lambda: told(CUT_OFF),
    "incomplete, of a first backup": lambda: told(CUT_OFF, night(1, status=BackupStatus.FAILED, number_of_files=None)),
    "incomplete, taken away": lambda: told(
        replace(
            CUT_OFF,
            stop_cause=NOT_BY_US,
            message=f"Stopped with 8,000 files copied: {NOT_BY_US}. All older snapshots are as they were.",
        )
    ),
    "incomplete, a person asked": lambda: told(
        replace(
            CUT_OFF,
            stop_cause="somebody has asked for it: the source is being moved",
            message="Stopped with 8,000 files copied: somebody has asked for it: the source is being moved. All older"
            " snapshots are as they were.",
        )
    ),
    "failed, a mount": lambda: told(FAILED),
    "failed, for the third time": lambda: told(
        FAILED,
        night(1, status=BackupStatus.FAILED, number_of_files=None),
        night(2, status=BackupStatus.UNKNOWN),
        night(3),
    ),
    "failed, a boot": lambda: told(
        replace(without_agent(RUNNING, START, "E: Unable to fetch some archives"), first_instance="i-0aaaaaaaaaaaaaaaa")
    ),
    "unknown, without a word": lambda: told(without_report(RUNNING, _LATER, instance_id=RUNNING.instance_id)),
    "unknown, no instance": lambda: told(
        without_report(
            replace(RUNNING, instance_id=None, launch_failure="We currently do not have sufficient capacity."),
            _LATER,
            instance_id=None,
        )
    ),
    "unknown, no record": lambda: report_on_vanished("0badcafe", SETTINGS),
    "skipped": lambda: told(
        skipped(
            RUNNING,
            START,
            Decision(Action.SKIP, "the backup 0000face, started on 2026-11-21 02:00 UTC, is still running"),
        )
    ),
    "waits for an instance": lambda: report_on_launch_failure(
        not_launched(RUNNING, START, "The KMS key is disabled."), SETTINGS
    ),
    "drill passed": lambda: told(DRILL),
    "drill found differences": lambda: told(
        replace(
            DRILL,
            status=BackupStatus.FAILED,
            drill_result=DrillStatus.DIFFERENT,
            drill_different=1,
            message="Restored 214 files from snapshot 20261121T020000Z, which has 12,480: 1 is not as sealed, first"
            " 'home/alice/thesis.tex': other content, already in the snapshot.",
            next_step="Keep the older snapshots until it is known since when.",
        )
    ),
    "drill gave way": lambda: told(gave_way(replace(RUNNING, mode=Mode.DRILL, window_minutes=60), START)),
    "restore": lambda: _restored(RestoreStatus.SUCCESS, "Restored 2 files."),
    "restore planned": lambda: _restored(RestoreStatus.PLANNED, "Nothing was touched."),
    "restore incomplete": lambda: _restored(
        RestoreStatus.INCOMPLETE, "Stopped before the end: SIGTERM was received.", "Look at the target."
    ),
    "restore failed": lambda: report_on_failure(
        RestoreFailed("There is no snapshot of the label efs-backup.", "Choose another label."), RESTORE, LOGS
    ),
    "restore not repeated": lambda: report_on_repeated(
        RestoreMark.of(RESTORE, "i-0123456789abcdef0", START).over(START, "Success", "Restored 2 files.", LOGS),
        MayRestore(yes=False, reason=_DONE),
        RESTORE,
    ),
}


def text_of(report: Report) -> str:
    """A mail with its subject and what it may be filtered by."""
    attributes = "".join(f"{name}: {value}\n" for name, value in report.attributes.items())
    return f"Subject: {report.subject}\n{attributes}\n{report.text}"


if __name__ == "__main__":
    PLACE.mkdir(exist_ok=True)
    for name, make in MAILS.items():
        (PLACE / f"{name}.txt").write_text(text_of(make()))
