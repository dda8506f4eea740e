"""The report that the operator gets about a backup."""

import string
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any, get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.instances import not_launched
from efs_backup.domain.operations.record import IDENTIFYING, BackupId, BackupRecord
from efs_backup.domain.operations.report import (
    Report,
    anonymous,
    report_on,
    report_on_launch_failure,
    report_on_vanished,
)
from efs_backup.domain.operations.reports.around import Around
from efs_backup.domain.operations.reports.message import SUBJECT_LIMIT, first_sentence, subject, subject_of
from efs_backup.domain.operations.reports.times import Clock
from efs_backup.domain.operations.settings import OrchestratorSettings
from efs_backup.domain.results import BackupStatus, SealStatus
from tests.domain.environments import settings_of
from tests.domain.told import FULL, HOSTILE, SETTINGS, is_mail
from tests.support.records import ENDED, RUNNING, START, backups

NOW = START + timedelta(hours=26)


def told(backup: BackupRecord, newest: BackupRecord | None = None, settings: OrchestratorSettings = SETTINGS) -> Report:
    """The report of a backup after a success, or none."""
    return report_on(backup, Around(settings, Clock(NOW), newest=newest, newest_start=START))


FAILED = replace(
    FULL,
    status=BackupStatus.FAILED,
    failure_reason=FailureReason.MOUNT_FAILED,
    snapshot=None,
    message="There is no file system fs-0123456789abcdef0.",
    next_step="Check the stack's parameters.",
)

_UNTOUCHED = "All older snapshots are untouched; the newest on record is 20261122T020000Z, 26 h old."
_words = st.text(st.characters(codec="utf-8"), max_size=200)


def _is_subject(text: str) -> bool:
    return 0 < len(text) <= SUBJECT_LIMIT and set(text) <= {
        " ",
        *string.punctuation,
        *string.ascii_letters,
        *"0123456789",
    }


@given(st.text(min_size=1, max_size=300))
def test_any_text_becomes_a_subject_that_sns_takes(text: str) -> None:
    """At most 100 characters of printable ASCII, without a line break."""
    assert _is_subject(subject_of(text))


@given(backups, _words, _words)
def test_whatever_the_stack_is_called_its_reports_have_subjects(backup: BackupRecord, stack: str, source: str) -> None:
    """Settings are text of the operator's."""
    settings = settings_of(STACK_NAME=stack, SOURCE_FILE_SYSTEM=source)
    assert _is_subject(told(backup, None, settings).subject)
    assert _is_subject(report_on_vanished(backup.backup_id, settings).subject)


@pytest.mark.parametrize("length", [99, 100])
def test_a_subject_that_fits_stays_as_it_is(length: int) -> None:
    """100 characters fit."""
    assert subject_of("x" * length) == "x" * length


def test_of_a_long_reason_the_end_is_cut() -> None:
    """The event, and the stack that it happened in, are always there."""
    short = subject("EFS backup FAILED", "a reason " * 20, "nightly")
    assert short.startswith("EFS backup FAILED: a reason")
    assert short.endswith("... [nightly]")
    assert len(short) == SUBJECT_LIMIT
    assert subject("EFS backup FAILED", "why", "x" * 90) == subject_of(f"EFS backup FAILED [{'x' * 90}]")


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("", ""), ("It failed", "It failed"), ("Of 3.5 GB. Then\nmore.", "Of 3.5 GB"), ("One\nline.", "One line"),
    ],
)  # fmt: skip
def test_the_first_sentence_of_a_message_is_a_reason(text: str, first: str) -> None:
    """A dot in a number ends none."""
    assert first_sentence(text) == first


def test_a_subject_that_is_too_long_shows_that_it_goes_on() -> None:
    """By three dots at its end."""
    assert subject_of("x" * 101) == "x" * 97 + "..."


