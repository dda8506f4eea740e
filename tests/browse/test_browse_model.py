"""The page's content, decided without a file system."""

import os
import random
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.browse.content import picture_type, preview, readable
from efs_backup.browse.differences import MOST_LINES, difference
from efs_backup.browse.gate import Gate
from efs_backup.browse.health import Facts, age, signs
from efs_backup.browse.links import Links
from efs_backup.browse.listing import Cursor, window_of
from efs_backup.browse.nights import Kept, nights
from efs_backup.browse.paths import key_of, path_of, shell_word, text_of
from efs_backup.browse.place import Place
from efs_backup.browse.restoring import target_of
from efs_backup.browse.strips import UNSEEN, Look, Square, squares, summary, versions
from efs_backup.browse.versions import restore_command
from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.hold import NO_HOLD
from efs_backup.domain.snapshots.names import FolderLabel, Interval, SnapshotName
from efs_backup.domain.snapshots.scrubbing import Damage, ScrubState
from tests.browse.nights import png

_FILE = 0o100644
_NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
_NAMES = st.lists(st.text("aäz \u4e00", min_size=1, max_size=4), unique=True, max_size=30)


def _look(inode: int, mtime: int = 0, size: int = 1, mode: int = _FILE) -> Look:
    return Look(inode, mode, 0, 0, size, mtime)


@given(st.binary(max_size=300))
def test_any_bytes_travel_in_an_address(raw: bytes) -> None:
    """As letters, digits, minus and underscore."""
    key = key_of(os.fsdecode(raw))
    assert os.fsencode(text_of(key)) == raw
    assert key.isascii()
    assert set(key) <= {*"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"}


@pytest.mark.parametrize("path", ["..", "a/..", "../a", "a/../b", "/etc/passwd", "a//b", ".", "a/.", "a/", "nul\0byte"])
def test_a_path_that_leads_elsewhere_is_none(path: str) -> None:
    """Whoever types addresses by hand stays below the snapshot."""
    with pytest.raises(WrongUsage):
        path_of(key_of(path))


@pytest.mark.parametrize("key", ["%%%", "a", "ä", "AAAA=AAAA", "a b"])
def test_a_torn_key_is_named(key: str) -> None:
    """And is no fault of the program."""
    with pytest.raises(WrongUsage):
        text_of(key)


@pytest.mark.parametrize(
    "raw", [b"plain", b"with 'quotes'", b"a\nb", b"\xff\xfe", b"$(reboot)", "\u202e".encode(), b"\\x'"]
)
def test_the_restore_command_means_the_very_name_in_a_shell(raw: bytes) -> None:
    """Whatever it is, and in letters that can be printed."""
    word = shell_word(os.fsdecode(raw))
    assert word.isprintable()
    said = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True)
    assert said.stdout == raw


def test_the_restore_command_means_no_pattern(tmp_path: Path) -> None:
    """A file that is called as one is brought alone."""
    place = Place(tmp_path, FolderLabel("home"), Interval.DAILY, datetime(2026, 11, 22, tzinfo=UTC))
    assert restore_command(place, "20261122T020000Z", "h/*").endswith(" --path 'h/[*]'")


def test_a_strip_says_where_a_file_changed_and_where_it_was_not() -> None:
    """The oldest night has nothing to be compared with."""
    looks = [_look(1), _look(1), _look(2, 5), None, _look(3, 5), UNSEEN, _look(3, 5)]
    same, changed, absent, unknown = Square.SAME, Square.CHANGED, Square.ABSENT, Square.UNKNOWN
    assert squares(looks) == [same, same, changed, absent, changed, unknown, same]
    assert summary(squares(looks)) == "in 5 of 7 nights, changed 2 times"
    assert squares([]) == []
    assert squares([UNSEEN, _look(1)]) == [unknown, same]


def test_a_file_that_got_another_inode_for_want_of_links_is_the_same() -> None:
    """With the same attributes; with another mtime, size or mode it is not."""
    assert squares([_look(1, 5), _look(2, 5)])[1] is Square.SAME
    assert squares([_look(1, 5), _look(2, 6)])[1] is Square.CHANGED
    assert squares([_look(1, 5), _look(2, 5, mode=0o100600)])[1] is Square.CHANGED


