"""Each mail as it is sent: the texts in `mails/`, and what is so of all of them."""

import re

import pytest

from tests.domain.mails import MAILS, PLACE, text_of

_INSTANCE_PATH = re.compile(r"/(run|var|mnt|opt|tmp|root)/")


@pytest.mark.parametrize("name", MAILS)
def test_a_mail_reads_as_it_was_approved(name: str) -> None:
    """`python -m tests.domain.mails` writes the texts anew, to be read by a person."""
    assert text_of(MAILS[name]()) == (PLACE / f"{name}.txt").read_text()


def test_no_text_is_left_over() -> None:
    """One for each ending."""
    assert {path.stem for path in PLACE.glob("*.txt")} == set(MAILS)


@pytest.mark.parametrize("name", MAILS)
def test_a_mail_says_what_happened_what_is_kept_and_what_to_do(name: str) -> None:
    """And nothing that only the instance knows, nor figures of nothing."""
    report = MAILS[name]()
    titles = [title for title, _ in report.sections]
    assert titles[0] == "What happened"
    assert "What to do" in titles
    assert not _INSTANCE_PATH.search(report.text)
    assert "None" not in report.text
    assert "0 bytes" not in report.text
    assert set(report.attributes) == {"status", "severity", "label", "fileSystem"}
    assert len(report.subject) <= 100