@pytest.mark.parametrize(
    ("status", "headline"),
    [
        (BackupStatus.SUCCESS, "EFS backup succeeded: 1,234,567 files, 89 copied, 90 min [nightly]"),
        (BackupStatus.INCOMPLETE, "EFS backup INCOMPLETE: It is said, 1,234,567 files done [nightly]"),
        (BackupStatus.FAILED, "EFS backup FAILED (MountFailed): It is said [nightly]"),
        (BackupStatus.UNKNOWN, "EFS backup ended UNKNOWN: It is said [nightly]"),
        (BackupStatus.SKIPPED, "EFS backup SKIPPED: It is said [nightly]"),
    ],
)
def test_a_subject_says_what_happened_where(status: BackupStatus, headline: str) -> None:
    """An operator knows from the list of mails whether to open one: what is wrong is in capitals."""
    reason = FailureReason.MOUNT_FAILED if status is BackupStatus.FAILED else None
    ended = replace(FULL, status=status, failure_reason=reason, message="It is said. And more of 3.5 GB.")
    assert told(ended).subject == headline


def test_a_text_answers_the_questions_in_their_order() -> None:
    """A report tells what happened, what is kept, what to do, how much, and where, in this order."""
    text = told(FAILED, FULL, SETTINGS).text
    titles = [line for line in text.splitlines() if line.endswith(":")]
    assert titles == [
        "What happened:", "What is kept:", "What happens next:", "What to do:", "Figures:", "Links:",
    ]  # fmt: skip
    assert text.startswith("EFS backup FAILED (MountFailed): There is no file system fs-0123456789abcdef0.\n")


def test_a_text_says_what_happened_and_what_to_do() -> None:
    """In the words of the record."""
    text = told(FAILED, None, SETTINGS).text
    assert "What happened:\nThere is no file system fs-0123456789abcdef0.\n" in text
    assert "What to do:\nCheck the stack's parameters.\n" in text


def test_a_success_needs_nothing_to_be_done() -> None:
    """And says so."""
    assert "What to do:\nNothing.\n" in told(FULL, FULL, SETTINGS).text


@pytest.mark.parametrize("status", ENDED)
def test_a_backup_without_a_message_is_told_by_its_status(status: BackupStatus) -> None:
    """The question is never left open."""
    text = told(replace(RUNNING, status=status), None, SETTINGS).text
    assert f"What happened:\nThe backup ended as {status}.\n" in text


@pytest.mark.parametrize(
    ("backup", "newest", "kept"),
    [
        (FULL, FULL, "The snapshot 20261122T020000Z, and those before it that the retention (7) keeps."),
        (FAILED, FULL, _UNTOUCHED),
        (FAILED, None, "All older snapshots are untouched; no successful backup is on record."),
        (
            replace(FAILED, status=BackupStatus.INCOMPLETE), FULL,
            f"{_UNTOUCHED} What was copied is kept too: the next backup continues from it.",
        ),
        (
            replace(FAILED, status=BackupStatus.SKIPPED), None,
            "All older snapshots are untouched; no successful backup is on record.",
        ),
    ],
)  # fmt: skip
def test_a_text_says_what_is_kept(backup: BackupRecord, newest: BackupRecord | None, kept: str) -> None:
    """Nobody has to fear for older snapshots."""
    assert f"What is kept:\n{kept}\n" in told(backup, newest, SETTINGS).text


def test_a_success_of_the_old_solution_is_told_by_its_time() -> None:
    """Its record names no snapshot."""
    newest = replace(FULL, snapshot=None)
    assert "the newest on record is that of Sun 22 Nov 2026 02:00 UTC, 26 h old." in told(FAILED, newest, SETTINGS).text


def test_the_figures_are_written_for_people() -> None:
    """With units, thousands, and by the operator's clock."""
    text = told(FULL).text
    figures = dict(line.strip().split("  ", 1) for line in text.split("Figures:\n")[1].split("\n\n")[0].splitlines())
    assert {name: value.strip() for name, value in figures.items()} == {
        "started": "Sun 22 Nov 2026 02:00 UTC",
        "ended": "Sun 22 Nov 2026 03:30 UTC",
        "took": "90 min",
        "window": "180 minutes",
        "files": "1,234,567",
        "copied": "89",
        "went meanwhile": "3",
        "size": "2.4 GB",
        "copied size": "1.5 MB",
        "source": "2.5 GB",
        "snapshots": "20.0 GB",
        "burst credits": "2.3 TB before, 2.2 TB after",
    }


