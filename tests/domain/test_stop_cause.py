"""Why a copy was stopped, as people are told."""

from dataclasses import replace
from datetime import timedelta

from efs_backup.domain.operations.record_endings import told_by_file_systems
from efs_backup.domain.operations.stop_cause import NOT_BY_US, to_be_stopped, why_stopped, why_taken_away
from efs_backup.domain.operations.triggers import StopBackup, read_trigger, window_event
from tests.domain.mails import RUNNING, START

_CLOSED = START + timedelta(minutes=165)
_WINDOW = "the window of 180 minutes closed"


def test_the_stop_rule_stops_for_the_window_and_a_person_for_a_reason() -> None:
    """An event without a reason before its time is neither; the rule's word counts whatever the clock says."""
    stop = StopBackup(RUNNING.backup_id)
    assert why_stopped(RUNNING, _CLOSED, stop) == _WINDOW
    assert why_stopped(RUNNING, START, replace(stop, reason="the source moves.")) == (
        "somebody has asked for it: the source moves"
    )
    assert why_stopped(RUNNING, START, stop) == "an event has asked for it before its window closed"
    of_rule = read_trigger(window_event(RUNNING.backup_id))
    assert isinstance(of_rule, StopBackup)
    assert why_stopped(RUNNING, START, of_rule) == _WINDOW


def test_an_instance_is_taken_away_for_what_is_on_record() -> None:
    """Else for the window; else the orchestrator has not done it, and nobody is told that it has."""
    assert why_taken_away(to_be_stopped(RUNNING, "a cause"), _CLOSED) == "a cause"
    assert why_taken_away(RUNNING, _CLOSED) == _WINDOW
    assert why_taken_away(RUNNING, START) == NOT_BY_US
    assert why_taken_away(None, START) == "the instance was taken away"


def test_the_first_cause_counts() -> None:
    """A later cause only finds the backup stopping."""
    assert to_be_stopped(to_be_stopped(RUNNING, "first"), "second").stop_cause == "first"


def test_no_path_of_an_instance_is_on_record() -> None:
    """A path is gone with its instance; the file system is not."""
    told = replace(RUNNING, message="'/run/a/source/home/x' is unreadable.", next_step="Look at /run/a/backup.")
    shown = told_by_file_systems(told, {"/run/a/source": "fs-1", "/run/a/backup": "fs-2"})
    assert (shown.message, shown.next_step) == ("'fs-1:/home/x' is unreadable.", "Look at fs-2:.")
    assert told_by_file_systems(RUNNING, {"/run/a": "fs-1"}) == RUNNING
