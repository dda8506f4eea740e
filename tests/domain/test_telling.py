"""Who has to be told how a backup ended, and who has been."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.operations.telling import Channel, after_telling, due_channels
from efs_backup.domain.results import BackupStatus
from tests.domain.mails import CUT_OFF, GOOD, RUNNING, START

_SOON = START + timedelta(hours=4)
_ALL = (Channel.MAIL, Channel.EVENT, Channel.CHAT)


def test_nobody_is_told_of_what_runs_or_was_reported() -> None:
    """The first has no end, the second none who waits."""
    assert not due_channels(RUNNING, _SOON, success_too=True, chats=True)
    assert not due_channels(replace(GOOD, report_time=START), _SOON, success_too=True, chats=True)


def test_an_end_is_told_by_all_ways() -> None:
    """A success that nobody wants to be mailed goes onto the bus alone; a chat only where there is one."""
    assert due_channels(CUT_OFF, _SOON, success_too=False, chats=True) == _ALL
    assert due_channels(GOOD, _SOON, success_too=False, chats=True) == (Channel.EVENT,)
    assert due_channels(GOOD, _SOON, success_too=True, chats=False) == (Channel.MAIL, Channel.EVENT)


def test_what_is_a_day_old_is_no_news_but_for_a_mail() -> None:
    """A queue behind the bus would act upon it."""
    late = _SOON + timedelta(days=1)
    assert due_channels(CUT_OFF, late, success_too=True, chats=True) == (Channel.MAIL,)


@given(st.sets(st.sampled_from(_ALL)))
def test_only_those_who_were_not_reached_are_told_again(sent: set[Channel]) -> None:
    """A mail does not come twice because the bus was away; when all are told it is reported."""
    after = after_telling(CUT_OFF, _ALL, sent, _SOON)
    again = due_channels(after, _SOON, success_too=True, chats=True)
    assert set(again) == set(_ALL) - sent
    assert (after.report_time is not None) is (not again)
    assert after.report_claim is None
    done = after_telling(after, again, again, _SOON)
    assert (done.report_time, done.told) == (_SOON, None)
    assert done.status is BackupStatus.INCOMPLETE