def test_a_figure_of_nothing_is_left_out_unless_it_is_news() -> None:
    """Nothing copied is another news than nothing known; none that vanished, each night, is none."""
    text = told(replace(FULL, number_of_files_transferred=0, vanished_files=0, source_size=0)).text
    assert "  copied           0\n" in text
    assert "went meanwhile" not in text
    assert "0 bytes" not in text


@given(backups, st.none() | backups.map(lambda backup: replace(backup, status=BackupStatus.SUCCESS)))
def test_what_is_unknown_is_never_told_as_none(backup: BackupRecord, newest: BackupRecord | None) -> None:
    """A line without a value is left out."""
    known = replace(
        backup, message="It ended.", next_step=None, instance_id=None, logs=None, ami_id=None,
        snapshot=backup.snapshot and "known",
    )  # fmt: skip
    older = replace(newest, snapshot=newest.snapshot and "known") if newest else None
    assume("None" not in (known.drill_evidence or ""))  # a text that is known
    assert "None" not in told(known, older).text


def test_without_logs_of_its_own_a_backup_points_to_the_bucket() -> None:
    """There the output of Systems Manager may be."""
    places = told(RUNNING).text.split("Links:\n")[1]
    assert "s3://nightly-logs/\n" in places
    assert "snapshot" not in places


def test_a_record_that_is_gone_is_told_with_all_that_is_left() -> None:
    """Its id, its table, and where to look."""
    report = report_on_vanished("0badcafe", SETTINGS)
    assert report.subject == "EFS backup UNKNOWN: no record of 0badcafe [nightly]"
    assert all(place in report.text for place in ("nightly-records", "s3://nightly-logs", "fs-0fedcba9876543210"))
    assert "No snapshot is ever removed" in report.text


def test_a_backup_that_waits_for_its_instance_is_told_with_what_can_be_done() -> None:
    """In the words of the group; the operator may mend it before the window is over."""
    report = report_on_launch_failure(not_launched(RUNNING, START, "the key is disabled"), SETTINGS)
    assert "WAITS for an instance" in report.subject
    assert "the key is disabled" in report.text
    for word in ("capacity", "quota", "KMS key", "AMI", "All snapshots are untouched"):
        assert word in report.text


def test_a_second_instance_is_told_beside_the_first() -> None:
    """Each has left its logs."""
    text = told(replace(FULL, first_instance="i-0aaaaaaaaaaaaaaaa"), None, SETTINGS).text
    assert "i-0aaaaaaaaaaaaaaaa" in text
    assert "i-0123456789abcdef0" in text


def test_anonymous_figures_hold_the_figures() -> None:
    """Those that say how well backups do."""
    figures = anonymous(FULL)
    assert (figures["NumberOfFiles"], figures["BackupStatus"], figures["InstanceType"]) == (
        1_234_567, "Success", "c7g.xlarge",
    )  # fmt: skip


@given(backups)
def test_anonymous_figures_name_nothing_and_nobody(backup: BackupRecord) -> None:
    """No file system, prefix, label, message, instance, log or id of the backup."""
    texts: dict[str, Any] = {
        entry.name: BackupId("secret") for entry in fields(backup)
        if entry.metadata["identifying"] and {str, BackupId} & {entry.type, *get_args(entry.type)}
    }  # fmt: skip
    secret = replace(backup, **texts)
    assert {"source", "backup", "backup_prefix", "label", "message", "instance_id", "logs", "backup_id"} <= {*texts}
    assert "secret" not in str(anonymous(secret))
    assert not IDENTIFYING & set(anonymous(secret))


def test_only_texts_of_few_words_are_among_the_anonymous_figures() -> None:
    """A new text stays where it is, unless somebody says here that it names nothing: these are AWS's words or ours."""
    texts = {entry.metadata["name"] for entry in fields(BackupRecord) if str in (entry.type, *get_args(entry.type))}
    assert texts - IDENTIFYING == {
        "SnapshotName", "Hold", "Phase", "Warning", "RetentionRules", "InstanceType", "SourcePerformanceMode",
        "DestinationPerformanceMode",
    }  # fmt: skip