def test_a_version_knows_its_nights_and_when_it_went() -> None:
    """The newest first; one that came back counts anew."""
    looks = {"1": _look(1), "2": _look(1), "3": _look(2, 9), "4": None, "5": UNSEEN, "6": _look(2, 9)}
    found = versions(looks)
    assert [(one.number, one.nights, one.gone_in) for one in found] == [
        (3, ("6",), None), (2, ("3",), "4"), (1, ("2", "1"), None),
    ]  # fmt: skip


@given(_NAMES, st.integers(1, 7))
def test_pages_of_a_directory_have_each_name_once_forwards_and_backwards(names: list[str], size: int) -> None:
    """In order, whatever order the file system gives them in."""
    pages, cursor = list[list[str]](), Cursor()
    while page := window_of(names, cursor, size).names:
        pages.append(page)
        cursor = Cursor(after=page[-1])
    assert [name for page in pages for name in page] == sorted(names)
    for before, page in pairwise(pages):
        assert window_of(names, Cursor(before=page[0]), size).names == before


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (png(), "image/png"), (b"\xff\xd8\xff\xe0", "image/jpeg"), (b"GIF89a", "image/gif"),
        (b"RIFFxxxxWEBP", "image/webp"),
        (b"<svg xmlns=", None), (b"<html>", None), (b"RIFFxxxxAVI ", None), (b"BM", None), (b"", None),
    ],
)  # fmt: skip
def test_a_picture_is_one_by_its_first_bytes(head: bytes, kind: str | None) -> None:
    """SVG is none: it can hold a script."""
    assert picture_type(head) == kind


def test_a_preview_shows_text_and_only_what_is_text() -> None:
    """With what would steer a terminal, or turn the text round, to be seen."""
    assert preview(b"a\tb\r\n\x1b[31m\xe2\x80\xae", 13).text == "a       b\n\\x1b[31m\\u202e"
    assert preview(b"\xff\xfe", 2).kind == "none"
    assert preview(b"a\0b", 3).kind == "none"
    assert preview(b"", 0).kind == "empty"
    assert preview("ä".encode()[:1], 2).kind == "text"  # the letter was cut in two
    assert preview(b"\n" * 3000, 3000).is_cut
    assert preview(png(), 2**40).kind == "none"
    assert readable(["plain"]) == "plain"


def test_a_difference_is_that_of_two_texts() -> None:
    """And says what it is not."""
    lines = difference(b"a\nb\n", b"a\nc\n")
    assert not isinstance(lines, str)
    assert [(line.kind, line.text) for line in lines if line.kind in {"added", "removed"}] == [
        ("removed", "-b"), ("added", "+c"),
    ]  # fmt: skip
    assert "the same" in str(difference(b"a", b"a"))
    assert "no text" in str(difference(b"\xff", b"a"))
    assert "too many" in str(difference(b"\n" * (MOST_LINES + 1), b"a"))


def test_a_difference_takes_no_long_time_whatever_the_texts_are() -> None:
    """Lines in another order are the worst for it."""
    lines = [b"%d" % (number % 997) for number in range(MOST_LINES - 1)]
    mixed = random.Random(1).sample(lines, len(lines))  # noqa: S311 - the same each time
    began = time.process_time()
    difference(b"\n".join(lines), b"\n".join(mixed))
    assert time.process_time() - began < 2


def test_the_token_lets_in_once_and_the_session_stays() -> None:
    """Nothing else is known."""
    gate = Gate()
    assert gate.enter("") is None
    assert gate.enter("ä") is None
    session = gate.enter(gate.token)
    assert session
    assert gate.enter(gate.token) is None
    assert gate.knows(f"other=1; {gate.cookie}={session}")
    assert not gate.knows(f"{gate.cookie}=x")
    assert not gate.knows("\x00;;=")
    assert {"HttpOnly", "SameSite=Strict"} <= {*gate.set_cookie(session, "/").split("; ")}


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("127.0.0.1:8000", True), ("localhost:1", True), ("LOCALHOST", True), ("[::1]:80", True),
        ("evil.example", False), ("127.0.0.1.evil.example", False), ("", False), ("localhost@evil.example", False),
        ("[", False),
    ],
)  # fmt: skip
def test_another_name_for_this_machine_opens_nothing(host: str, is_ours: bool) -> None:
    """A name of somebody else's may lead here (DNS rebinding)."""
    assert Gate().is_ours(host) is is_ours


