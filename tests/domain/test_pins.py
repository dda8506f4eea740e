"""Pins, notes and acts as they are written and read."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.snapshots.acts import Act
from efs_backup.domain.snapshots.pins import Pin, Said, text_of, until_of
from efs_backup.domain.snapshots.seal import Evidence, Seal, audit, digest, read_seal
from efs_backup.domain.snapshots.when import Reading
from tests.domain.strategies import times

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
_TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)
_SECONDS = times.map(lambda time: time.replace(microsecond=0))


@given(st.builds(Pin, _TEXTS, _TEXTS, _SECONDS, st.none() | _SECONDS))
def test_a_pin_is_read_as_it_was_written(pin: Pin) -> None:
    """Also its texts of any letters."""
    assert Pin.parse(pin.to_text().encode()) == pin


@given(st.builds(Said, _TEXTS, _TEXTS, _SECONDS))
def test_a_note_is_read_as_it_was_written(said: Said) -> None:
    """By whom and when, too."""
    assert Said.parse(said.to_text().encode()) == said


@given(st.binary() | st.sampled_from([b"[]", b"{}", b'{"format": 1}', b"[" * 9999]))
def test_what_is_no_pin_has_a_named_error(content: bytes) -> None:
    """Never another one, for the night must go on."""
    for kind in (Pin, Said):
        with pytest.raises(ValueError):  # noqa: PT011 - of any text
            kind.parse(content)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-11-22", "2026-11-22"), ("20261123", "2026-11-23"), ("2026-11-23T12:00+02:00", "2026-11-23T10:00:00Z"),
        ("2026-11-22T02:00:01Z", "2026-11-22T02:00:01Z"),
    ],
)  # fmt: skip
def test_a_pin_ends_with_its_day_or_at_its_time(text: str, told: str) -> None:
    """Whoever says a day means all of it."""
    pin = Pin("x", "root@host", NOW, until_of(text, Reading(NOW)))
    assert pin.until
    assert (pin.told_until(), pin.holds(NOW), pin.holds(pin.until)) == (told, True, True)
    assert not pin.holds(datetime(2026, 11, 24, tzinfo=UTC))


@pytest.mark.parametrize("text", ["2026-11-21", "2026-11-22T02:00:00Z", "soon", "", "9999-12-31"])
def test_an_end_that_has_passed_or_cannot_be_read_is_refused(text: str) -> None:
    """A pin that protects nothing is none."""
    with pytest.raises(WrongUsage):
        until_of(text, Reading(NOW))


@pytest.mark.parametrize("text", ["", "  ", "x" * 1001])
def test_a_reason_needs_letters(text: str) -> None:
    """And not a book."""
    with pytest.raises(WrongUsage, match="1 to 1,000 letters"):
        text_of(text, "reason")


def test_a_seal_without_acts_is_written_as_ever_and_those_of_before_are_read() -> None:
    """The chain goes on over older seals, in both directions."""
    older = Seal("web", "daily", "20261121T020000Z", NOW, None, None, (), (), None, None, "efs-backup 0.2.0")
    assert "acts" not in json.loads(older.text())
    acts = (Act("pin", "20261121T020000Z", "root@host", "2026-11-22T02:00:00Z", "the audit", "2027-01-31"),)
    newer = Seal(
        "web",
        "daily",
        "20261122T020000Z",
        NOW,
        None,
        None,
        (),
        (),
        older.snapshot,
        digest(older.text()),
        "x",
        acts=acts,
    )
    assert read_seal(newer.text()) == newer
    seals = {one.snapshot: one.text() for one in (older, newer)}
    assert audit(Evidence(seals, [*seals], {}, {})) == []


@pytest.mark.parametrize("acts", ["x", [5], [{}], [{"act": "pin"}], 5])
def test_a_seal_with_odd_acts_is_none(acts: object) -> None:
    """With a named error."""
    seal = Seal("web", "daily", "20261121T020000Z", NOW, None, None, (), (), None, None, "efs-backup 0.2.0")
    with pytest.raises(ValueError, match="it is no seal"):
        read_seal(json.dumps({**json.loads(seal.text()), "acts": acts}).encode())