def test_a_mass_change_has_a_subject_of_its_own_and_says_how_to_decide() -> None:
    """At three in the morning the subject is what is read."""
    changed = replace(FULL, warning="MassChange", changed_share=0.6129, changed_files=7, hold="20261122T020000Z")
    report = told(changed, None, SETTINGS)
    assert report.subject.startswith("EFS backup MASS CHANGE: 61.2 % of the files changed or went, nothing older")
    assert "All that are older than 20261122T020000Z are held: none of them is dropped." in report.text
    assert "efs-backup stack release --reason WHY" in report.text
    reminder = told(replace(changed, warning="Held"), None, SETTINGS)
    assert "succeeded with a WARNING (Held)" in reminder.subject
    assert "release the hold" in reminder.text
    assert "Hold" in anonymous(changed), "the time of a snapshot names nobody"


def test_a_success_with_a_warning_says_so_in_its_headline() -> None:
    """Who reads subjects only must not take it for a night like any other."""
    report = told(replace(FULL, warning="LeftOut"), FULL, SETTINGS)
    assert "succeeded with a WARNING (LeftOut)" in report.subject
    assert "What to do:\nLook at what the warning names" in report.text


def test_a_failure_is_one_whatever_else_is_to_be_known() -> None:
    """Its headline has its reason; its warnings stand under what happened."""
    known = replace(FAILED, warning="Unreadable", message="It failed. Not copied: 'x'.", next_step="Mend it.")
    report = told(known, FULL)
    assert "WARNING" not in report.subject
    assert "What happened:\nIt failed. Not copied: 'x'." in report.text
    assert "What to do:\nMend it." in report.text
    cut_off = replace(known, status=BackupStatus.INCOMPLETE, failure_reason=None)
    assert "INCOMPLETE with a WARNING (Unreadable)" in told(cut_off, None, SETTINGS).subject


def test_names_in_a_report_are_shown_escaped() -> None:
    """Wherever they stand; the mail goes out."""
    report = told(replace(FAILED, message=f"Of {HOSTILE!r} and \udcfe.", snapshot=HOSTILE), None, SETTINGS)
    assert is_mail(report.text)
    assert "\\x1b[2J\\u202e" in report.text
    assert "\\xfe" in report.text
    assert report.text.count("\nWhat to do:\n") == 1


def test_a_message_of_any_length_is_sent_with_what_to_do() -> None:
    """Many long names do not make a mail that nobody takes."""
    message = ", ".join(repr("\udcff" * 4096) for _ in range(100))
    text = told(replace(FAILED, message=message, next_step="Look at this."), None, SETTINGS).text
    assert is_mail(text)
    assert "What to do:\nLook at this." in text


def test_the_digest_of_the_seal_is_told_with_what_it_is_for() -> None:
    """The mail is a place where nobody changes it; where it is stored outside stands beside the other places."""
    sealed = replace(FULL, seal="ab" * 32, seal_status=SealStatus.STORED, seal_address="s3://seals/seals/a.json")
    text = told(sealed, None, SETTINGS).text
    assert f"Seal:\n  SHA-256  {'ab' * 32}\nKeep this line" in text
    assert "s3://seals/seals/a.json" in text
    assert "Seal:" not in told(FULL, None, SETTINGS).text
    local = replace(sealed, seal_status=SealStatus.LOCAL)
    assert "s3://seals" not in told(local, None, SETTINGS).text


def test_nobody_else_is_told_the_digest_of_a_seal() -> None:
    """Anonymous figures have neither it nor the name of a bucket."""
    sealed = replace(FULL, seal="ab" * 32, seal_status=SealStatus.STORED, seal_address="s3://seals/seals/a.json")
    assert not {"SealSha256", "SealObject"} & set(anonymous(sealed))


def test_the_mail_leads_to_the_series_report() -> None:
    """By its address, and by a page of the console, which asks who one is."""
    known = replace(FULL, series_report="s3://logs/efs-backup-logs/a b.html")
    text = told(known, None, SETTINGS).text
    assert "s3://logs/efs-backup-logs/a b.html" in text
    assert "https://console.aws.amazon.com/s3/object/logs?prefix=efs-backup-logs%2Fa%20b.html" in text
    assert "report" not in told(FULL).text.split("Links:")[1]