def test_addresses_keep_to_their_prefix() -> None:
    """And paths travel as keys."""
    links = Links("/backups").of("daily", "home")
    assert (
        links.to("tree", path="a b", night="", gone=1)
        == f"/backups/daily/{key_of('home')}/tree?path={key_of('a b')}&gone=1"
    )
    assert links.home == "/backups/"


@pytest.mark.parametrize("text", ["", "relative", "~/x", "a\0b", "./x"])
def test_a_restore_needs_an_absolute_directory(text: str) -> None:
    """The page's working directory is nothing that anybody sees."""
    with pytest.raises(WrongUsage):
        target_of(text)


def _record(day: int, **more: object) -> BackupRecord:
    start = _NOW - timedelta(days=day)
    known = BackupRecord(
        backup_id=BackupId(f"{day:08}"), status=BackupStatus.SUCCESS, start_time=start, window_minutes=0,
        interval=Interval.DAILY, retention=7, expires=_NOW, snapshot=str(SnapshotName.of(start)),
        stop_time=start + timedelta(minutes=30),
    )  # fmt: skip
    return replace(known, **more)  # type: ignore[arg-type]


def test_nights_are_snapshots_and_backups_that_made_none() -> None:
    """The newest first, with a bar that is as long as their new bytes."""
    records = [
        _record(1, total_transferred_file_size=500, warning="MassChange"), _record(2, total_transferred_file_size=1000),
        _record(3, snapshot=None, status=BackupStatus.FAILED, message="It is full."), _record(5, snapshot=None),
    ]  # fmt: skip
    names = [SnapshotName.of(_NOW - timedelta(days=day)) for day in (1, 2, 4)]
    found = nights(
        names, records[:3], Kept({names[0]: "pinned"}, {names[1]: "a note"}, frozenset(names[:1]), frozenset())
    )
    assert [(one.state, one.share, one.snapshot) for one in found] == [
        ("warn", 50, names[0]), ("good", 100, names[1]), ("bad", 0, None), ("good", 0, names[2]),
    ]  # fmt: skip
    assert found[0].is_pinned
    assert found[1].note == "a note"
    assert found[2].message == "It is full."


def _facts(**other: object) -> Facts:
    names = [SnapshotName.of(_NOW - timedelta(hours=9))]
    known: dict[str, object] = {
        "interval": Interval.DAILY, "now": _NOW, "snapshots": names, "proven": frozenset(map(str, names)),
        "records": [], "forecast": None, "window_seconds": None, "scrub": ScrubState(), "damaged": [],
        "hold": NO_HOLD, "pins": 0,
    }  # fmt: skip
    return Facts(**{**known, **other})  # type: ignore[arg-type]


def test_health_is_unknown_where_nothing_is_known_and_bad_where_it_is_bad() -> None:
    """Each matter for itself."""
    unknown = {one.name: one.state for one in signs(_facts())}
    assert unknown["Last success"] == unknown["Manifests"] == "good"
    assert {unknown[name] for name in ("Last backup", "Window", "Scrub", "Drill")} == {"unknown"}
    old = [SnapshotName.of(_NOW - timedelta(days=5))]
    damage = Damage(1, "home/a", ("x",), "", "", 1, _NOW)
    failed = _record(0, status=BackupStatus.FAILED, message="Full.", next_step="Free space.")
    bad = {one.name: one for one in signs(_facts(snapshots=old, damaged=[damage], records=[failed]))}
    assert {bad[name].state for name in ("Last success", "Damage", "Last backup")} == {"bad"}
    assert bad["Last success"].word == "5 days ago"
    assert bad["Last backup"].text == "Full. Free space."
    assert bad["Manifests"].state == "warn"


def test_ages_are_told_in_the_unit_that_suits() -> None:
    """Also those of a clock that jumped."""
    spans = [timedelta(seconds=-5), timedelta(minutes=5), timedelta(hours=1), timedelta(hours=47), timedelta(days=3)]
    assert [age(span) for span in spans] == ["0 minutes", "5 minutes", "1 hour", "47 hours", "3 days"]
