"""The journal of a restore: what is noted, and what passes for untouched."""

import stat
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.copying.comparison import Aspect, Difference, Facts, Kind
from efs_backup.domain.copying.quarantine import is_quarantine_of, target_of
from efs_backup.domain.copying.restore_journal import (
    Entry,
    Head,
    Word,
    Yardstick,
    entry_of,
    may_get_its_rights_back,
)

FILE = Facts(stat.S_IFREG | 0o644, 1, 1, 5, 1_000_000_007, 1)
DIRECTORY = Facts(stat.S_IFDIR | 0o755, 1, 1, 4096, 1, 2)
NAMES = st.binary(min_size=1).map(lambda raw: raw.replace(b"/", b"").decode(errors="surrogateescape") or "x")


@given(NAMES.filter(lambda name: name != ".."), st.sampled_from(Word))
def test_a_line_is_read_as_it_was_written(name: str, word: Word) -> None:
    """Whatever the bytes of the name are."""
    entry = Entry(word, name, FILE, DIRECTORY)
    assert Entry.parse(entry.to_line()) == entry
    assert entry.to_line().count("\n") == 1
    assert entry.to_line().isascii()


@pytest.mark.parametrize(
    "line",
    ["", "{}", "[]", "null", '["+"]', '["!","a",null,null]', '["+","../a",null,null]', '["+",1,null,null]',
     '["+","a",[1],null]', '["+","a",[1,2,3,4,5,"6"],null]', "[" * 100_000],
)  # fmt: skip
def test_what_is_no_line_is_refused(line: str) -> None:
    """With one error, whatever it is."""
    with pytest.raises(ValueError, match=r"."):
        Entry.parse(line)


def test_a_head_is_read_as_it_was_written() -> None:
    """And one of a later version, or of nobody's, is refused."""
    head = Head(
        "/t", 1, made_target=False, time_step_ns=1, owners=True, snapshot="s", label="l", interval="daily",
        mode="mirror", begun=datetime(2026, 11, 22, tzinfo=UTC),
    )  # fmt: skip
    assert Head.parse(head.to_line()) == head
    for torn in ("", "[]", "{}", '{"schema": 1}', head.to_line().replace('"schema": 1', '"schema": 2'),
                 head.to_line().replace('"/t"', '"t"')):  # fmt: skip
        with pytest.raises(ValueError, match=r"."):
            Head.parse(torn)


@pytest.mark.parametrize(
    ("difference", "word"),
    [
        (Difference("a", Kind.ADDED, new=FILE), Word.NEW),
        (Difference("a", Kind.REMOVED, old=FILE), Word.MOVED),
        (Difference("a/b", Kind.REMOVED, is_inside=True, old=FILE), None),
        (Difference("a", Kind.CHANGED, (Aspect.CONTENT,), old=FILE, new=FILE), Word.REPLACED),
        (Difference("a", Kind.CHANGED, (Aspect.TYPE,), is_directory=True, old=FILE, new=DIRECTORY), Word.REPLACED),
        (Difference("a", Kind.CHANGED, (Aspect.ATTRIBUTES,), is_directory=True, old=DIRECTORY, new=DIRECTORY),
         Word.RIGHTS),
    ],
)  # fmt: skip
def test_a_difference_has_its_word(difference: Difference, word: Word | None) -> None:
    """A name that goes with a directory above it has no word; an overlay moves nothing that only the target has."""
    entry = entry_of(difference, deletes=True)
    assert (entry.word if entry else None) is word
    if difference.kind is Kind.REMOVED:
        assert entry_of(difference, deletes=False) is None


@pytest.mark.parametrize(
    ("there", "ctime_ns", "is_untouched"),
    [
        (FILE, 100, True),
        (FILE, 101, False),
        (FILE._replace(size=6), 1, False),
        (FILE._replace(mtime_ns=2_000_000_000), 1, False),
        (FILE._replace(mtime_ns=1_000_000_001), 1, True),
        (FILE._replace(mode=stat.S_IFREG | 0o600), 1, False),
        (FILE._replace(uid=2), 1, False),
        (FILE._replace(mode=stat.S_IFLNK | 0o644), 1, False),
    ],
)
def test_what_is_untouched(there: Facts, ctime_ns: int, *, is_untouched: bool) -> None:
    """Type, size, mtime as the file system keeps it, mode, owner, and no change after the restore's end."""
    assert Yardstick(owners=True, time_step_ns=100, ended_ns=100).is_untouched(FILE, there, ctime_ns) is is_untouched


def test_a_name_of_several_may_have_been_touched_by_the_others() -> None:
    """Each that goes sets the ctime of those that stay."""
    assert Yardstick(owners=True, time_step_ns=1, ended_ns=1).is_untouched(FILE._replace(links=2), FILE, 2)


@pytest.mark.parametrize(("mode", "may"), [(0o755, True), (0o700, True), (0o500, True), (0o711, False), (0o777, False)])
def test_a_directory_gets_its_rights_back_from_those_of_the_restore(mode: int, *, may: bool) -> None:
    """Or from those in between; what somebody else has given it stays."""
    entry = Entry(Word.RIGHTS, "a", DIRECTORY, DIRECTORY._replace(mode=stat.S_IFDIR | 0o500))
    there = DIRECTORY._replace(mode=stat.S_IFDIR | mode)
    assert may_get_its_rights_back(entry, there, Yardstick(owners=True, time_step_ns=1)) is may


@pytest.mark.parametrize(
    ("quarantine", "target"),
    [
        ("/a/b.quarantine-20261122T020000Z", "/a/b"),
        ("/a/b.quarantine-20261122T020000Z-0aff", "/a/b"),
        ("/a/b/.quarantine-20261122T020000Z", "/a/b"),
        ("/.quarantine-20261122T020000Z", "/"),
        ("/a/b", None),
        ("/a/.efs-backup-restore", None),
    ],
)
def test_a_quarantine_tells_by_its_name_of_what_it_is(quarantine: str, target: str | None) -> None:
    """As far as that goes."""
    assert target_of(quarantine) == target
    if target and target != "/":
        assert is_quarantine_of(quarantine.rpartition("/")[2], target.rpartition("/")[2])
