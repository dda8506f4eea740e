"""Seals and their chain."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from efs_backup.domain.snapshots.acts import HOLD, RELEASE, Act
from efs_backup.domain.snapshots.changes import ChangeCounter, ChangeCounts
from efs_backup.domain.snapshots.seal import (
    ChangesFigures,
    Evidence,
    Finding,
    ManifestFigures,
    Seal,
    audit,
    digest,
    read_seal,
)
from efs_backup.domain.snapshots.tripwire import NightFigures

NAMES = [f"2026112{number}T020000Z" for number in range(5)]
AT = datetime(2026, 11, 22, 2, 41, 7, tzinfo=UTC)
_HELD = Act(HOLD, NAMES[0], "tripwire", AT.isoformat(), "60 % changed")


def _seal(number: int, before: bytes | None, dropped: tuple[str, ...] = ()) -> Seal:
    name = NAMES[number]
    return Seal(
        "efs-backup", "daily", name, AT, ManifestFigures(f"m{name}", 5, 4, 3, 2, 0),
        ChangesFigures(f"c{name}", NAMES[number - 1] if number else None, ChangeCounts(1, 2, 3, 4, 5)),
        tuple(NAMES[: number + 1]), dropped, NAMES[number - 1] if before else None, digest(before) if before else None,
        "efs-backup 0.2.0",
    )  # fmt: skip


def _chain() -> Evidence:
    seals = dict[str, bytes]()
    for number, name in enumerate(NAMES):
        before = seals[NAMES[number - 1]] if number else None
        seals[name] = _seal(number, before, (NAMES[0],) if number == 4 else ()).text()
    there = NAMES[1:]
    return Evidence(seals, there, {name: f"m{name}" for name in there}, {name: f"c{name}" for name in NAMES})


def _found(evidence: Evidence) -> list[tuple[Finding, str]]:
    return [(one.finding, one.snapshot) for one in audit(evidence)]


def test_a_seal_is_read_back_as_it_was_and_its_text_is_always_the_same() -> None:
    """Sorted, without blanks, on one line, so that `sha256sum` is all that is needed."""
    seal = _seal(1, b"before")
    assert read_seal(seal.text()) == seal
    assert read_seal(replace(seal, manifest=None, changes=None, is_late=True).text()).is_late
    assert seal.text() == json.dumps(json.loads(seal.text()), sort_keys=True, separators=(",", ":")).encode() + b"\n"


def test_a_seal_of_a_version_that_knew_no_hold_is_read_as_it_was_written() -> None:
    """Sealed bytes are compared as bytes; what is not known is not there."""
    value = json.loads(_seal(1, b"before").text())
    for name in ("files", "shares", "acts"):
        value.pop(name, None)
    old = read_seal(json.dumps(value).encode())
    assert (old.night, old.shares, old.acts) == (None, (), ())
    new = replace(old, night=NightFigures(10, 1, 2, 3, 4, "enc", 3), shares=(0.1, 0.25), acts=(_HELD,))
    assert read_seal(new.text()) == new


@pytest.mark.parametrize("pending", [False, True])
def test_a_hold_that_is_gone_without_a_release_is_found(pending: bool) -> None:
    """Also where no seal tells of it yet; one that was released is not missed."""
    last = replace(_seal(0, None), acts=() if pending else (_HELD,))
    evidence = Evidence({NAMES[0]: last.text()}, [], {}, {NAMES[0]: f"c{NAMES[0]}"}, [NAMES[0]], is_held=False)
    evidence = replace(evidence, acts=[_HELD] if pending else [])
    assert _found(evidence) == [(Finding.HOLD_MISSING, NAMES[0])]
    assert _found(replace(evidence, is_held=True)) == []
    released = replace(_HELD, act=RELEASE, at=(AT + timedelta(days=1)).isoformat())
    assert _found(replace(evidence, acts=[*evidence.acts, released])) == []


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_was_wrong_hides_no_release_and_no_missing_hold(days: int) -> None:
    """Whoever held or released may have been a day ahead: the order of seals, and of names, tells what was first."""
    released = replace(_HELD, act=RELEASE, at=(AT + timedelta(days=days)).isoformat())
    first = replace(_seal(0, None), acts=(_HELD,))
    second = replace(_seal(1, first.text()), acts=(released,))
    there = {NAMES[0]: first.text(), NAMES[1]: second.text()}
    changes = {name: f"c{name}" for name in there}
    evidence = Evidence(there, [], {}, changes, [*there], is_held=False)
    assert _found(evidence) == []
    again = replace(_HELD, snapshot=NAMES[2])
    assert _found(replace(evidence, acts=[again])) == [(Finding.HOLD_MISSING, NAMES[2])]
    assert _found(replace(evidence, acts=[again, replace(again, act=RELEASE)])) == []


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"label": 1}', b"\xff"])
def test_what_is_no_seal_is_refused(text: bytes) -> None:
    """Whatever it is."""
    with pytest.raises(ValueError, match="no seal"):
        read_seal(text)


def test_a_whole_chain_has_no_findings() -> None:
    """A snapshot that a rule has dropped is no finding, as long as a seal, or the list for the next one, says so."""
    evidence = _chain()
    assert audit(evidence) == []
    fewer = replace(evidence, snapshots=NAMES[2:], dropped=[NAMES[1]])
    assert audit(fewer) == []


def test_a_snapshot_that_is_gone_without_a_rule_is_named_with_the_last_seal_that_knew_it() -> None:
    """The seal of a later night had it in its list."""
    evidence = replace(_chain(), snapshots=[NAMES[1], NAMES[2], NAMES[4]])
    (found,) = audit(evidence)
    assert (found.finding, found.snapshot) == (Finding.SNAPSHOT_MISSING, NAMES[3])
    assert f"when {NAMES[4]} was sealed" in found.text


def test_an_edited_or_missing_manifest_is_found_while_its_snapshot_is_there() -> None:
    """That of a dropped snapshot went with it."""
    evidence = _chain()
    manifests = {**evidence.manifests, NAMES[1]: "other"}
    del manifests[NAMES[2]]
    assert _found(replace(evidence, manifests=manifests)) == [
        (Finding.MANIFEST_CHANGED, NAMES[1]), (Finding.MANIFEST_MISSING, NAMES[2]),
    ]  # fmt: skip


def test_changes_are_kept_for_ever() -> None:
    """Those of dropped snapshots too."""
    evidence = _chain()
    changes = {**evidence.changes, NAMES[1]: "other"}
    del changes[NAMES[0]]
    assert _found(replace(evidence, changes=changes)) == [
        (Finding.CHANGES_MISSING, NAMES[0]), (Finding.CHANGES_CHANGED, NAMES[1]),
    ]  # fmt: skip


@pytest.mark.parametrize(("number", "finding"), [(0, Finding.SEAL_MISSING), (2, Finding.SEAL_MISSING)])
def test_a_seal_that_is_gone_is_named_by_the_one_after_it(number: int, finding: Finding) -> None:
    """With the day on which it was still there; the newest is missed by those outside alone."""
    evidence = _chain()
    seals = {name: text for name, text in evidence.seals.items() if name != NAMES[number]}
    assert (finding, NAMES[number]) in _found(replace(evidence, seals=seals))
    newest = {name: text for name, text in evidence.seals.items() if name != NAMES[4]}
    outside = {**evidence.seals}
    without = replace(evidence, seals=newest, dropped=[NAMES[0]])
    assert (Finding.SEAL_MISSING, NAMES[4]) not in _found(without)
    assert (Finding.SNAPSHOT_UNSEALED, NAMES[4]) in _found(without)
    assert (Finding.SEAL_MISSING, NAMES[4]) in _found(replace(without, outside=outside))


def test_an_edited_seal_breaks_the_chain_behind_it() -> None:
    """The newest one can only be held against what is outside."""
    evidence = _chain()
    for number, expected in ((1, [(Finding.SEAL_CHANGED, NAMES[1])]), (4, [])):
        seal = read_seal(evidence.seals[NAMES[number]])
        edited = {**evidence.seals, NAMES[number]: replace(seal, program="another").text()}
        assert _found(replace(evidence, seals=edited)) == expected
        outside = _found(replace(evidence, seals=edited, outside=evidence.seals))
        assert (Finding.SEAL_CHANGED, NAMES[number]) in outside


def test_an_older_snapshot_that_was_sealed_later_is_no_finding() -> None:
    """As by a command that makes its manifest: the chain began with a younger one, and others still have no seal."""
    evidence = _chain()
    seals = {name: text for name, text in evidence.seals.items() if name > NAMES[2]}
    first = replace(_seal(3, None), dropped=(NAMES[0],))
    seals[NAMES[3]] = first.text()
    seals[NAMES[4]] = _seal(4, seals[NAMES[3]]).text()
    late = replace(_seal(1, None), sealed=AT + timedelta(days=9), is_late=True)
    there = replace(evidence, seals={NAMES[1]: late.text(), **seals}, manifests={name: f"m{name}" for name in NAMES})
    assert _found(there) == []
    assert _found(replace(there, seals={**there.seals, NAMES[1]: replace(late, is_late=False).text()})) == [
        (Finding.SNAPSHOT_UNSEALED, NAMES[2]), (Finding.CHAIN_BEGINS_ANEW, NAMES[3]),
    ]  # fmt: skip


def test_a_chain_that_begins_anew_is_said() -> None:
    """As where somebody has removed all that was before, and forged a first one."""
    evidence = _chain()
    forged = replace(_seal(2, None), dropped=(NAMES[0],)).text()
    assert (Finding.CHAIN_BEGINS_ANEW, NAMES[2]) in _found(
        replace(evidence, seals={**evidence.seals, NAMES[2]: forged})
    )


def test_a_seal_of_another_snapshot_is_none() -> None:
    """A copy of a seal under another name proves nothing."""
    evidence = _chain()
    seals = {**evidence.seals, NAMES[3]: evidence.seals[NAMES[2]]}
    assert (Finding.SEAL_UNREADABLE, NAMES[3]) in _found(replace(evidence, seals=seals))


def test_a_counter_finds_renames_and_new_contents() -> None:
    """A file gone in one place and found in another, with the same content, size and mtime, was renamed."""
    common = b"type=file mode=0644 uid=0 gid=0 time=1.000000000 size=3 sha256digest="
    lines = [
        b"- ./old " + common + b"aa inode=1", b"+ ./new " + common + b"aa inode=1",
        b"+ ./other " + common + b"bb inode=2",
        b"~ ./changed " + common + b"cc inode=3", b"< ./changed " + common + b"dd inode=4",
        b"~ ./chmod " + common.replace(b"0644", b"0600") + b"ee inode=5", b"< ./chmod " + common + b"ee inode=5",
        b"- ./directory type=dir mode=0755 uid=0 gid=0 time=1.000000000",
    ]  # fmt: skip
    counter = ChangeCounter()
    for line in lines:
        counter.add(line)
    assert [*counter.renames()] == [b"> ./old ./new"]
    assert counter.counts == ChangeCounts(added=2, removed=2, changed=2, renamed=1, rewritten=1)
