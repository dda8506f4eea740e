"""Mails and log lines about further file systems of a stack: they lead to that file system, and to no other."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.operations.ended_line import ended_line
from efs_backup.domain.operations.record import BackupId, BackupRecord, Mode
from efs_backup.domain.operations.report import report_on
from efs_backup.domain.operations.reports.around import around_of
from efs_backup.domain.operations.reports.message import SUBJECT_LIMIT, prefixed
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.sources.serving import headed
from tests.domain.mails import BERLIN, FAILED, GOOD, SETTINGS, START, night

_WEB = replace(GOOD, label="web", source="fs-0aaaaaaaaaaaaaaaa")
_HELD = replace(_WEB, warning="MassChange", hold=GOOD.snapshot, changed_share=0.9)


def _text(backup: BackupRecord, *before: BackupRecord) -> str:
    return report_on(backup, around_of(backup, before, SETTINGS, START, BERLIN)).text


def test_who_is_told_to_release_a_hold_is_told_of_which_file_system() -> None:
    """The command as it stands would end the hold of the stack's first row."""
    assert "`efs-backup stack release --label web --interval daily --reason WHY`" in _text(_HELD)
    assert "`efs-backup stack release --reason WHY`" in _text(replace(_HELD, label=None))


def test_no_mail_of_a_further_row_leads_to_a_restore_into_the_first() -> None:
    """The stack restores into its first source alone."""
    text = _text(_WEB)
    assert "stack restore" not in text
    assert "efs-backup restore BACKUP TARGET --label web --interval daily --as-of" in text
    assert "efs-backup stack restore" in _text(GOOD)


def test_a_restore_in_between_is_no_snapshot_on_record() -> None:
    """A restore has the snapshot that it restored, and its own time: no backup has succeeded since."""
    restore = replace(night(1), backup_id=BackupId("00000099"), mode=Mode.RESTORE, snapshot="20261101T020000Z")
    text = _text(FAILED, night(2), replace(FAILED, backup_id=BackupId("00000003"), start_time=restore.start_time))
    with_restore = _text(
        FAILED, night(2), restore, replace(FAILED, backup_id=BackupId("00000003"), start_time=restore.start_time)
    )
    assert "the newest on record is 20261120T020000Z" in text
    assert with_restore == text


def test_the_line_of_an_end_tells_the_label_of_its_record_and_what_it_was() -> None:
    """Whoever ends it: a look, a reconcile, an event about an instance. A restore is no backup in the table."""
    assert ended_line(replace(GOOD, label="web"), "efs-backup")["label"] == "web"
    assert ended_line(GOOD, "efs-backup")["label"] == "efs-backup"
    assert ended_line(replace(GOOD, mode=Mode.RESTORE), "efs-backup")["kind"] == "restore"


@given(st.text("abc-_.", min_size=1, max_size=255), st.text("xyz ", max_size=200))
def test_a_label_of_any_length_leaves_what_happened_and_where(label: str, cause: str) -> None:
    """In a subject of a hundred characters."""
    failed = replace(FAILED, label=label, message=cause)
    told = headed(failed, report_on(failed, around_of(failed, (), SETTINGS, START))).subject
    assert len(told) <= SUBJECT_LIMIT
    assert told.startswith(label[:20])
    assert "EFS backup FAILED (MountFailed)" in told
    assert told.endswith(f"[{SETTINGS.stack_name}]")


def test_a_subject_without_a_place_keeps_its_beginning() -> None:
    """As one of a text that is cut already."""
    assert prefixed("web", "EFS backup succeeded") == "web: EFS backup succeeded"
    assert prefixed("web", "x" * 100).endswith("...")


def test_a_restore_of_the_stack_is_told_in_the_log_as_one() -> None:
    """And a drill."""
    drill = replace(GOOD, mode=Mode.DRILL, status=BackupStatus.SUCCESS)
    assert ended_line(drill, "efs-backup")["kind"] == "drill"
